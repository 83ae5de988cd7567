#include "tools/power/tally.h"

#include <algorithm>

#include "engine/core/exponential.h"
#include "engine/core/limits.h"
#include "engine/runtime/fold.h"
#include "tools/power/load.h"

namespace rollbook::power {

using namespace rollbook::core;
using namespace std::chrono_literals;
using runtime::Increment;

namespace {

TargetIndex target_of(const Machine& machine, const runtime::SeriesName& name) {
  for (std::uint32_t i = 0; i < machine.targets.size(); ++i) {
    const std::pair<std::string, std::string> own{machine.targets[i].label,
                                                  machine.targets[i].value};
    if (std::find(name.labels.begin(), name.labels.end(), own) != name.labels.end()) {
      return TargetIndex{i};
    }
  }
  return {};
}

std::vector<Fixed> scaled(const std::vector<Fixed>& bounds, Fixed unit) {
  std::vector<Fixed> result;
  for (const Fixed bound : bounds) {
    result.push_back(Fixed{bound.nanos * unit.nanos / Fixed::kScale});
  }
  return result;
}

bool is_coarser(const std::vector<Fixed>& coarse, const std::vector<Fixed>& fine) {
  return std::includes(fine.begin(), fine.end(), coarse.begin(), coarse.end());
}

// Of two layouts the coarser is kept, as the engine does. False: they cannot be brought together.
bool put_explicit(const std::vector<Fixed>& bounds, Cell cell, Came& came) {
  std::vector<Fixed>& kept = came.layout.bounds;
  if (came.layout.grid || bounds.empty()) return false;
  if (kept.empty()) kept = bounds;
  if (bounds != kept) {
    if (is_coarser(kept, bounds)) {
      remap(bucket_map(bounds, kept), cell);
    } else if (is_coarser(bounds, kept)) {
      remap(bucket_map(kept, bounds), came.buckets);
      kept = bounds;
    } else {
      return false;
    }
  }
  add_buckets(came.buckets, cell, 1);
  return true;
}

bool put_exponential(const Exponential& histogram, Fixed unit, Came& came) {
  if (!came.layout.bounds.empty() && !came.layout.grid) return false;
  if (!came.layout.grid ||
      !runtime::covers(*came.layout.grid, came.layout.bounds.size(), histogram)) {
    Layout wide = grid_for(histogram, unit, came.layout);
    if (came.layout.grid && wide.bounds != came.layout.bounds) {
      remap(bucket_map(came.layout.bounds, wide.bounds), came.buckets);
    }
    came.layout = std::move(wide);
  }
  add_buckets(came.buckets, on_grid(histogram, *came.layout.grid, came.layout.bounds.size()), 1);
  return true;
}

std::int64_t slice_of(Time end) { return (end.time_since_epoch() - Duration(1)) / kSlice; }

bool is_of_kind(MetricKind kind, const Increment& increment) {
  const bool histogram = increment.buckets != nullptr || increment.exponential != nullptr;
  if (kind == MetricKind::histogram) return histogram;
  return kind == MetricKind::counter && !histogram && !increment.gauge &&
         increment.value.nanos >= 0;
}

}  // namespace

Tally::Tally(const Machine& machine, Watched watched)
    : machine_(machine),
      watched_(watched),
      selector_(machine),
      came_(machine.metrics.size(), std::vector<Came>(1 + machine.targets.size())),
      named_(machine.metrics.size()) {}

const Came& Tally::of(const Series& series) const {
  return came_[series.metric.value][series.target.valid() ? series.target.value + 1 : 0];
}

bool Tally::is_whole(std::int64_t slice) const {
  return Time(slice * kSlice) >= first_ && Time((slice + 1) * kSlice) <= last_;
}

void Tally::learn(const runtime::SeriesName& name) {
  if (feeds_.size() <= name.number.value) {
    feeds_.resize(name.number.value + 1);
    heard_.resize(name.number.value + 1, kDistantPast);
  }
  std::vector<Feed>& feeds = feeds_[name.number.value];
  for (const runtime::Match& match : selector_.match(name)) {
    const auto same = [&](const Feed& feed) { return feed.metric == match.metric; };
    if (std::any_of(feeds.begin(), feeds.end(), same)) continue;
    feeds.push_back({match.metric, target_of(machine_, name)});
  }
}

void Tally::take(const runtime::PointBatch& batch) {
  table_.learn(batch);
  for (const runtime::SeriesName& name : batch.new_series) learn(name);
  for (const runtime::MetricPoint& point : batch.points) {
    const std::vector<Feed>& feeds = feeds_[point.series.value];
    if (feeds.empty() || point.end > watched_.until) continue;
    const auto count_it = [&](const runtime::Increment& increment) {
      if (point.end < watched_.since) return;
      for (const Feed& feed : feeds) count(increment, feed);
    };
    table_.take_each(batch, point, count_it);
    if (point.end < watched_.since) continue;
    ++points_;
    measure(point, feeds);
    first_ = std::min(first_, point.end);
    last_ = std::max(last_, point.end);
    for (const Feed& feed : feeds) {
      if (!named_[feed.metric.value]) named_[feed.metric.value] = point.end;
    }
  }
}

// What comes late, or twice, tells nothing, nor does one that was away.
void Tally::measure(const runtime::MetricPoint& point, const std::vector<Feed>& feeds) {
  Time& heard = heard_[point.series.value];
  const Time before = std::exchange(heard, std::max(heard, point.end));
  if (before == kDistantPast || point.end <= before) return;
  const Duration apart = std::chrono::round<std::chrono::seconds>(point.end - before);
  if (apart > kEveryMost) return;
  for (const Feed& feed : feeds)
    ++came_[feed.metric.value].front().apart[std::max<Duration>(apart, kEveryLeast)];
}

// A first sample without a start is only a base, but where its series is known to have been zero:
// its metric has been heard of for a while without it, also under other labels.
bool Tally::counts_whole(const Increment& increment, MetricIndex metric) const {
  if (increment.retold) return false;
  std::optional<Time> since = named_[metric.value];
  if (machine_.at(metric).default_zero) since = since ? std::min(*since, first_) : first_;
  return since && increment.end - *since >= kLimits.stale_after;
}

void Tally::take_level(const Increment& increment, const Feed& feed) {
  if (increment.settled || (!increment.gauge && !increment.untyped)) return;
  const Fixed sent = increment.untyped ? increment.level : increment.value;
  const Fixed level{sent.nanos * machine_.at(feed.metric).unit.nanos / Fixed::kScale};
  std::vector<Came>& came = came_[feed.metric.value];
  for (Came* each : {&came.front(), feed.target.valid() ? &came[feed.target.value + 1] : nullptr}) {
    if (each == nullptr) continue;
    const auto [slice, added] = each->levels.try_emplace(slice_of(increment.end), level, level);
    slice->second.least = std::min(slice->second.least, level);
    slice->second.greatest = std::max(slice->second.greatest, level);
  }
}

void Tally::count(const Increment& increment, const Feed& feed) {
  if (machine_.at(feed.metric).kind == MetricKind::gauge) return take_level(increment, feed);
  if (!is_of_kind(machine_.at(feed.metric).kind, increment)) return;
  if (increment.first && !counts_whole(increment, feed.metric)) return;
  // What was sent without a start is of before its end: of the first one nobody knows since when.
  if (increment.start < watched_.since || increment.end <= watched_.since) return;
  std::vector<Came>& came = came_[feed.metric.value];
  add(increment, feed.metric, came.front());
  if (feed.target.valid()) add(increment, feed.metric, came[feed.target.value + 1]);
}

void Tally::add(const Increment& increment, MetricIndex metric, Came& came) const {
  const bool histogram = machine_.at(metric).kind == MetricKind::histogram;
  const Fixed more = histogram ? Fixed::from_int(increment.samples) : increment.value;
  if (histogram) put(increment, metric, came);
  came.total = came.total + more;
  // What came over a longer time says nothing of any one slice.
  if (increment.end - increment.start > kSlice) return;
  const std::int64_t slice = slice_of(increment.end);
  came.slices[slice] = came.slices[slice] + more;
}

// What cannot be brought to the layout of the others is left out, as it would be in a rollout.
void Tally::put(const Increment& increment, MetricIndex metric, Came& came) const {
  const Fixed unit = machine_.at(metric).unit;
  if (increment.exponential != nullptr) {
    put_exponential(*increment.exponential, unit, came);
    return;
  }
  Cell cell;
  cell.buckets = *increment.buckets;
  put_explicit(scaled(table_.bounds(increment.layout), unit), std::move(cell), came);
}

}  // namespace rollbook::power
