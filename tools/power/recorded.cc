#include "tools/power/recorded.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "adapters/wire/metric_decoder.h"
#include "adapters/wire/text.h"
#include "engine/core/found.h"
#include "engine/runtime/selector.h"
#include "tools/power/rehearsal.h"

namespace rollbook::power {

using namespace rollbook::core;
using namespace std::chrono_literals;

namespace {

using runtime::MetricPoint;
using runtime::PointKind;
using tools::give_up;
using tools::Outcome;

// Load is told by the busiest and the quietest of these.
constexpr Duration kSlice = 5min;
// A proposed limit may be broken so often by a rollout of the service as it was recorded.
constexpr double kFalseAlarms = 0.01;

// What came of one metric, all arms together.
struct Came {
  std::map<Duration, Int128> slices;  // counters by time since the begin; in 10⁻⁹
  Int128 total = 0;
  std::vector<Fixed> edges;           // histograms: the layout of the first point
  std::vector<std::int64_t> buckets;  // on it
};

class Tally {
 public:
  explicit Tally(const Machine& machine)
      : machine_(machine), selector_(machine), came_(machine.metrics.size()) {}

  void learn(const runtime::PointBatch& batch) {
    for (const runtime::SeriesName& name : batch.new_series) {
      std::set<MetricIndex> metrics;
      for (const runtime::Match& match : selector_.match(name)) metrics.insert(match.metric);
      feeds_.emplace_back(metrics.begin(), metrics.end());
    }
    last_.resize(feeds_.size());
    buckets_.resize(feeds_.size());
  }

  void take(const runtime::PointBatch& batch, const MetricPoint& point, Time begin) {
    const bool histogram =
        point.kind == PointKind::histogram || point.kind == PointKind::histogram_delta;
    if (histogram) return take_buckets(batch, point);
    if (point.kind != PointKind::counter && point.kind != PointKind::counter_delta) return;
    Int128 more = point.value.nanos;
    if (point.kind == PointKind::counter) {
      auto& last = last_[point.series.value];
      const std::optional<Int128> before = std::exchange(last, point.value.nanos);
      if (!before) return;  // the first one is only the base
      if (more >= *before) more -= *before;
    }
    for (const MetricIndex metric : feeds_[point.series.value]) {
      Came& came = came_[metric.value];
      came.total += more;
      came.slices[(point.end - begin) / kSlice * kSlice] += more;
    }
  }

  const Came& of(MetricIndex metric) const { return came_[metric.value]; }

 private:
  void take_buckets(const runtime::PointBatch& batch, const MetricPoint& point) {
    const std::vector<Fixed>& bounds = batch.new_layouts[point.layout.value];
    const auto from = batch.buckets.begin() + static_cast<std::ptrdiff_t>(point.first_bucket);
    std::vector<std::int64_t> more(from, from + static_cast<std::ptrdiff_t>(bounds.size() + 1));
    if (point.kind == PointKind::histogram) {
      const std::vector<std::int64_t> before = std::exchange(buckets_[point.series.value], more);
      if (before.empty()) return;
      const bool goes_on =
          before.size() == more.size() && std::equal(more.begin(), more.end(), before.begin(),
                                                     [](auto now, auto was) { return now >= was; });
      for (std::size_t i = 0; goes_on && i < more.size(); ++i) more[i] -= before[i];
    }
    for (const MetricIndex metric : feeds_[point.series.value]) {
      Came& came = came_[metric.value];
      if (came.buckets.empty()) {
        for (const Fixed bound : bounds) {
          came.edges.push_back(Fixed{bound.nanos * machine_.at(metric).unit.nanos / Fixed::kScale});
        }
        came.buckets.resize(more.size());
      }
      if (came.buckets.size() != more.size()) continue;  // of another layout
      for (std::size_t i = 0; i < more.size(); ++i) came.buckets[i] += more[i];
    }
  }

