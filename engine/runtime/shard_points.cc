// Points of a shard: which rollouts each of them feeds, what was counted before a restart, and when
// a rollout is looked at.

#include <algorithm>

#include "engine/runtime/fold.h"
#include "engine/runtime/shard.h"

namespace rollbook::runtime {

using core::Time;

core::SourceOffset& Shard::offset_of(const PointBatch& batch) {
  for (core::SourceOffset& offset : offsets_) {
    if (offset.partition == batch.partition && offset.topic == batch.topic) return offset;
  }
  return offsets_.emplace_back(core::SourceOffset{batch.topic, batch.partition, 0});
}

bool Shard::counted_before(const std::vector<core::SourceOffset>& offsets, const PointBatch& batch,
                           const MetricPoint& point) {
  for (const core::SourceOffset& offset : offsets) {
    if (offset.partition == batch.partition && offset.topic == batch.topic) {
      return point.offset < offset.next;
    }
  }
  return false;
}

// Of a rise from before the step only the end can be told: its start stays, or every cumulative
// series would seem to have begun anew.
MetricPoint Shard::in_engine_time(MetricPoint point, Time now) const {
  if (stepped_ <= options_.limits.skew && stepped_ >= -core::kClockStepBackMost) return point;
  const auto distance = [](Time a, Time b) { return a < b ? b - a : a - b; };
  if (distance(point.end, now) <= distance(point.end, now + stepped_)) return point;
  point.end -= stepped_;
  if (point.start != core::kDistantPast &&
      (is_delta(point.kind) ||
       (stepped_ > core::Duration::zero() && point.start > first_step_at_))) {
    point.start -= stepped_;
  }
  return point;
}

namespace {

void count(Folded folded, Shard::Counters& counters) {
  switch (folded) {
    case Folded::counted:
      ++counters.counted;
      return;
    case Folded::late:
      ++counters.late;
      return;
    case Folded::quarantined:
      ++counters.quarantined;
      return;
    case Folded::refused:
      ++counters.refused;
      return;
  }
}

}  // namespace

// What a point counts, for each rollout that it feeds.
void Shard::feed(const Arriving& arriving, const Increment& increment,
                 ExemplarsOfPoint& exemplars) {
  const auto& [batch, point, now, slow] = arriving;
  const std::vector<core::Fixed>* const bounds =
      increment.buckets == nullptr ? nullptr : &series_.bounds(increment.layout);
  for (Feed& feed : feeds_.of(point.series)) {
    Rollout* const running = running_[feed.stream.value];
    if (running == nullptr) continue;
    Rollout& rollout = *running;
    if (feed.match.breakdown.valid()) {
      // Breakdowns are logged less often, so more is counted again after a restart.
      const auto& logged = rollout.shares.is_judged(feed.match.breakdown)
                               ? rollout.state.offsets
                               : rollout.state.shares_offsets;
      if (resuming_ && counted_before(logged, batch, point)) continue;
      if (rollout.state.finished()) continue;
      rollout.shares.take(
          {rollout.plan->machine, rollout.state, feed.match, increment, bounds, now}, feed,
          series_.name(point.series), rollout.pending);
      continue;
    }
    const bool held = !readings_.empty() && hold(rollout, batch, point, increment, feed.match);
    if (resuming_ && counted_before(rollout.state.offsets, batch, point)) continue;
    // Looks are cut at each second of event time, and between records, so that an offset says
    // exactly what was counted.
    if (rollout.dirty && rollout.record != point.offset && pane_of(point.end) > rollout.look_pane) {
      look(rollout, now, false);
      if (rollout.state.finished()) continue;
    }
    rollout.record = point.offset;
    const FoldInput input{
        rollout.plan->machine, rollout.state, feed.match, increment, bounds, now, held, slow};
    const Folded folded = fold(input, rollout.pending);
    count(folded, counters_);
    const bool ahead = folded == Folded::quarantined && feed.match.series.valid();
    if (ahead || folded == Folded::refused) refuse(rollout, input, point.series);
    if (folded == Folded::counted || folded == Folded::late) {
      if (rollout.senders.asks(feed.match.series)) {
        rollout.senders.hear(feed.match.series, feed.number, increment);
      }
      if (!increment.settled) {
        exemplars.give(feed.match, series_.name(point.series), rollout.exemplars, rollout.pending);
      }
    }
    if (!rollout.dirty) dirty_.push_back(feed.stream);
    rollout.dirty = true;
    rollout.look_pane = std::max(rollout.look_pane, pane_of(point.end));
  }
}

void Shard::points(const PointBatch& batch, Time now) {
  series_.learn(batch);
  for (const SeriesName& name : batch.new_series) feeds_.learn(name);
  const std::size_t at = static_cast<std::size_t>(&offset_of(batch) - offsets_.data());
  std::int64_t record = -1;
  // After a small step back what is measured lies behind, and is as new as ever.
  const core::Duration slow = stepped_ >= -core::kClockStepBackMost
                                  ? std::max(-stepped_, core::Duration::zero())
                                  : core::Duration::zero();
  ExemplarsOfPoint exemplars(batch);
  for (const MetricPoint& measured : batch.points) {
    const MetricPoint point = in_engine_time(measured, now);
    if (point.offset != record) {
      record = point.offset;
      offsets_[at].next = record;
    }
    ++counters_.points;
    const bool opens = !readings_.empty() && !series_.knows(point.series);
    const Arriving arriving{batch, point, now, slow};
    if (opens) open_series(batch, point);
    exemplars.move_to(measured);
    series_.take_each(batch, point,
                      [&](const Increment& increment) { feed(arriving, increment, exemplars); });
  }
  offsets_[at].next = std::max(offsets_[at].next, batch.next_offset);
  if (resuming_) resuming_ = is_behind();
}

// Said once for each series: it may be every point.
void Shard::refuse(Rollout& rollout, const FoldInput& input, SeriesNumber sender) {
  const RefusedSeries* const begun = rollout.refusals.note(input, series_.name(sender));
  if (begun == nullptr) return;
  refusals_.push_back(rollout.state.id + ": points of `" + begun->sender +
                      "` are refused: " + begun->why);
}

// Whether some rollout has counted what has not been read again yet.
bool Shard::is_behind() const {
  const auto read_up_to = [&](const core::SourceOffset& counted) {
    return std::any_of(offsets_.begin(), offsets_.end(), [&](const core::SourceOffset& read) {
      return read.partition == counted.partition && read.topic == counted.topic &&
             read.next >= counted.next;
    });
  };
  return std::any_of(rollouts_.begin(), rollouts_.end(), [&](const auto& entry) {
    const auto& counted = entry.second.state.offsets;
    return !std::all_of(counted.begin(), counted.end(), read_up_to);
  });
}

void Shard::look(Rollout& rollout, Time now, bool log) {
  rollout.dirty = false;
  const core::Pending& pending = rollout.pending;
  const bool full = pending.observed.deltas.size() + pending.observed.kinds.size() +
                        pending.observed.exemplars.size() >=
                    core::kPendingCells;
  if (pending.shares.size() >= core::kPendingShares) rollout.pending.shares_due = log = true;
  if (!log && !full && leaves_out_look(rollout, now)) return;
  rollout.senders.tell(rollout.pending);
  give(rollout, core::Input{now, core::Look{log || full}});
}

// A look that would find nothing. What it leaves behind all the same is done here.
bool Shard::leaves_out_look(Rollout& rollout, Time now) {
  if (!rollout.pending.quiet.holds(now)) return false;
  if (rollout.pending.observed.offsets.empty()) rollout.pending.observed.offsets = offsets_;
  last_time_ = std::max(last_time_, now);
#ifdef ROLLBOOK_CHECK_QUIET
  std::vector<core::Event> found;
  core::RolloutState state = rollout.state;
  core::Pending pending = rollout.pending;
  core::ShardState shard = shard_;
  ROLLBOOK_CHECK(!core::advance(rollout.plan->machine, shard, state, pending,
                                core::Input{now, core::Look{}}, found));
#endif
  return true;
}

// Whether something was read that the rollout has not logged as counted.
bool Shard::moved(const Rollout& rollout) const {
  return std::any_of(offsets_.begin(), offsets_.end(), [&](const core::SourceOffset& read) {
    return std::none_of(rollout.state.offsets.begin(), rollout.state.offsets.end(),
                        [&](const core::SourceOffset& counted) {
                          return counted.partition == read.partition &&
                                 counted.topic == read.topic && counted.next >= read.next;
                        });
  });
}

}  // namespace rollbook::runtime
