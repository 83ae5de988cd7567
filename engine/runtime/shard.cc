#include "engine/runtime/shard.h"

#include <algorithm>
#include <bit>

#include "engine/runtime/bytes.h"
#include "engine/runtime/fold.h"

namespace rollbook::runtime {

using core::Time;

// ---- Inputs ---------------------------------------------------------------------------------

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
  const bool delta = point.kind == PointKind::counter_delta ||
                     point.kind == PointKind::histogram_delta ||
                     point.kind == PointKind::exponential_delta;
  if (point.start != core::kDistantPast &&
      (delta || (stepped_ > core::Duration::zero() && point.start > first_step_at_))) {
    point.start -= stepped_;
  }
  return point;
}

void Shard::points(const PointBatch& batch, Time now) {
  series_.learn(batch);
  for (const SeriesName& name : batch.new_series) feeds_.learn(name);
  const std::size_t at = static_cast<std::size_t>(&offset_of(batch) - offsets_.data());
  std::int64_t record = -1;
  ExemplarsOfPoint exemplars(batch);
  for (const MetricPoint& measured : batch.points) {
    const MetricPoint point = in_engine_time(measured, now);
    if (point.offset != record) {
      record = point.offset;
      offsets_[at].next = record;
    }
    ++counters_.points;
    const bool opens = !readings_.empty() && !series_.knows(point.series);
    const std::optional<Increment> increment = series_.take(batch, point);
    if (opens) open_series(batch, point);
    if (!increment) continue;
    exemplars.move_to(measured);
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
        const std::vector<core::Fixed>* edges =
            increment->buckets == nullptr ? nullptr : &series_.bounds(increment->layout);
        rollout.shares.take(
            {rollout.plan->machine, rollout.state, feed.match, *increment, edges, now}, feed,
            series_.name(point.series), rollout.pending);
        continue;
      }
      const bool held = !readings_.empty() && hold(rollout, batch, point, *increment, feed.match);
      if (resuming_ && counted_before(rollout.state.offsets, batch, point)) continue;
      // Looks are cut at each second of event time, and between records, so that an offset says
      // exactly what was counted.
      if (rollout.dirty && rollout.record != record && pane_of(point.end) > rollout.look_pane) {
        look(rollout, now, false);
        if (rollout.state.finished()) continue;
      }
      rollout.record = record;
      const std::vector<core::Fixed>* bounds =
          increment->buckets == nullptr ? nullptr : &series_.bounds(increment->layout);
      const FoldInput input{
          rollout.plan->machine, rollout.state, feed.match, *increment, bounds, now, held};
      switch (fold(input, rollout.pending)) {
        case Folded::counted:
          ++counters_.counted;
          break;
        case Folded::late:
          ++counters_.late;
          break;
        case Folded::quarantined:
          ++counters_.quarantined;
          break;
        case Folded::refused:
          // Said each time their number has doubled: it may be every point.
          if (std::has_single_bit(++counters_.refused)) refusal_ = refusal_of(input);
          break;
      }
      exemplars.give(feed.match, batch, rollout.exemplars, rollout.pending);
      if (!rollout.dirty) dirty_.push_back(feed.stream);
      rollout.dirty = true;
      rollout.look_pane = std::max(rollout.look_pane, pane_of(point.end));
    }
  }
  offsets_[at].next = std::max(offsets_[at].next, batch.next_offset);
  if (resuming_) resuming_ = is_behind();
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

namespace {

std::uint32_t rank_of(const core::Machine& machine, core::StateIndex state) {
  std::uint32_t rank = 0;
  for (core::StateIndex i = state; i.valid(); i = machine.at(i).parent) {
    rank = std::max(rank, machine.at(i).rollback_rank);
  }
  return rank;
}

}  // namespace

// Whether a rollback of other targets leaves this one as it is.
bool Shard::goes_on(const Rollout& rollout, core::TargetIndex target) {
  if (!target.valid() || rollout.state.is_back(target)) return false;
  const core::Machine& machine = rollout.plan->machine;
  for (core::StateIndex i = rollout.state.active; i.valid(); i = machine.at(i).parent) {
    const core::State& state = machine.at(i);
    for (const core::Lowering& lowered : state.lowers) {
      if (lowered.target == target) return false;
    }
    if (state.ramp && state.ramp->rollback &&
        (state.ramp->targets.empty() ||
         std::find(state.ramp->targets.begin(), state.ramp->targets.end(), target) !=
             state.ramp->targets.end())) {
      return false;
    }
  }
  return true;
}

