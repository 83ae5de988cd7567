// Reading back: what the shard does for rollouts that wait for metrics of before their start
// (past.h). All that must outlive the process is in the log; the rest begins anew.

#include <algorithm>

#include "engine/core/exponential.h"
#include "engine/runtime/shard.h"

namespace rollbook::runtime {

using core::Time;

namespace {

std::string adopted_name(core::StreamId stream) {
  return "adopted/" + std::to_string(stream.value);
}

// Offsets from here on are the live stream's.
std::int64_t until(const core::BackState& back, const PointBatch& batch) {
  for (const core::SourceOffset& offset : back.until) {
    if (offset.partition == batch.partition && offset.topic == batch.topic) return offset.next;
  }
  return 0;
}

}  // namespace

// Points of before a step of the wall clock have two times; which is meant nobody can tell later.
std::optional<core::ReadBack> Shard::plan_back(const core::Machine& machine, Time now) const {
  const core::Duration reach = std::min(core::reach_back(machine), options_.read_back_most);
  if (reach <= core::Duration::zero()) return std::nullopt;
  if (stepped_ > options_.limits.skew || stepped_ < -options_.limits.skew) return std::nullopt;
  return core::ReadBack{core::counts_from(now, reach, options_.limits), offsets_};
}

PastRequest Shard::past_request(core::StreamId stream) const {
  const Rollout& rollout = rollouts_.at(stream);
  const core::RolloutState& state = rollout.state;
  ROLLBOOK_CHECK(state.back.reading());
  return {stream,       rollout.plan,  rollout.selector,
          state.limits, state.started, {*state.back.from, state.back.until}};
}

// The first record of a series that the engine has met, after the start of whoever reads back: what
// came before it is theirs alone to know.
void Shard::open_series(const PointBatch& batch, const MetricPoint& point) {
  for (auto& [stream, reading] : readings_) {
    const core::BackState& back = rollouts_.at(stream).state.back;
    if (point.offset >= until(back, batch)) reading.opened.insert(point.series);
  }
}

bool Shard::hold(const Rollout& rollout, const PointBatch& batch, const MetricPoint& point,
                 const Increment& increment, const Match& match) {
  if (!rollout.state.back.reading()) return false;
  if (!increment.first && increment.start >= rollout.state.started) return false;
  Reading& reading = readings_.at(rollout.state.stream);
  if (!reading.opened.contains(point.series)) return false;
  if (increment.settled) return true;  // its point was held when it came
  if (!reading.held.empty()) {
    HeldPoint& last = reading.held.back();
    if (last.point.series == point.series && last.point.offset == point.offset &&
        last.point.end == point.end) {
      last.matches.push_back(match);
      return true;
    }
  }
  HeldPoint held{series_.name(point.series), point, {}, {}, {match}};
  held.point.first_bucket = 0;
  if (is_exponential(point.kind)) {
    put_exponential(exponential_at(batch.buckets, point.first_bucket), held.buckets);
  } else if (is_histogram(point.kind)) {
    held.bounds = series_.bounds(point.layout);
    const auto first = batch.buckets.begin() + point.first_bucket;
    held.buckets.assign(first, first + static_cast<std::ptrdiff_t>(held.bounds.size()) + 1);
  }
  reading.held.push_back(std::move(held));
  return true;
}

void Shard::read_so_far(core::StreamId stream, const ReadSoFar& so_far) {
  // All that wait share a pass, and the next one counts from zero.
  if (so_far.points < read_back_told_) read_back_told_ = 0;
  read_back_points_ += so_far.points - std::exchange(read_back_told_, so_far.points);
  const auto reading = readings_.find(stream);
  if (reading == readings_.end() || reading->second.so_far == so_far) return;
  reading->second.so_far = so_far;
  turn_.values.push_back(Value{read_so_far_name(stream), encode(so_far)});
}

void Shard::recall(Past past, Time now) {
  const core::StreamId stream = past.request().stream;
  const auto reading = readings_.find(stream);
  if (reading == readings_.end()) return;
  for (const HeldPoint& held : reading->second.held) past.take(held, now);
  Rollout& rollout = rollouts_.at(stream);
  rollout.pending.observed.past = past.finish(rollout.state, rollout.pending);
  rollout.pending.quiet.end();
  // The live stream goes on from the bases that were found, also after a crash right now.
  const std::string bases = past.bases();
  turn_.values.push_back(Value{adopted_name(stream), bases});
  ROLLBOOK_CHECK(series_.adopt(bases, feeds_.fed(stream)));
  turn_.values.push_back(Value{read_so_far_name(stream), ""});
  readings_.erase(reading);
  look(rollout, now, true);
}

void Shard::stop_reading(core::StreamId stream) {
  if (!rollouts_.at(stream).state.back.from) return;
  readings_.erase(stream);
  turn_.values.push_back(Value{read_so_far_name(stream), ""});
  turn_.values.push_back(Value{adopted_name(stream), ""});
}

core::Status Shard::recover_readings() {
  for (const auto& [stream, rollout] : rollouts_) {
    if (rollout.state.back.reading()) readings_[stream];
    if (!rollout.state.back.whole_from) continue;
    TRY(const auto adopted, log_.value(adopted_name(stream)));
    if (adopted) TRY_DO(series_.adopt(*adopted, {}));
  }
  return {};
}

}  // namespace rollbook::runtime
