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
    shard.services[body.service].active = body.rollout;
    shard.services[body.service].settled = body.weight;
    shard.services[body.service].runbook = body.runbook;
    shard.commands.insert(body.command);
  }
  void operator()(const EffectRequested& body) const {
    if (body.kind != EffectKind::traffic || !rollout) return;
    service().last_order = std::max(service().last_order, body.order);
  }
  void operator()(const EffectSettled& body) const {
    if (!rollout || body.outcome != EffectOutcome::succeeded) return;
    const auto found = rollout->effects.find(body.effect);
    if (found == rollout->effects.end() || found->second.kind != EffectKind::traffic) return;
    if (found->second.order <= service().settled_order) return;
    service().settled_order = found->second.order;
    service().settled = found->second.to;
  }
  void operator()(const RolloutFinished& body) const {
    if (!rollout) return;
    if (service().active == rollout->id) {
      service().active.clear();
      service().outcomes[service().runbook] = body.outcome;
    }
    // The whole traffic on the canary: what was the canary is the baseline of what comes next.
    if (body.outcome == Outcome::succeeded && body.weight == kAllTraffic &&
        service().settled_order == rollout->settled_order) {
      service().settled = kNoTraffic;
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
