#include "engine/runtime/exemplars.h"

#include <algorithm>

#include "engine/core/found.h"
#include "engine/core/limits.h"

namespace rollbook::runtime {

using core::Fixed;
using Labels = std::vector<std::pair<std::string, std::string>>;

namespace {

std::string hex(const std::array<std::uint8_t, 16>& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::int64_t minute_of(core::Time time) {
  return std::chrono::floor<std::chrono::minutes>(time.time_since_epoch()).count();
}

// Of a stop: what is bad is above; of an expectation, what is good is below.
bool is_ceiling(const core::Criterion& criterion) {
  const bool acts =
      criterion.kind == core::CriterionKind::stop || criterion.kind == core::CriterionKind::pause;
  return core::says_greater(criterion.comparison) == acts;
}

const Labels::value_type* find_label(const Labels& labels, const std::string& name) {
  const auto found = std::find_if(labels.begin(), labels.end(),
                                  [&](const auto& label) { return label.first == name; });
  return found == labels.end() ? nullptr : &*found;
}

}  // namespace

std::vector<std::optional<Fixed>> exemplar_limits(const core::Machine& machine) {
  std::vector<std::optional<Fixed>> limits(machine.metrics.size());
  for (const core::Criterion& criterion : machine.criteria) {
    // What is to stay as it was is neither good nor bad.
    if (!criterion.window.valid() || criterion.test == core::Test::unchanged) continue;
    if (!is_ceiling(criterion)) continue;
    auto& limit = limits[machine.at(machine.at(criterion.window).series).metric.value];
    if (criterion.measure == core::Measure::ratio) {
      limit = Fixed{};  // what it counts is what breaches, whatever it is held against
    } else if (criterion.measure == core::Measure::quantile && !criterion.other.valid()) {
      limit = std::min(limit.value_or(criterion.limit), criterion.limit);
    }
  }
  return limits;
}

void Exemplars::begin(const core::Machine& machine) {
  limits_ = exemplar_limits(machine);
  units_.clear();
  by_.clear();
  for (const core::Metric& metric : machine.metrics) {
    auto& by = by_.emplace_back(metric.by);
    // Targets share one label; whose request it was is asked first.
    if (!machine.targets.empty() &&
        std::find(by.begin(), by.end(), machine.targets[0].label) == by.end()) {
      by.insert(by.begin(), machine.targets[0].label);
    }
    units_.push_back(metric.kind == core::MetricKind::histogram ? metric.unit : Fixed::from_int(1));
  }
}

Fixed Exemplars::in_unit(core::MetricIndex metric, Fixed value) const {
  return Fixed{value.nanos * units_[metric.value].nanos / Fixed::kScale};
}

bool Exemplars::breaches(core::MetricIndex metric, Fixed value) const {
  const auto& limit = limits_[metric.value];
  return limit && in_unit(metric, value) >= *limit;
}

Labels Exemplars::labels_of(core::MetricIndex metric, const SeriesName& series,
                            const PointExemplar& exemplar) const {
  Labels labels;
  std::size_t bytes = 0;
  const auto add = [&](const std::pair<std::string, std::string>& label) {
    const std::size_t more = label.first.size() + label.second.size();
    if (bytes + more > core::kLabelSetBytes) return;
    bytes += more;
    labels.push_back(label);
  };
  for (const std::string& name : by_[metric.value]) {
    const auto* const known = find_label(series.labels, name);
    if (known != nullptr) add(*known);
  }
  for (const auto& label : exemplar.labels) {
    if (find_label(labels, label.first) == nullptr) add(label);
  }
  return labels;
}

void Exemplars::take(const Match& match, core::Exemplar exemplar, core::Pending& pending) {
  if (!breaches(match.metric, exemplar.value)) return;
  exemplar.value = in_unit(match.metric, exemplar.value);
  exemplar.metric = match.metric;
  exemplar.arm = match.arm;
  auto& waiting = pending.observed.exemplars;
  const auto same = [&](const core::Exemplar& other) {
    return other.metric == exemplar.metric && other.arm == exemplar.arm;
  };
  // A metric that is kept for an arm and in all is fed twice.
  if (std::find(waiting.begin(), waiting.end(), exemplar) != waiting.end()) return;
  Budget& budget = budgets_[{exemplar.metric, exemplar.arm}];
  if (const std::int64_t minute = minute_of(exemplar.at); minute > budget.minute) {
    budget = {minute, 0};
  }
  if (budget.used < core::kExemplars) {
    ++budget.used;
    waiting.push_back(std::move(exemplar));
    return;
  }
  core::Exemplar* least = nullptr;
  for (core::Exemplar& other : waiting) {
    if (same(other) && (least == nullptr || other.value < least->value)) least = &other;
  }
  if (least != nullptr && least->value < exemplar.value) *least = std::move(exemplar);
}

void ExemplarsOfPoint::find(const MetricPoint& point) {
  const auto number = static_cast<std::uint32_t>(&point - batch_.points.data());
  const auto& all = batch_.exemplars;
  first_ = last_;
  while (first_ < all.size() && all[first_].point < number) ++first_;
  last_ = first_;
  while (last_ < all.size() && all[last_].point == number) ++last_;
}

void ExemplarsOfPoint::hand_out(const Match& match, const SeriesName& series, Exemplars& to,
                                core::Pending& pending) const {
  for (std::size_t i = first_; i < last_; ++i) {
    const PointExemplar& from = batch_.exemplars[i];
    if (!to.breaches(match.metric, from.value)) continue;
    const MetricPoint& point = batch_.points[from.point];
    core::Exemplar exemplar;
    exemplar.value = from.value;
    // One from the future would spend the budget of every minute up to its own.
    exemplar.at = std::min(from.at, point.end);
    exemplar.trace = hex(from.trace);
    exemplar.topic = batch_.topic;
    exemplar.partition = batch_.partition;
    exemplar.offset = point.offset;
    exemplar.labels = to.labels_of(match.metric, series, from);
    to.take(match, std::move(exemplar), pending);
  }
}

}  // namespace rollbook::runtime
