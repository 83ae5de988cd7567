#include "engine/runtime/exemplars.h"

#include <algorithm>

#include "engine/core/found.h"
#include "engine/core/limits.h"

namespace rollbook::runtime {

using core::Fixed;

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

}  // namespace

std::vector<std::optional<Fixed>> exemplar_limits(const core::Machine& machine) {
  std::vector<std::optional<Fixed>> limits(machine.metrics.size());
  for (const core::Criterion& criterion : machine.criteria) {
    if (!criterion.window.valid() || criterion.other.valid() || !is_ceiling(criterion)) continue;
    auto& limit = limits[machine.at(machine.at(criterion.window).series).metric.value];
    if (criterion.measure == core::Measure::quantile) {
      limit = std::min(limit.value_or(criterion.limit), criterion.limit);
    } else if (criterion.measure == core::Measure::ratio) {
      limit = Fixed{};  // what it counts is what breaches
    }
  }
  return limits;
}

void Exemplars::begin(const core::Machine& machine) {
  limits_ = exemplar_limits(machine);
  units_.clear();
  for (const core::Metric& metric : machine.metrics) {
    units_.push_back(metric.kind == core::MetricKind::histogram ? metric.unit : Fixed::from_int(1));
  }
}

void Exemplars::take(const Match& match, core::Exemplar exemplar, core::Pending& pending) {
  const auto& limit = limits_[match.metric.value];
  exemplar.value = Fixed{exemplar.value.nanos * units_[match.metric.value].nanos / Fixed::kScale};
  if (!limit || exemplar.value < *limit) return;
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

void ExemplarsOfPoint::hand_out(const Match& match, const PointBatch& batch, Exemplars& to,
                                core::Pending& pending) const {
  for (std::size_t i = first_; i < last_; ++i) {
    const PointExemplar& from = batch.exemplars[i];
    core::Exemplar exemplar;
    exemplar.value = from.value;
    exemplar.at = from.at;
    exemplar.trace = hex(from.trace);
    exemplar.topic = batch.topic;
    exemplar.partition = batch.partition;
    exemplar.offset = batch.points[from.point].offset;
    to.take(match, std::move(exemplar), pending);
  }
}

}  // namespace rollbook::runtime
