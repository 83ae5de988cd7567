#include "tools/power/recorded.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "adapters/wire/metric_decoder.h"
#include "engine/core/found.h"
#include "tools/power/rehearsal.h"

namespace rollbook::power {

using namespace rollbook::core;
using namespace std::chrono_literals;

namespace {

using runtime::MetricPoint;
using tools::give_up;
using tools::Outcome;

double number(Fixed value) { return static_cast<double>(value.nanos) * 1e-9; }

Outcome<std::string> read_text(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return give_up(fmt::format("{}: no such file", path));
  if (!std::filesystem::is_regular_file(path, error)) {
    return give_up(fmt::format("{}: not a file", path));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return give_up(fmt::format("{}: cannot be read, permission denied?", path));
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

// By rising time.
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

// ---- Load -----------------------------------------------------------------------------------

struct PeakAndTrough {
  double peak = 0, trough = 0;
};

PeakAndTrough extremes_of(const Tally& tally, const Came& came) {
  const auto rate = [](Fixed count, Duration time) {
    return static_cast<double>(count.nanos) / static_cast<double>(time.count());
  };
  const double mean = rate(came.total, std::max<Duration>(tally.span(), 1s));
  PeakAndTrough found{mean, mean};
  for (const auto& [slice, count] : came.slices) {
    if (!tally.is_whole(slice) || count.nanos <= 0) continue;
    found.peak = std::max(found.peak, rate(count, kSlice));
    found.trough = std::min(found.trough, rate(count, kSlice));
  }
  return found;
}

std::vector<Load> loads_of(const Machine& machine, const Tally& tally, MetricIndex requests) {
  const PeakAndTrough all = extremes_of(tally, tally.of(requests));
  std::vector<Load> loads{{"peak", all.peak}, {"trough", all.trough}};
  for (std::uint32_t i = 0; i < machine.targets.size(); ++i) {
    const Came& came = tally.of(Series{requests, Arm::total, TargetIndex{i}});
    const PeakAndTrough own = extremes_of(tally, came);
    loads[0].of_targets.push_back(own.peak);
    loads[1].of_targets.push_back(own.trough);
  }
  return loads;
}

// The median. Of requests, which come all the time: what is seldom may be told only when it came.
std::optional<Duration> every_of(const Came& came) {
  std::int64_t all = 0, passed = 0;
  for (const auto& [apart, times] : came.apart) all += times;
  for (const auto& [apart, times] : came.apart) {
    passed += times;
    if (2 * passed >= all) return apart;
  }
  return std::nullopt;
}

// What tells how many requests come: the first of them of which any were recorded.
std::optional<MetricIndex> requests_of(const Machine& machine, const Tally& tally) {
  for (const MetricIndex metric : counts_requests(machine)) {
    if (tally.of(metric).total.nanos > 0) return metric;
  }
  return std::nullopt;
}

// ---- Rates ----------------------------------------------------------------------------------

// As a share: what is told of chances needs some that are well.
constexpr double kAllBad = 0.9999;

void rate_of_ratio(const Criterion& criterion, const Machine& machine, const Tally& tally,
                   Recorded& recorded) {
  const double all = number(tally.of(machine.at(criterion.denominator).series).total);
  if (all <= 0) return;
  const double counted = number(tally.of(machine.at(criterion.window).series).total);
  const double bad = is_turned(criterion) ? all - counted : counted;
  recorded.rates[criterion.id] = std::min(kAllBad, rate_of(bad, all));
}

Recorded::Edges edges_of(const Came& came) {
  Recorded::Edges edges;  // of those that could be brought to one layout
  for (const std::int64_t count : came.buckets.buckets) {
    edges.requests += static_cast<double>(count);
  }
  if (edges.requests <= 0) return {};
  double above = edges.requests;
  edges.exponential = came.layout.grid.has_value();
  for (std::size_t i = 0; i < came.layout.bounds.size(); ++i) {
    const std::size_t at = i - came.buckets.first;  // below the first one it wraps beyond the last
    if (at < came.buckets.buckets.size()) above -= static_cast<double>(came.buckets.buckets[at]);
    edges.above.emplace_back(came.layout.bounds[i], above / edges.requests);
  }
  return edges;
}

// The share above the limit as the engine counts it. A plain criterion divides the bucket that the
// limit lies in; a test takes for bad what decides it: a stop what lies above for certain, a review
// what may lie there (docs/judging.md, 1).
double above_limit(const Criterion& criterion, const Recorded::Edges& edges) {
  if (criterion.test == Test::none) {
    return Latency::recorded(edges.above).above(number(criterion.limit));
  }
  const auto next =
      std::lower_bound(edges.above.begin(), edges.above.end(), criterion.limit,
                       [](const auto& edge, Fixed limit) { return edge.first < limit; });
  const bool on_edge = next != edges.above.end() && next->first == criterion.limit;
  if (on_edge || criterion.kind != CriterionKind::expect) {
    return next == edges.above.end() ? 0 : next->second;
  }
  return next == edges.above.begin() ? 1 : std::prev(next)->second;
}

void rate_of_quantile(const Criterion& criterion, const Came& came, Recorded& recorded) {
  Recorded::Edges edges = edges_of(came);
  if (edges.above.empty()) return;
  if (!criterion.other.valid()) {
    const double bad = above_limit(criterion, edges) * edges.requests;
    recorded.rates[criterion.id] = std::min(kAllBad, rate_of(bad, edges.requests));
  }
  recorded.edges[criterion.id] = std::move(edges);
}

// How many come a request, whatever is counted; of what must not come too often as of bad ones.
void rate_of_count(const Criterion& criterion, const Machine& machine, const Tally& tally,
                   MetricIndex requests, Recorded& recorded) {
  const Series& counts = machine.at(machine.at(criterion.window).series);
  const bool ratio = criterion.measure == Measure::ratio;
  const double all = number(ratio ? tally.of(machine.at(criterion.denominator).series).total
                                  : tally.of({requests, Arm::total, counts.target}).total);
  if (all <= 0) return;
  const double counted = number(tally.of(counts).total);
  const bool bad = sickness_of(criterion) == Sickness::level && !is_turned(criterion);
  if (bad) recorded.rates[criterion.id] = rate_of(counted, all);
  if (!bad && counted > 0) recorded.rates[criterion.id] = counted / all;
}

// Beyond its limit lies what a stop would act on, or what an expect would not let pass.
void level_of_gauge(const Criterion& criterion, const Came& came, Recorded& recorded) {
  if (came.levels.empty()) return;
  Level level{HUGE_VAL, -HUGE_VAL, came.levels.size(), 0};
  for (const auto& [slice, range] : came.levels) {
    const Fixed worst = is_turned(criterion) ? range.least : range.greatest;
    const bool says = holds(worst.nanos, criterion.comparison, criterion.limit.nanos);
    if (says != (criterion.kind == CriterionKind::expect)) ++level.beyond;
    level.least = std::min(level.least, number(range.least));
    level.greatest = std::max(level.greatest, number(range.greatest));
  }
  recorded.levels[criterion.id] = level;
}

void rates_of(const Criterion& criterion, const Machine& machine, const Tally& tally,
              MetricIndex requests, Recorded& recorded) {
  if (!criterion.window.valid()) return;
  const bool gauge = criterion.measure == Measure::gauge || criterion.measure == Measure::bracket;
  if (gauge && !criterion.other.valid()) {
    return level_of_gauge(criterion, tally.of(machine.at(criterion.window).series), recorded);
  }
  switch (sickness_of(criterion)) {
    case Sickness::failing:
      if (criterion.measure == Measure::ratio) rate_of_ratio(criterion, machine, tally, recorded);
      if (criterion.measure != Measure::quantile) return;
      [[fallthrough]];
    case Sickness::slower:
      return rate_of_quantile(criterion, tally.of(machine.at(criterion.window).series), recorded);
    case Sickness::changed:
    case Sickness::level:
      if (takes_rate(criterion)) rate_of_count(criterion, machine, tally, requests, recorded);
      return;
    case Sickness::diverted:
      return;
  }
}

std::string wanted_names(const Machine& machine) {
  std::set<std::string> names;
  for (const MetricIndex metric : counts_requests(machine)) {
    names.insert("`" + machine.at(metric).selector + "`");
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

double rate_of(double bad, double requests) { return std::max(bad, 3.0) / std::max(requests, 4.0); }

void take(const Recorded& recorded, const Machine& machine, Settings& settings) {
  for (const auto& [id, rate] : recorded.rates) settings.healthy_rates.emplace(id, rate);
  settings.levels = recorded.levels;
  for (const Criterion& criterion : machine.criteria) {
    const auto edges = recorded.edges.find(criterion.id);
    if (edges == recorded.edges.end()) continue;
    if (sickness_of(criterion) != Sickness::slower) continue;
    settings.latencies.emplace(criterion.id, Latency::recorded(edges->second.above));
  }
}

Outcome<Recorded> recorded_of(const Machine& machine, const Tally& tally) {
  if (const auto requests = requests_of(machine, tally)) {
    Recorded recorded;
    recorded.span = tally.span();
    recorded.points = tally.points();
    recorded.loads = loads_of(machine, tally, *requests);
    recorded.every = every_of(tally.of(*requests));
    for (const Criterion& criterion : machine.criteria) {
      if (is_told(criterion)) rates_of(criterion, machine, tally, *requests, recorded);
    }
    return recorded;
  }
  const std::string names = wanted_names(machine);
  if (names.empty()) {
    return give_up(
        "no criterion of this runbook judges a share of requests or a quantile, so "
        "nothing that was recorded tells how many come");
  }
  return give_up(fmt::format(
      "no requests that a criterion of this runbook counts were recorded there: it asks for {}{}",
      names, machine.arms ? fmt::format(" with the label `{}`", machine.arms->label) : ""));
}

Outcome<Recorded> read_recorded(const Machine& machine, const std::string& path) {
  TRY(const std::string text, read_text(path));
  TRY(const runtime::PointBatch batch, decode(path, text));
  Tally tally(machine, {batch.points.front().end, kDistantFuture});
  tally.take(batch);
  auto recorded = recorded_of(machine, tally);
  if (!recorded) return give_up(path + ": " + recorded.error().message, recorded.error().exit);
  return recorded;
}

}  // namespace rollbook::power
