// Recovery and checkpoints of a shard: what is rebuilt from the log, and the caches that make it
// quick. Dropping every cache changes nothing but the time a start takes.

#include <algorithm>

#include "engine/runtime/bytes.h"
#include "engine/runtime/offset_bytes.h"
#include "engine/runtime/shard.h"

namespace rollbook::runtime {

using core::Time;

namespace {

constexpr std::uint64_t kCheckpoints = 3;

std::string snapshot_name(core::StreamId stream) {
  return "snapshot/" + std::to_string(stream.value);
}

// Whether the rollout has logged all that it had counted when a checkpoint of these offsets was
// made, with its breakdowns, which come last. A partition that it has not named yet says nothing,
// unless it began only afterwards.
bool logged_past(const Shard::Rollout& rollout, const std::vector<core::SourceOffset>& offsets,
                 Time made) {
  const core::RolloutState& state = rollout.state;
  if (made <= state.started) return true;
  const auto& logged = rollout.shares.any() ? state.shares_offsets : state.offsets;
  return std::all_of(offsets.begin(), offsets.end(), [&](const core::SourceOffset& read) {
    return std::any_of(logged.begin(), logged.end(), [&](const core::SourceOffset& counted) {
      return counted.topic == read.topic && counted.partition == read.partition &&
             counted.next >= read.next;
    });
  });
}

}  // namespace

core::Result<std::unique_ptr<Shard>> Shard::recover(EventLog& log, ShardOptions options) {
  std::unique_ptr<Shard> shard(new Shard(log, std::move(options)));
  TRY_DO(shard->recover_stream(core::kShardStream));
  TRY(const std::vector<core::StreamId> streams, log.streams());
  for (const core::StreamId stream : streams) {
    if (stream != core::kShardStream) TRY_DO(shard->recover_stream(stream));
  }
  TRY_DO(shard->recover_values());
  return shard;
}

core::Result<std::shared_ptr<const Plan>> Shard::plan_of(const core::Digest& digest) {
  auto& known = plans_[digest];
  if (auto plan = known.lock()) return plan;
  TRY(Plan stored, log_.plan(digest));
  auto plan = std::make_shared<const Plan>(std::move(stored));
  known = plan;
  return plan;
}

std::shared_ptr<const Selector> Shard::selector_of(const std::shared_ptr<const Plan>& plan) {
  auto& known = selectors_[plan->digest];
  if (auto selector = known.lock()) return selector;
  auto selector = std::make_shared<const Selector>(plan->machine);
  known = selector;
  return selector;
}

core::Status Shard::recover_stream(core::StreamId stream) {
  Rollout rollout;
  std::optional<core::Error> error;
  core::Sequence from{1};
  if (stream != core::kShardStream) {
    TRY(const auto cached, log_.value(snapshot_name(stream)));
    if (cached) {
      // The shard's books need every start, shift and end; the snapshot carries those too.
      BytesReader bytes(*cached);
      auto shard = core::decode_shard_state(bytes.text());
      auto state = core::decode_rollout_state(bytes.text());
      if (!bytes.failed && shard && state) {
        TRY(rollout.plan, plan_of(state->digest));
        rollout.state = std::move(*state);
        from = core::Sequence{rollout.state.last.value + 1};
        for (const auto& [name, service] : shard->services) shard_.services[name] = service;
        shard_.rollouts.merge(shard->rollouts);
        shard_.commands.insert(rollout.state.commands.begin(), rollout.state.commands.end());
        shard_.last_stream = std::max(shard_.last_stream, stream.value);
      }
    }
  }
  TRY_DO(log_.read(stream, from, [&](const StoredEvent& stored) {
    const core::Event& event = stored.event;
    last_time_ = std::max(last_time_, event.time);
    if (const auto* started = std::get_if<core::RolloutStarted>(&event.body)) {
      auto plan = plan_of(started->digest);
      if (!plan) {
        error = std::move(plan).error();
        return false;
      }
      rollout.plan = *plan;
    }
    if (rollout.plan) core::evolve(rollout.plan->machine, rollout.state, event);
    core::evolve(shard_, rollout.plan ? &rollout.state : nullptr, event);
    return true;
  }));
  if (error) return tl::make_unexpected(*error);
  if (!rollout.plan) return {};
  last_time_ = std::max(last_time_, rollout.state.now);
  if (rollout.state.finished()) {
    finished_[rollout.state.id] = stream;
    return {};
  }
  rollout.selector = selector_of(rollout.plan);
  rollout.shares.begin(rollout.plan->machine, rollout.state);
  rollout.senders = Senders(rollout.plan->machine);
  rollout.exemplars.begin(rollout.plan->machine);
  sight_ = rollout.state.sight;
  feeds_.add(stream, rollout.plan->machine, rollout.selector);
  run(stream) = std::move(rollout);
  return {};
}

core::Status Shard::recover_values() {
  TRY(const auto commands, log_.value("commands"));
  if (commands) {
    BytesReader bytes(*commands);
    command_offsets_ = get_offsets(bytes);
  }
  // The newest checkpoint that every rollout has logged past.
  std::optional<std::uint64_t> best;
  std::string best_bases;
  for (std::uint64_t slot = 0; slot < kCheckpoints; ++slot) {
    TRY(const auto value, log_.value("bases/" + std::to_string(slot)));
    if (!value) continue;
    BytesReader bytes(*value);
    const std::uint64_t number = bytes.number();
    const auto offsets = get_offsets(bytes);
    std::string bases = bytes.text();
    const Time made = bytes.time();
    if (bytes.failed) continue;
    checkpoint_ = std::max(checkpoint_, number + 1);
    const bool usable = std::all_of(rollouts_.begin(), rollouts_.end(), [&](const auto& entry) {
      return logged_past(entry.second, offsets, made);
    });
    if (!usable || (best && *best > number)) continue;
    best = number;
    offsets_ = offsets;
    best_bases = std::move(bases);
  }
  if (best) TRY_DO(series_.restore(best_bases));
  TRY_DO(recover_readings());
  TRY(const std::vector<OutboxRow> open, log_.outbox());
  for (const OutboxRow& row : open) undelivered_[{row.stream, row.sequence}] = row.forward;
  resuming_ = is_behind();
  for (auto& [stream, rollout] : rollouts_) {
    TRY(const auto refused, log_.value(refusals_name(stream)));
    if (refused) rollout.refusals.restore(decode_refusals(*refused));
    rollout.observe_at = last_time_ + options_.observe_interval;
    rollout.snapshot_at = last_time_ + options_.snapshot_interval;
    rollout.shares_at = last_time_ + core::kSharesInterval;
    schedule(rollout, core::next_deadline(rollout.plan->machine, rollout.state, rollout.pending,
                                          rollout.state.now));
  }
  if (!rollouts_.empty()) bases_at_ = last_time_ + options_.checkpoint_interval;
  return {};
}

void Shard::begin_at(std::vector<core::SourceOffset> metrics,
                     std::vector<core::SourceOffset> commands, Time now) {
  offsets_ = std::move(metrics);
  command_offsets_ = std::move(commands);
  save_bases(now);
}

std::vector<core::SourceOffset> Shard::metric_offsets() const { return offsets_; }

void Shard::save_bases(Time now) {
  bases_at_ = now + options_.checkpoint_interval;
  Bytes bytes;
  bytes.number(checkpoint_);
  put_offsets(bytes, offsets_);
  bytes.text(series_.save());
  bytes.time(now);
  turn_.values.push_back(
      Value{"bases/" + std::to_string(checkpoint_ % kCheckpoints), std::move(bytes.data)});
  ++checkpoint_;
}

// Kept with the shard's books of this very moment: a recovery takes the newest of each.
void Shard::save_snapshot(Rollout& rollout, Time now) {
  rollout.snapshot_at = now + options_.snapshot_interval;
  if (rollout.state.finished()) return;
  core::ShardState books;
  const auto service = shard_.services.find(rollout.state.service);
  if (service != shard_.services.end()) books.services.insert(*service);
  books.rollouts[rollout.state.id] = rollout.state.stream;
  Bytes bytes;
  bytes.text(core::encode(books));
  bytes.text(core::encode(rollout.state));
  turn_.values.push_back(Value{snapshot_name(rollout.state.stream), std::move(bytes.data)});
}

}  // namespace rollbook::runtime
