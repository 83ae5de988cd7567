// evolve() of the shard: the books of its services, and which ids were ever used.

#include <algorithm>

#include "engine/core/decide.h"

namespace rollbook::core {
namespace {

struct ShardFold {
  ShardState& shard;
  const RolloutState* rollout;
  const Event& event;

  ServiceState& service() const { return shard.services[rollout->service]; }

  void operator()(const RolloutStarted& body) const {
    shard.rollouts[body.rollout] = event.stream;
    shard.last_stream = std::max(shard.last_stream, event.stream.value);
    // The log is also replayed stream by stream: a rollout that has ended leaves the service free.
    begin(body, shard.services[body.service]);
    shard.commands.insert(body.command);
  }

  static void begin(const RolloutStarted& body, ServiceState& books) {
    for (const TargetWeight& given : body.targets) {
      TargetBooks& target = books.targets[given.target];
      target.active = body.rollout;
      target.settled = given.weight;
      target.runbook = body.runbook;
    }
    if (!body.targets.empty()) return;
    books.active = body.rollout;
    books.settled = body.weight;
    books.runbook = body.runbook;
    books.targets.clear();  // the whole service moves: what one target was at is past
  }

  void operator()(const EffectRequested& body) const {
    if (body.kind != EffectKind::traffic || !rollout) return;
    service().last_order = std::max(service().last_order, body.order);
  }
  void operator()(const EffectSettled& body) const {
    if (!rollout || body.outcome != EffectOutcome::succeeded) return;
    const auto found = rollout->effects.find(body.effect);
    if (found == rollout->effects.end() || found->second.kind != EffectKind::traffic) return;
    if (found->second.target.valid()) {
      TargetBooks& target = service().targets[rollout->at(found->second.target).name];
      if (found->second.order <= target.settled_order) return;
      target.settled_order = found->second.order;
      target.settled = found->second.to;
      return;
    }
    if (found->second.order <= service().settled_order) return;
    service().settled_order = found->second.order;
    service().settled = found->second.to;
  }
  void operator()(const RolloutFinished& body) const {
    if (!rollout) return;
    for (const TargetState& target : rollout->targets) finish(body, target);
    if (service().active == rollout->id) {
      service().active.clear();
      service().outcomes[service().runbook] = body.outcome;
    }
    // The whole traffic on the canary: what was the canary is the baseline of what comes next.
    if (body.outcome == Outcome::succeeded && body.weight == kAllTraffic &&
        rollout->targets.empty() && service().settled_order == rollout->settled_order) {
      service().settled = kNoTraffic;
    }
  }
  void finish(const RolloutFinished& body, const TargetState& target) const {
    TargetBooks& books = service().targets[target.name];
    if (books.active == rollout->id) {
      books.active.clear();
      service().outcomes[books.runbook] = body.outcome;
    }
    if (body.outcome == Outcome::succeeded && target.settled == kAllTraffic &&
        books.settled_order == target.settled_order) {
      books.settled = kNoTraffic;
    }
  }

  void operator()(const Commanded& body) const { shard.commands.insert(body.command.key); }
  void operator()(const Rejected& body) const { shard.commands.insert(body.command.key); }
  template <class Other>
  void operator()(const Other&) const {}
};

}  // namespace

void evolve(ShardState& shard, const RolloutState* rollout, const Event& event) {
  if (event.stream == kShardStream) shard.last = event.sequence;
  std::visit(ShardFold{shard, rollout, event}, event.body);
}

}  // namespace rollbook::core
