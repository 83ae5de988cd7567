#include "engine/runtime/shard.h"

#include <algorithm>
#include <utility>

#include "engine/runtime/offset_bytes.h"

namespace rollbook::runtime {

using core::Time;

// ---- Inputs of a rollout --------------------------------------------------------------------

void Shard::give(Rollout& rollout, core::Input input) {
  // What only breakdowns have counted is in nothing else that waits.
  if (!rollout.pending.empty() || !rollout.pending.shares.empty() ||
      std::holds_alternative<core::Look>(input.body)) {
    rollout.pending.observed.offsets = offsets_;
  }
  const std::size_t before = turn_.events.size();
  const std::uint32_t rank = rollout.state.rollback_rank;
  const Time now = input.now;
  last_time_ = std::max(last_time_, now);
  const bool left_trace = core::advance(rollout.plan->machine, shard_, rollout.state,
                                        rollout.pending, input, turn_.events);
  const bool looked = std::holds_alternative<core::Look>(input.body);
  if (looked) {
    rollout.pending.quiet = core::Quiet(rollout.plan->machine, rollout.state, rollout.pending);
  }
  // Points only put deadlines off: tick() asks again when the one that is known has come.
  if (!left_trace && looked) return;
  if (turn_.events.size() != before) {
    const bool observed = std::any_of(turn_.events.begin() + static_cast<std::ptrdiff_t>(before),
                                      turn_.events.end(), [](const core::Event& event) {
                                        return std::holds_alternative<core::Observed>(event.body);
                                      });
    if (observed) rollout.observe_at = now + observe_interval(rollout);
    if (rollout.state.rollback_rank > rank) cancel_forward(rollout, before, rank);
  }
  after(rollout, now);
}

core::Duration Shard::observe_interval(const Rollout& rollout) const {
  const auto& criteria = rollout.plan->machine.criteria;
  bool near = false;  // a stop's condition is true and only its `for` is waited for
  for (std::size_t i = 0; i < criteria.size(); ++i) {
    near = near || (criteria[i].kind == core::CriterionKind::stop &&
                    rollout.state.readings[i].raw == core::Raw::true_);
  }
  return near ? options_.observe_near : options_.observe_interval;
}

void Shard::sight(core::Sight sight, Time now) {
  sight_ = sight;
  for (auto& [stream, rollout] : rollouts_) {
    if (rollout.state.finished()) continue;
    give(rollout, core::Input{now, core::See{core::SourceStatus{"bus", sight}}});
  }
}

void Shard::gap(const core::Miss& missed, Time now) {
  for (auto& [stream, rollout] : rollouts_) {
    if (!rollout.state.finished()) give(rollout, core::Input{now, missed});
  }
}

void Shard::wake(const core::EngineGap& gap, Time now) {
  for (auto& [stream, rollout] : rollouts_) {
    if (!rollout.state.finished()) give(rollout, core::Input{now, core::Wake{gap}});
  }
}

void Shard::clock_step(core::Duration by, Time now) {
  if (stepped_ == core::Duration::zero()) first_step_at_ = now;
  stepped_ += by;
  for (auto& [stream, rollout] : rollouts_) {
    if (!rollout.state.finished()) give(rollout, core::Input{now, core::Step{core::ClockStep{by}}});
  }
}

// ---- Deadlines ------------------------------------------------------------------------------

// What every input ends with: the next deadline, or the end of the rollout.
void Shard::after(Rollout& rollout, Time now) {
  last_time_ = std::max(last_time_, now);
  if (rollout.state.finished()) return finish(rollout.state.stream);
  schedule(rollout,
           core::next_deadline(rollout.plan->machine, rollout.state, rollout.pending, now));
}

void Shard::schedule(Rollout& rollout, Time deadline) {
  deadline = std::min(deadline, rollout.observe_at);
  if (deadline == rollout.deadline) return;
  deadlines_.erase({rollout.deadline, rollout.state.stream});
  rollout.deadline = deadline;
  if (deadline != core::kDistantFuture) deadlines_.insert({deadline, rollout.state.stream});
}

void Shard::finish(core::StreamId stream) {
  const Rollout& rollout = rollouts_.at(stream);
  deadlines_.erase({rollout.deadline, stream});
  finished_[rollout.state.id] = stream;
  ended_.push_back(stream);
  stop_reading(stream);
}

Time Shard::next_deadline() const {
  Time next = deadlines_.empty() ? core::kDistantFuture : deadlines_.begin()->first;
  if (saves_bases()) next = std::min(next, bases_at_);
  return next;
}

void Shard::tick(Time now) {
  last_time_ = std::max(last_time_, now);
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    Rollout& rollout = rollouts_.at(deadlines_.begin()->second);
    const Time scheduled = rollout.deadline;
    // Leaves the heap while it is served; schedule() puts it back.
    deadlines_.erase(deadlines_.begin());
    rollout.deadline = core::kDistantFuture;
    if (rollout.state.finished()) continue;
    serve(rollout, scheduled, now);
    if (rollout.snapshot_at <= now) save_snapshot(rollout, now);
  }
  if (saves_bases() && bases_at_ <= now) save_bases(now);
}

