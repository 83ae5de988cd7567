#include "tests/scenarios/rehearsal.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/core/sentence.h"

namespace rollbook::tests {

using core::Time;

namespace {

runtime::ShardOptions options() {
  runtime::ShardOptions result;
  result.render = [](const core::Machine&, const core::RolloutState& state,
                     const core::Event& event, const runtime::EffectHashes& hashes) {
    runtime::OutboxRow row;
    row.stream = event.stream;
    row.sequence = event.sequence;
    const auto& requested = std::get<core::EffectRequested>(event.body);
    row.forward = !requested.rollback &&
                  (core::is_awaited(requested.kind) || requested.kind == core::EffectKind::start);
    row.id = state.id + "/" + std::to_string(event.sequence.value) + "/" + std::string(hashes.own);
    row.payload = row.id;
    return row;
  };
  return result;
}

// Tests share their runbooks: each text is compiled once.
const runtime::Compiled& compiled(const std::string& text) {
  static std::map<std::string, runtime::Compiled> known;
  const auto [place, added] = known.try_emplace(text);
  if (added) place->second = dsl::Compiler().compile("test.runbook", text, {});
  return place->second;
}

}  // namespace

Rehearsal::Rehearsal(const std::string& runbook) {
  take(runbook);
  auto shard = runtime::Shard::recover(log_, options());
  ROLLBOOK_CHECK(shard.has_value());
  shard_ = std::move(*shard);
}
Rehearsal::~Rehearsal() = default;

void Rehearsal::take(const std::string& runbook) {
  compiled_ = compiled(runbook);
  for (const runtime::Diagnostic& found : compiled_.diagnostics) {
    EXPECT_NE(found.severity, runtime::Severity::error)
        << found.file << ":" << found.span.line << ":" << found.span.column << ": "
        << found.message;
  }
  ROLLBOOK_CHECK(compiled_.plan.has_value());
  plan_ = std::make_shared<const runtime::Plan>(*compiled_.plan);
}

// ---- People -----------------------------------------------------------------------------------

core::Command Rehearsal::base(core::Verb verb) {
  core::Command command;
  command.key = core::CommandKey{"test", "c-" + std::to_string(++commands_)};
  command.verb = verb;
  command.rollout = rollout_id;
  command.actor = "maria";
  command.sent = now_;
  return command;
}

std::string Rehearsal::start(std::optional<core::Command> command) {
  return send(command.value_or(base(core::Verb::start)));
}

std::string Rehearsal::send(core::Command command) {
  runtime::CommandInput input;
  if (command.key.id.empty()) command.key = base(command.verb).key;
  if (command.verb == core::Verb::start) input.compiled = compiled_;
  input.command = std::move(command);
  const std::size_t before = events_.size();
  shard_->command(input, now_);
  commit();
  for (std::size_t i = before; i < events_.size(); ++i) {
    if (const auto* rejected = std::get_if<core::Rejected>(&events_[i].body)) {
      return rejected->reason;
    }
  }
  return "";
}

std::string Rehearsal::confirm(const std::string& item, const std::string& role,
                               const std::string& actor, bool yes, std::uint64_t question) {
  core::Command command = base(core::Verb::confirm);
  command.item = item;
  command.role = role;
  command.actor = actor;
  command.yes = yes;
  command.question = question;
  return send(std::move(command));
}

std::string Rehearsal::decide(const std::string& option, const std::string& role,
                              const std::string& actor, std::uint64_t question) {
  core::Command command = base(core::Verb::decide);
  command.option = option;
  command.role = role;
  command.actor = actor;
  command.question = question;
  return send(std::move(command));
}

std::string Rehearsal::verb(core::Verb verb, std::optional<core::Duration> duration) {
  core::Command command = base(verb);
  command.duration = duration;
  return send(std::move(command));
}

std::string Rehearsal::rollback(core::RollbackHow how, std::optional<core::Duration> over) {
  core::Command command = base(core::Verb::rollback);
  command.how = how;
  command.duration = over;
  return send(std::move(command));
}

std::string Rehearsal::rollback_to(core::Weight to, core::RollbackHow how,
                                   std::optional<core::Duration> over) {
  core::Command command = base(core::Verb::rollback);
  command.how = how;
  command.to = to;
  command.duration = over;
  return send(std::move(command));
}

std::string Rehearsal::settle(const std::string& effect, bool succeeded) {
  core::Command command = base(core::Verb::settle);
  command.effect = effect;
  command.succeeded = succeeded;
  return send(std::move(command));
}

void Rehearsal::answer(const core::Event& event) {
  const auto* asked = std::get_if<core::Asked>(&event.body);
  if (!agreeable || asked == nullptr) return;
  const core::Item& item = machine().at(asked->item);
  const core::Quorum& quorum = item.quorum;
  const std::size_t voices =
      quorum.kind == core::QuorumKind::all ? quorum.roles.size() : std::size_t{quorum.needed};
  for (std::size_t i = 0; i < voices; ++i) {
    const std::string actor = "person-" + std::to_string(i);
    const std::string& role = quorum.roles[i % quorum.roles.size()];
    if (item.kind == core::ItemKind::confirm) {
      confirm(item.text, role, actor, true, event.sequence.value);
    } else {
      const auto next = std::find_if(
          item.options.begin(), item.options.end(),
          [](const core::Option& option) { return option.kind == core::OptionKind::next; });
      decide(next->name, role, actor, event.sequence.value);
    }
  }
}

// ---- Time -------------------------------------------------------------------------------------

bool Rehearsal::step(Time until) {
  Time next = scrape_at_;
  if (!hoarding_) next = std::min(next, shard_->next_deadline());
  for (const Due& due : due_) next = std::min(next, due.at);
  for (const Delayed& late : delayed_) next = std::min(next, late.at);
  if (next > until) {
    now_ = until;
    return false;
  }
  now_ = std::max(now_, next);
  if (settle_due()) return true;
  if (scrape_at_ <= now_) {
    scrape_at_ = now_ + scrape_every;
    scrape(now_);
  }
  deliver_delayed();
  if (hoarding_) return true;
  shard_->tick(now_);
  commit();
  return true;
}

bool Rehearsal::settle_due() {
  const auto due = std::find_if(due_.begin(), due_.end(),
                                [&](const Due& candidate) { return candidate.at <= now_; });
  if (due == due_.end()) return false;
  const Due taken = *due;
  due_.erase(due);
  settle(taken.effect, taken.succeeded);
  return true;
}

void Rehearsal::run_for(core::Duration duration) {
  const Time until = now_ + duration;
  while (step(until)) {
  }
}

void Rehearsal::run_to_end(core::Duration most) {
  const Time until = now_ + most;
  while (!replica_.finished()) {
    if (!step(until)) {
      ADD_FAILURE() << "not at its end after " << core::duration_text(most) << ", but in "
                    << state();
      return;
    }
  }
}

void Rehearsal::run_to(const std::string& wanted, core::Duration most) {
  const Time until = now_ + most;
  while (state().rfind(wanted, 0) != 0) {
    if (!step(until) || replica_.finished()) {
      if (state().rfind(wanted, 0) == 0) return;
      ADD_FAILURE() << "not in " << wanted << " but in " << state();
      return;
    }
  }
}

// What was scraped and settled meanwhile is read when it is back.
void Rehearsal::read_missed(const std::vector<Time>& scrapes) {
  shard_->sight(core::Sight::catching_up, now_);
  commit();
  for (const Time at : scrapes) scrape(at);
  deliver_delayed();
  while (settle_due()) {
  }
  shard_->sight(core::Sight::live, now_);
  commit();
}

void Rehearsal::hoard() { hoarding_ = now_; }

void Rehearsal::release() {
  const Time from = *hoarding_;
  hoarding_.reset();
  shard_->wake(core::EngineGap{from, now_}, now_);
  sight(core::Sight::catching_up);
  runtime::PointBatch backlog;
  std::swap(backlog, hoard_);
  feed(std::move(backlog));
  sight(core::Sight::live);
}

void Rehearsal::engine_away(core::Duration duration) {
  const Time from = now_;
  now_ += duration;
  std::vector<Time> scrapes;
  for (; scrape_at_ <= now_; scrape_at_ += scrape_every) scrapes.push_back(scrape_at_);
  shard_->wake(core::EngineGap{from, now_}, now_);
  read_missed(scrapes);
}

// Nobody hears of an effect and nobody can settle one, nor give an order.
void Rehearsal::bus_away(core::Duration duration) {
  const Time until = now_ + duration;
  std::vector<Due> held;
  held.swap(due_);
  reachable_ = false;
  shard_->sight(core::Sight::unreachable, now_);
  commit();
  std::vector<Time> scrapes;
  for (; scrape_at_ <= until; scrape_at_ += scrape_every) scrapes.push_back(scrape_at_);
  while (shard_->next_deadline() <= until) {
    now_ = std::max(now_, shard_->next_deadline());
    shard_->tick(now_);
    commit();
  }
  now_ = until;
  reachable_ = true;
  for (Due& due : held) due.at = std::max(due.at, now_);
  due_.insert(due_.end(), held.begin(), held.end());
  deliver_outbox();
  read_missed(scrapes);
}

void Rehearsal::sight(core::Sight sight) {
  shard_->sight(sight, now_);
  commit();
}

void Rehearsal::gap(const core::SourceGap& gap) {
  shard_->gap(core::Miss{gap}, now_);
  commit();
}

void Rehearsal::clock_step(core::Duration by) {
  shard_->clock_step(by, now_);
  commit();
}

void Rehearsal::crash(std::size_t scrapes) {
  auto shard = runtime::Shard::recover(log_, options());
  if (!shard) {
    ADD_FAILURE() << shard.error().message;
    return;
  }
  shard_ = std::move(*shard);
  if (const auto* live = shard_->find(rollout_)) {
    EXPECT_EQ(core::hash(live->state), core::hash(replica_)) << "recovered in " << state();
  }
  const auto offsets = shard_->metric_offsets();
  const std::int64_t from = offsets.empty() ? 0 : offsets.front().next;
  // The decoder is new as well: it names every series and layout again.
  runtime::PointBatch names;
  names.topic = "metrics";
  for (const Source& known : sources_) {
    if (known.sent) names.new_series.push_back(known.name);
  }
  names.new_layouts.assign(layouts_.begin(),
                           layouts_.begin() + static_cast<std::ptrdiff_t>(layouts_sent_));
  names.next_offset = from;
  shard_->points(names, now_);
  for (runtime::PointBatch batch : history_) {
    if (batch.next_offset <= from) continue;
    if (scrapes-- == 0) break;
    batch.new_series.clear();
    batch.new_layouts.clear();
    std::erase_if(batch.points,
                  [&](const runtime::MetricPoint& point) { return point.offset < from; });
    shard_->points(batch, now_);
  }
  commit();
}

// ---- The turn ---------------------------------------------------------------------------------

void Rehearsal::commit() {
  auto committed = shard_->commit(now_);
  if (!committed) {
    ADD_FAILURE() << committed.error().message;
    return;
  }
  std::vector<std::string> sent;
  for (const runtime::OutboxRow& row : committed->appended.outbox) {
    outbox_.emplace_back(runtime::OutboxKey{row.stream, row.sequence}, row.id);
    sent.push_back(row.id);
  }
  invariants_.sent(sent);
  std::erase_if(outbox_, [&](const auto& row) {
    const auto& cancelled = committed->cancelled;
    return std::find(cancelled.begin(), cancelled.end(), row.first) != cancelled.end();
  });
  std::vector<core::Event> asked;
  std::size_t effects = 0;
  for (std::size_t i = 0; i < committed->events.size(); ++i) {
    const core::Event& event = committed->events[i];
    events_.push_back(event);
    effects += std::holds_alternative<core::EffectRequested>(event.body);
    if (const auto* started = std::get_if<core::RolloutStarted>(&event.body)) {
      rollout_ = started->rollout;
      stream_ = event.stream;
      replica_ = core::RolloutState{};
      hashes_.clear();
    }
    if (event.stream == core::kShardStream) {
      invariants_.see(machine(), replica_, event);
      continue;
    }
    hashes_[event.sequence.value] = committed->appended.hashes[i];
    if (std::holds_alternative<core::Asked>(event.body)) asked.push_back(event);
  }
  EXPECT_EQ(effects, sent.size()) << "every effect has its message in the same batch";
  if (!committed->events.empty()) check_replica();
  if (reachable_ && delivers) deliver_outbox();
  for (const core::Event& question : asked) answer(question);
}

// Handed over to whoever acts, who settles as the test says.
void Rehearsal::deliver_outbox() {
  if (outbox_.empty()) return;
  decltype(outbox_) rows;
  rows.swap(outbox_);
  for (const auto& [key, id] : rows) {
    if (key.stream == stream_) plan_settlement(key.sequence, id);
    shard_->delivered(key, now_);
  }
  commit();
}

void Rehearsal::check_replica() {
  if (!stream_) return;
  const auto read = log_.read(*stream_, core::Sequence{replica_.last.value + 1},
                              [&](const runtime::StoredEvent& stored) {
                                invariants_.see(machine(), replica_, stored.event);
                                core::evolve(machine(), replica_, stored.event);
                                return true;
                              });
  if (!read) ADD_FAILURE() << read.error().message;
  invariants_.rest(machine(), replica_, now_, offset_);
  for (const std::string& broken : invariants_.take()) ADD_FAILURE() << broken << ", " << state();
  const auto live = shard_->rollouts().find(*stream_);
  if (live == shard_->rollouts().end()) return;
  ASSERT_EQ(core::hash(replica_), core::hash(live->second.state))
      << "the state rebuilt from the log differs from the live one in " << state();
}

void Rehearsal::plan_settlement(core::Sequence effect, const std::string& id) {
  for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
    if (event->stream != stream_ || event->sequence != effect) continue;
    const auto& requested = std::get<core::EffectRequested>(event->body);
    if (!core::is_awaited(requested.kind) && !requested.tracked) return;
    const Settlement settlement = settles ? settles(requested) : Settlement{};
    if (settlement.never) return;
    for (int i = 0; i < settlement.times; ++i) {
      due_.push_back(Due{now_ + settlement.after, id, settlement.succeeds});
    }
    return;
  }
}

}  // namespace rollbook::tests
