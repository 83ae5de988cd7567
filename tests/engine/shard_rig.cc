#include "tests/engine/shard_rig.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/engine/stage_machine.h"

namespace rollbook::runtime::tests {
namespace {

// What `retry_of` names is in the payload.
OutboxRow row_of(const core::RolloutState& state, const core::Event& event,
                 const EffectHashes& hashes) {
  const auto& effect = std::get<core::EffectRequested>(event.body);
  OutboxRow row;
  row.stream = event.stream;
  row.sequence = event.sequence;
  row.forward = !effect.rollback && core::is_awaited(effect.kind);
  row.topic = "effects";
  row.key = state.id;
  const auto id = [&](core::Sequence sequence, std::string_view hash) {
    return state.id + "/" + std::to_string(sequence.value) + "/" + std::string(hash);
  };
  row.id = id(event.sequence, hashes.own);
  row.payload = effect.retry_of.valid() ? id(effect.retry_of, hashes.first) : "";
  row.type = std::to_string(static_cast<int>(effect.kind));
  return row;
}

}  // namespace

ShardRig::ShardRig() {
  options.render = [](const core::Machine&, const core::RolloutState& state,
                      const core::Event& event,
                      const EffectHashes& hashes) { return row_of(state, event, hashes); };
  recover();
}

void ShardRig::recover(EventLog& from) {
  auto recovered = Shard::recover(from, options);
  ASSERT_TRUE(recovered) << recovered.error().message;
  shard = std::move(*recovered);
}

void ShardRig::read_again() {
  const auto offsets = shard->metric_offsets();
  const std::int64_t from = offsets.empty() ? 0 : offsets.front().next;
  // The decoder is new as well: it names every series again.
  for (const PointBatch& batch : topic) {
    PointBatch again = batch;
    std::erase_if(again.points, [&](const MetricPoint& point) { return point.offset < from; });
    again.next_offset = std::max(again.next_offset, from);
    shard->points(again, now);
  }
  commit();
}

Compiled ShardRig::compiled(const std::string& service) const {
  Compiled result;
  result.plan = Plan{};
  result.plan->machine = core::tests::stage_machine();
  result.plan->machine.service = service;
  result.plan->digest = std::string(63, 'a') + (service == "shop" ? "1" : "2");
  result.plan->file = "shop.runbook";
  result.plan->source = result.plan->expanded = "runbook " + service;
  return result;
}

core::Command ShardRig::command(core::Verb verb, const std::string& rollout) {
  core::Command made;
  made.key = core::CommandKey{"test", "c-" + std::to_string(++commands_)};
  made.verb = verb;
  made.rollout = rollout;
  made.actor = "maria";
  made.sent = now;
  return made;
}

std::string ShardRig::send(core::Command given) {
  CommandInput input;
  if (given.verb == core::Verb::start) input.compiled = compiled();
  input.command = std::move(given);
  const std::size_t before = events.size();
  shard->command(input, now);
  commit();
  for (std::size_t i = before; i < events.size(); ++i) {
    const auto* rejected = std::get_if<core::Rejected>(&events[i].body);
    if (rejected != nullptr) return rejected->reason;
  }
  return "";
}

std::string ShardRig::start(const std::string& rollout, const std::string& service) {
  CommandInput input;
  input.command = command(core::Verb::start, rollout);
  input.compiled = compiled(service);
  const std::size_t before = events.size();
  shard->command(input, now);
  commit();
  for (std::size_t i = before; i < events.size(); ++i) {
    const auto* rejected = std::get_if<core::Rejected>(&events[i].body);
    if (rejected != nullptr) return rejected->reason;
  }
  return "";
}

std::string ShardRig::settle(const std::string& effect, bool succeeded) {
  core::Command given = command(core::Verb::settle, effect.substr(0, effect.find('/')));
  given.effect = effect;
  given.succeeded = succeeded;
  return send(given);
}

std::string ShardRig::effect_id(core::EffectKind kind) const {
  const std::string type = std::to_string(static_cast<int>(kind));
  for (auto row = outbox.rbegin(); row != outbox.rend(); ++row) {
    if (row->type == type) return row->id;
  }
  return "";
}

std::string ShardRig::retried(const std::string& effect) const {
  for (const OutboxRow& row : outbox) {
    if (row.id == effect) return row.payload;
  }
  return "";
}

void ShardRig::settle_all() {
  for (const OutboxRow& row : std::vector<OutboxRow>(outbox)) {
    const auto running = shard->rollouts().find(row.stream);
    if (running == shard->rollouts().end()) continue;
    const auto& effects = running->second.state.effects;
    const auto effect = effects.find(row.sequence);
    if (effect != effects.end() && !effect->second.outcome) settle(row.id);
  }
}

void ShardRig::to_hold(const std::string& rollout) {
  for (const char* actor : {"ann", "bob"}) {
    core::Command confirm = command(core::Verb::confirm, rollout);
    confirm.item = "Ready";
    confirm.role = "dev";
    confirm.actor = actor;
    EXPECT_EQ(send(confirm), "");
  }
  settle_all();
  settle_all();
  EXPECT_EQ(state(rollout), "canary.hold");
}

void ShardRig::traffic(std::int64_t requests, std::int64_t errors) {
  if (!series_) {
    series_.emplace(points.series("requests", {{"v", "new"}}),
                    points.series("errors", {{"v", "new"}}));
  }
  requests_ += requests;
  errors_ += errors;
  points.counter(series_->first, now, requests_);
  points.counter(series_->second, now, errors_);
  feed(points.take());
}

void ShardRig::feed(PointBatch batch) {
  topic.push_back(batch);
  shard->points(batch, now);
  commit();
}

void ShardRig::tick() {
  shard->tick(now);
  commit();
}

void ShardRig::pass(core::Duration by) {
  const Time until = now + by;
  while (shard->next_deadline() <= until) {
    now = std::max(now, shard->next_deadline());
    tick();
  }
  now = until;
}

void ShardRig::commit() {
  auto committed = shard->commit(now);
  ASSERT_TRUE(committed) << committed.error().message;
  events.insert(events.end(), committed->events.begin(), committed->events.end());
  cancelled.insert(cancelled.end(), committed->cancelled.begin(), committed->cancelled.end());
  const std::vector<OutboxRow> rows = committed->appended.outbox;
  outbox.insert(outbox.end(), rows.begin(), rows.end());
  if (!delivers || rows.empty()) return;
  for (const OutboxRow& row : rows) shard->delivered({row.stream, row.sequence}, now);
  commit();
}

std::string ShardRig::state(const std::string& rollout) const {
  const Shard::Rollout* found = shard->find(rollout);
  return found == nullptr ? "" : found->plan->machine.at(found->state.active).name;
}

}  // namespace rollbook::runtime::tests