// A rollback takes back what was asked for before it and has not gone out yet, in this turn or an
// earlier one: an undelivered forward effect would only be refused by its order.
void Shard::cancel_forward(Rollout& rollout, std::size_t before, std::uint32_t rank) {
  const core::StreamId stream = rollout.state.stream;
  for (std::size_t i = before; i < turn_.events.size(); ++i) {
    const auto* moved = std::get_if<core::Transitioned>(&turn_.events[i].body);
    if (moved == nullptr || rank_of(rollout.plan->machine, moved->to) <= rank) continue;
    rollout.taken_back = turn_.events[i].sequence;
    break;
  }
  for (auto row = undelivered_.lower_bound(OutboxKey{stream, core::Sequence{0}});
       row != undelivered_.end() && row->first < OutboxKey{stream, rollout.taken_back};) {
    const auto effect = rollout.state.effects.find(row->first.sequence);
    const bool stays =
        effect != rollout.state.effects.end() && goes_on(rollout, effect->second.target);
    if (!row->second || stays) {
      ++row;
      continue;
    }
    turn_.closed.push_back(row->first);
    cancelled_.push_back(row->first);
    row = undelivered_.erase(row);
  }
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

void Shard::command_read(const core::SourceOffset& position) {
  for (core::SourceOffset& offset : command_offsets_) {
    if (offset.topic == position.topic && offset.partition == position.partition) {
      offset.next = std::max(offset.next, position.next);
      return;
    }
  }
  command_offsets_.push_back(position);
}

void Shard::command(const CommandInput& input, Time now) {
  last_time_ = std::max(last_time_, now);
  if (input.position) command_read(*input.position);
  const core::Command& command = input.command;
  if (shard_.commands.contains(command.key)) return;  // sent twice, acts once
  if (input.invalid) return reject(command, "invalid", *input.invalid, now);
  const bool ages = command.verb == core::Verb::start || command.verb == core::Verb::promote ||
                    command.verb == core::Verb::extend;
  // A message is as old as the clock says that makes it younger: the other was stepped.
  const Time clock = std::min(now, now + stepped_);
  if (ages && command.sent != Time{} && clock - command.sent > core::kCommandMaxAge) {
    return reject(command, "too_old", "the message is older than 10m; send it again", now);
  }
  if (command.verb == core::Verb::start) return start(input, now);

  const auto known = shard_.rollouts.find(command.rollout);
  if (known == shard_.rollouts.end()) {
    return reject(command, "unknown_rollout",
                  "no rollout `" + command.rollout + "`; `rollbook list` shows all", now);
  }
  const auto running = rollouts_.find(known->second);
  if (running == rollouts_.end()) {
    return reject(command, "finished", "rollout `" + command.rollout + "` has ended", now);
  }
  if (command.verb == core::Verb::settle && !names_effect(command)) {
    return reject(command, "unknown_effect",
                  "no effect `" + command.effect + "`; its id ends in digits of its event's hash",
                  now);
  }
  give(running->second, core::Input{now, core::Obey{command}});
}

// The digits at the end of an effect's id are those of its event: an id from a log that was cut
// short names nothing.
bool Shard::names_effect(const core::Command& command) const {
  const std::size_t last = command.effect.rfind('/');
  const std::size_t first = command.effect.find('/');
  if (last == std::string::npos || first == last) return false;
  const std::string digits = command.effect.substr(last + 1);
  const std::string number = command.effect.substr(first + 1, last - first - 1);
  if (number.empty() || number.size() > 18 ||
      !std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return false;
  }
  const core::Sequence sequence{std::stoull(number)};
  bool found = false;
  const auto stream = shard_.rollouts.at(command.rollout);
  // An effect of this very turn is not in the log yet, so nobody can have seen its id.
  if (!log_.read(stream, sequence, [&](const StoredEvent& stored) {
        found = stored.event.sequence == sequence && stored.hash == digits &&
                command.effect.substr(0, first) == command.rollout;
        return false;
      })) {
    return false;
  }
  return found;
}

void Shard::reject(const core::Command& command, const std::string& reason,
                   const std::string& detail, Time now) {
  core::reject(shard_, command, core::Refusal{reason, detail}, now, turn_.events);
}

namespace {

std::string text_of(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != Severity::error) continue;
    if (!text.empty()) text += "\n";
    text += diagnostic.file + ":" + std::to_string(diagnostic.span.line) + ":" +
            std::to_string(diagnostic.span.column) + ": " + diagnostic.code + ": " +
            diagnostic.message;
  }
  return text;
}