  const Machine& machine_;
  runtime::Selector selector_;
  std::vector<Came> came_;
  std::vector<std::vector<MetricIndex>> feeds_;  // by series
  std::vector<std::optional<Int128>> last_;
  std::vector<std::vector<std::int64_t>> buckets_;
};

MetricIndex metric_of(const Machine& machine, WindowIndex window) {
  return machine.at(machine.at(window).series).metric;
}

Outcome<std::string> read_text(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return give_up(fmt::format("{}: no such file", path));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return give_up(fmt::format("{}: cannot be read, permission denied?", path));
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

Outcome<runtime::PointBatch> decode(const std::string& path, const std::string& text) {
  adapters::MetricDecoder decoder;
  runtime::PointBatch all;
  std::int64_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    std::vector<adapters::DeadLetter> letters;
    const std::size_t before = all.points.size();
    decoder.decode({"metrics", 0, number, kDistantPast, "", line}, all, letters);
    if (!letters.empty()) {
      return give_up(fmt::format("{}: line {}: {}", path, number, letters.front().reason));
    }
    for (std::size_t i = before; i < all.points.size(); ++i) {
      if (all.points[i].end != kDistantPast) continue;
      return give_up(fmt::format("{}: line {}: a recorded metric needs its `time`", path, number));
    }
  }
  if (all.points.empty()) return give_up(fmt::format("{}: no metrics were recorded there", path));
  std::stable_sort(all.points.begin(), all.points.end(),
                   [](const MetricPoint& a, const MetricPoint& b) { return a.end < b.end; });
  return all;
}

// The requests that the first ratio of split metrics is made of.
std::vector<Load> loads_of(const Machine& machine, const Tally& tally, Duration span) {
  for (const Criterion& criterion : machine.criteria) {
    if (criterion.measure != Measure::ratio) continue;
    const MetricIndex metric = metric_of(machine, criterion.denominator);
    const Came& came = tally.of(metric);
    if (machine.at(metric).unsplit || came.total <= 0) continue;
    const auto rate = [](Int128 count, Duration time) {
      return static_cast<double>(count) / static_cast<double>(time.count());
    };
    const double mean = rate(came.total, std::max<Duration>(span, 1s));
    double most = mean, least = mean;
    for (const auto& [from, count] : came.slices) {
      // The first one has no base in it, the last one is cut.
      if (from == Duration{} || from + kSlice > span) continue;
      most = std::max(most, rate(count, kSlice));
      if (count > 0) least = std::min(least, rate(count, kSlice));
    }
    return {{"peak", most}, {"trough", least}};
  }
  return {};
}

// Where none was bad there may be as many as would show one in twenty such recordings.
double rate_of(double bad, double all) { return std::max(bad, 3.0) / std::max(all, 4.0); }

void rates_of(const Criterion& criterion, const Machine& machine, const Tally& tally,
              Recorded& recorded) {
  if (criterion.test == Test::unchanged) return;
  if (criterion.other.valid() && criterion.measure != Measure::ratio) return;
  const Came& top =
      criterion.window.valid() ? tally.of(metric_of(machine, criterion.window)) : Came{};
  if (criterion.measure == Measure::ratio) {
    const double all =
        static_cast<double>(tally.of(metric_of(machine, criterion.denominator)).total) * 1e-9;
    if (all <= 0) return;
    const double counted = static_cast<double>(top.total) * 1e-9;
    const double bad = is_turned(criterion) ? all - counted : counted;
    const double rate = rate_of(bad, all);
    if (rate < 1) recorded.rates[criterion.id] = rate;
    return;
  }
  if (criterion.measure != Measure::quantile || top.buckets.empty()) return;
  double all = 0, above = 0;
  for (const std::int64_t count : top.buckets) all += static_cast<double>(count);
  if (all <= 0) return;
  above = all;
  auto& edges = recorded.above[criterion.id];
  for (std::size_t i = 0; i < top.edges.size(); ++i) {
    above -= static_cast<double>(top.buckets[i]);
    edges.emplace_back(top.edges[i], rate_of(above, all));
    // The edge at the limit or the first above it: what lies inside a bucket is not known.
    if (top.edges[i] >= criterion.limit && !recorded.rates.contains(criterion.id)) {
      recorded.rates[criterion.id] = rate_of(above, all);
    }
  }
}

// The chance of a false alarm with that limit, or with that rate, at the worst load.
double alarm_with(const Machine& machine, CriterionIndex index, const Recorded& recorded,
                  double rate) {
  Settings settings;
  settings.healthy_rates[machine.at(index).id] = rate;
  const auto study = Study::of(machine, recorded.loads, settings);
  if (!study) return 1;
  double worst = 0;
  for (const CriterionReport& each : study->criteria()) {
    if (each.index != index) continue;
    for (const Load& load : recorded.loads) {
      const Chance chance = study->alarm_of(each, load);
      worst = std::max(worst, chance.how == How::promised ? 0 : chance.most);
    }
  }
  return worst;
}

// Limits as people write them, rising from `rate` on.
std::vector<Int128> round_limits(double rate) {
  std::vector<Int128> limits;
  for (Int128 unit = 10'000; unit < Fixed::kScale; unit *= 10) {
    for (const int tenths : {10, 12, 15, 20, 25, 30, 40, 50, 60, 80}) {
      const Int128 limit = unit * tenths / 10;
      if (limit<Fixed::kScale&& static_cast<double>(limit) * 1e-9> rate) {
        limits.push_back(limit);
      }
    }
  }
  return limits;
}

Proposal propose_limit(Machine machine, CriterionIndex index, const Recorded& recorded) {
  Criterion& criterion = machine.criteria[index.value];
  Proposal proposal{criterion.id, criterion.text, recorded.rates.at(criterion.id), "", 0};
  const bool turned = is_turned(criterion);
  for (const Int128 limit : round_limits(proposal.recorded)) {
    // A test keeps its promise up to the limit itself; half of it is room for a worse day.
    if (criterion.test != Test::none && static_cast<double>(limit) < 2e9 * proposal.recorded) {
      continue;
    }
    criterion.limit = Fixed{turned ? Fixed::kScale - limit : limit};
    proposal.false_alarm = alarm_with(machine, index, recorded, proposal.recorded);
    if (proposal.false_alarm > kFalseAlarms) continue;
    proposal.limit = adapters::format_percent(criterion.limit);
    break;
  }
  return proposal;
}

Proposal propose_edge(const Machine& machine, CriterionIndex index, const Recorded& recorded) {
  const Criterion& criterion = machine.at(index);
  Proposal proposal{criterion.id, criterion.text, recorded.rates.at(criterion.id), "", 0};
  for (const auto& [edge, above] : recorded.above.at(criterion.id)) {
    const double room = criterion.test == Test::none ? 1 : 2;
    if (above >= 1 || above * room > allowed_share(criterion)) continue;
    proposal.false_alarm = alarm_with(machine, index, recorded, above);
    if (proposal.false_alarm > kFalseAlarms) continue;
    proposal.limit = adapters::format_duration(Duration(static_cast<std::int64_t>(edge.nanos)));
    break;
  }
  return proposal;
}

}  // namespace

Outcome<Recorded> read_recorded(const Machine& machine, const std::string& path) {
  auto text = read_text(path);
  if (!text) return tl::make_unexpected(text.error());
  const auto batch = decode(path, *text);
  if (!batch) return tl::make_unexpected(batch.error());
  Tally tally(machine);
  tally.learn(*batch);
  const Time begin = batch->points.front().end;
  for (const MetricPoint& point : batch->points) tally.take(*batch, point, begin);
  Recorded recorded;
  recorded.span = batch->points.back().end - begin;
  recorded.loads = loads_of(machine, tally, recorded.span);
  for (const Criterion& criterion : machine.criteria) {
    rates_of(criterion, machine, tally, recorded);
  }
  if (recorded.loads.empty()) {
    return give_up(
        fmt::format("{}: no requests of a ratio of this runbook were recorded there; "
                    "`rollbook doctor --metrics {}` says what was",
                    path, path));
  }
  return recorded;
}

std::vector<Proposal> propose(const Machine& machine, const Recorded& recorded,
                              const Study& study) {
  std::vector<Proposal> all;
  for (const CriterionReport& each : study.criteria()) {
    if (!each.uncovered.empty() || !recorded.rates.contains(each.id)) continue;
    if (machine.at(each.index).other.valid()) continue;  // it has no limit
    all.push_back(machine.at(each.index).measure == Measure::quantile
                      ? propose_edge(machine, each.index, recorded)
                      : propose_limit(machine, each.index, recorded));
  }
  return all;
}

}  // namespace rollbook::power
