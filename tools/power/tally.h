#pragma once
// Tally: what came of each metric of a machine, over a span of event time. Points are decoded and
// made increments as the engine does it (resets, duplicates, histograms of any layout); all arms
// are counted together, each target also by itself. Takes as much memory for a day as for an hour.
//
//   Tally tally(machine, {since, until});
//   tally.take(batch);
//   tally.of(series).total

#include <map>
#include <optional>
#include <vector>

#include "engine/core/buckets.h"
#include "engine/core/machine.h"
#include "engine/runtime/selector.h"
#include "engine/runtime/series_table.h"

namespace rollbook::power {

// The busiest and the quietest of these tell the load.
inline constexpr core::Duration kSlice = std::chrono::minutes(5);

// Nothing from before `since` or after `until` is counted.
struct Watched {
  core::Time since = core::kDistantPast, until = core::kDistantFuture;
};

// The least and the greatest of a gauge's points.
struct Range {
  core::Fixed least, greatest;
};

struct Came {
  core::Fixed total;                             // of a counter; histograms: observations
  std::map<std::int64_t, core::Fixed> slices;    // the same by slices since 1970: (k, k + 1]
  core::Layout layout;                           // histograms: the coarsest that came
  core::Cell buckets;                            // on it
  std::map<std::int64_t, Range> levels;          // gauges: by slices, of all series
  std::map<core::Duration, std::int64_t> apart;  // times between points of a series, whole seconds
};

class Tally {
 public:
  // `machine` must outlive it.
  Tally(const core::Machine& machine, Watched watched);

  // Batches of one decoder, in their order.
  void take(const runtime::PointBatch& batch);

  // All arms of what the series counts, of its target alone where it has one.
  const Came& of(core::SeriesIndex series) const { return of(machine_.at(series)); }
  const Came& of(const core::Series& series) const;
  const Came& of(core::MetricIndex metric) const { return came_[metric.value].front(); }
  // Between the first and the last point of the machine's metrics; nothing where none came.
  core::Duration span() const { return first_ > last_ ? core::Duration{} : last_ - first_; }
  // Points of the machine's metrics within what is watched.
  std::int64_t points() const { return points_; }
  // Whether all of a slice lies within that span.
  bool is_whole(std::int64_t slice) const;

 private:
  struct Feed {
    core::MetricIndex metric;
    core::TargetIndex target;  // invalid: of none
  };
  void learn(const runtime::SeriesName& name);
  void measure(const runtime::MetricPoint& point, const std::vector<Feed>& feeds);
  void count(const runtime::Increment& increment, const Feed& feed);
  void take_level(const runtime::Increment& increment, const Feed& feed);
  bool counts_whole(const runtime::Increment& increment, core::MetricIndex metric) const;
  void add(const runtime::Increment& increment, core::MetricIndex metric, Came& came) const;
  void put(const runtime::Increment& increment, core::MetricIndex metric, Came& came) const;

  const core::Machine& machine_;
  const Watched watched_;
  runtime::Selector selector_;
  runtime::SeriesTable table_;
  std::vector<std::vector<Feed>> feeds_;          // by series on the wire
  std::vector<core::Time> heard_;                 // the same: the latest point
  std::vector<std::vector<Came>> came_;           // by metric: of all, then of each target
  std::vector<std::optional<core::Time>> named_;  // by metric: when it was first heard of
  core::Time first_ = core::kDistantFuture, last_ = core::kDistantPast;
  std::int64_t points_ = 0;
};

}  // namespace rollbook::power