bool is_id(const std::string& id) {
  return !id.empty() && id.size() <= 63 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// `hal9-canary-7f3k2q`: the runbook's name and six characters of the command's own id, so that the
// same command always means the same rollout.
std::string make_id(const std::string& name, const core::CommandKey& key) {
  static constexpr char kAlphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
  std::string id;
  for (const char c : name.substr(0, 50)) {
    if (c >= 'A' && c <= 'Z') {
      id += static_cast<char>(c - 'A' + 'a');
    } else {
      id += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
    }
  }
  std::uint64_t mixed = 0xcbf29ce484222325;
  for (const char c : key.source + '\0' + key.id) {
    mixed = (mixed ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  }
  mixed ^= mixed >> 29;
  id += '-';
  for (int i = 0; i < 6; ++i, mixed >>= 5) id += kAlphabet[mixed & 31];
  return id;
}

}  // namespace

void Shard::start(const CommandInput& input, Time now) {
  const core::Command& command = input.command;
  if (!input.compiled) return reject(command, "invalid", "the start carries no `runbook`", now);
  if (!input.compiled->plan) {
    return reject(command, "invalid", text_of(input.compiled->diagnostics), now);
  }
  const Plan& compiled = *input.compiled->plan;
  if (!command.digest.empty() && command.digest != compiled.digest) {
    return reject(
        command, "invalid",
        "the digest of the expanded text is " + compiled.digest + ", not " + command.digest, now);
  }
  const std::string id =
      command.rollout.empty() ? make_id(compiled.machine.name, command.key) : command.rollout;
  if (!is_id(id)) {
    return reject(command, "invalid", "`rollout` must match [a-z0-9-]{1,63}", now);
  }
  if (const auto refusal = core::refuse_start(compiled.machine, shard_, command, id)) {
    return reject(command, refusal->reason, refusal->detail, now);
  }
  std::shared_ptr<const Plan> plan;
  if (auto known = plan_of(compiled.digest)) {
    plan = *known;
  } else {
    plan = std::make_shared<const Plan>(compiled);
    plans_[compiled.digest] = plan;
    turn_.plans.push_back(compiled);
  }
  core::Start begin;
  begin.command = command;
  begin.rollout = id;
  begin.stream = core::StreamId{shard_.last_stream + 1};
  begin.digest = compiled.digest;
  begin.limits = options_.limits;
  begin.sight = sight_;
  begin.now = now;
  // A recovery of this rollout begins here at the latest.
  if (bases_at_ <= now && readings_.empty()) save_bases(now);
  begin.back = plan_back(compiled.machine, now);
  Rollout& rollout = run(begin.stream);
  rollout.plan = plan;
  rollout.selector = selector_of(plan);
  rollout.state = core::begin(plan->machine, shard_, begin, turn_.events);
  // Phases of the observing are spread, so that many rollouts do not write in one turn.
  const auto phase = static_cast<std::int64_t>(begin.stream.value % 10);
  rollout.observe_at = now + options_.observe_interval * (phase + 1) / 10;
  rollout.snapshot_at = now + options_.snapshot_interval * (phase + 1) / 10;
  rollout.shares_at = now + core::kSharesInterval;
  rollout.shares.begin(plan->machine, rollout.state);
  rollout.exemplars.begin(plan->machine);
  feeds_.add(begin.stream, plan->machine, rollout.selector);
  if (begin.back) readings_[begin.stream];
  after(rollout, now);
}

void Shard::delivered(const OutboxKey& key, Time now) {
  turn_.closed.push_back(key);
  undelivered_.erase(key);
  const auto found = rollouts_.find(key.stream);
  if (found != rollouts_.end() && !found->second.state.finished()) {
    give(found->second, core::Input{now, core::Deliver{key.sequence}});
  }
}

void Shard::sight(core::Sight sight, Time now) {
  sight_ = sight;
  for (auto& [stream, rollout] : rollouts_) {
    if (rollout.state.finished()) continue;
    give(rollout, core::Input{now, core::See{core::SourceStatus{"bus", sight}}});
  }
}

void Shard::gap(const core::SourceGap& gap, Time now) {
  for (auto& [stream, rollout] : rollouts_) {
    if (!rollout.state.finished()) give(rollout, core::Input{now, core::Miss{gap}});
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

// ---- The turn -------------------------------------------------------------------------------

core::Result<Committed> Shard::commit(Time now) {
  for (const core::StreamId stream : dirty_) {
    Rollout* const rollout = running_[stream.value];
    if (rollout == nullptr || !rollout->dirty) continue;
    if (!rollout->state.finished()) look(*rollout, now, false);
  }
  dirty_.clear();
  Committed committed;
  if (!turn_.empty()) {
    if (!command_offsets_.empty()) {
      Bytes bytes;
      bytes.number(command_offsets_.size());
      for (const core::SourceOffset& offset : command_offsets_) {
        bytes.text(offset.topic);
        bytes.signed_number(offset.partition);
        bytes.signed_number(offset.next);
      }
      turn_.values.push_back(Value{"commands", std::move(bytes.data)});
    }
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

std::optional<OutboxRow> Shard::render(const core::Event& event, std::string_view hash) const {
  if (!std::holds_alternative<core::EffectRequested>(event.body) || !options_.render) {
    return std::nullopt;
  }
  const Rollout& rollout = rollouts_.at(event.stream);
  OutboxRow row = options_.render(rollout.plan->machine, rollout.state, event, hash);
  const auto& effect = std::get<core::EffectRequested>(event.body);
  const bool taken_back = event.sequence < rollout.taken_back && !goes_on(rollout, effect.target);
  if (row.forward && taken_back) return std::nullopt;
  return row;
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