void Shard::serve(Rollout& rollout, Time scheduled, Time now) {
  if (rollout.observe_at <= now) {
    rollout.observe_at = now + options_.observe_interval;
    const bool shares_due = rollout.shares.any() && rollout.shares_at <= now;
    const bool shares_wait = shares_due && !rollout.pending.shares.empty();
    if (!rollout.pending.empty() || moved(rollout) || shares_wait) {
      if (shares_due) {
        rollout.pending.shares_due = true;
        rollout.shares_at = now + core::kSharesInterval;
      }
      return look(rollout, now, true);
    }
  }
  const Time due = core::next_deadline(rollout.plan->machine, rollout.state, rollout.pending,
                                       scheduled - core::Duration(1));
  if (due > now) return schedule(rollout, due);
  give(rollout, core::Input{now, core::Tick{}});
}

// ---- The turn -------------------------------------------------------------------------------

core::Result<Committed> Shard::commit(Time now) {
  for (const core::StreamId stream : dirty_) {
    Rollout* const rollout = running_[stream.value];
    if (rollout == nullptr) continue;
    if (auto value = rollout->refusals.due(stream, now)) turn_.values.push_back(std::move(*value));
    if (rollout->dirty && !rollout->state.finished()) look(*rollout, now, false);
  }
  dirty_.clear();
  Committed committed;
  committed.refusals = std::exchange(refusals_, {});
  if (!turn_.empty()) {
    if (!command_offsets_.empty()) {
      Bytes bytes;
      put_offsets(bytes, command_offsets_);
      turn_.values.push_back(Value{"commands", std::move(bytes.data)});
    }
    TRY_DO(find_first_attempts());
    auto appended = log_.append(turn_, [this](const core::Event& event, std::string_view hash) {
      return render(event, hash);
    });
    if (!appended) return tl::make_unexpected(std::move(appended).error());
    committed.appended = std::move(*appended);
    committed.events = std::move(turn_.events);
    committed.cancelled = std::move(cancelled_);
    cancelled_.clear();
    for (const OutboxRow& row : committed.appended.outbox) {
      undelivered_[{row.stream, row.sequence}] = row.forward;
    }
    turn_ = Turn{};
  }
  for (const core::StreamId stream : ended_) {
    running_[stream.value] = nullptr;
    rollouts_.erase(stream);
    feeds_.remove(stream);
  }
  ended_.clear();
  return committed;
}

Shard::Rollout& Shard::run(core::StreamId stream) {
  Rollout& rollout = rollouts_[stream];
  if (running_.size() <= stream.value) running_.resize(stream.value + 1);
  running_[stream.value] = &rollout;
  return rollout;
}

const Shard::Rollout* Shard::find(const std::string& rollout) const {
  const auto known = shard_.rollouts.find(rollout);
  if (known == shard_.rollouts.end()) return nullptr;
  const auto running = rollouts_.find(known->second);
  return running == rollouts_.end() ? nullptr : &running->second;
}

}  // namespace rollbook::runtime
