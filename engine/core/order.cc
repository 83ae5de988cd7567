// `after runbook X`: which rollouts must have gone before.

#include "engine/core/decide.h"

namespace rollbook::core {
namespace {

std::string ended_in_words(Outcome outcome) {
  switch (outcome) {
    case Outcome::succeeded:
      return "succeeded";
    case Outcome::rolled_back:
      return "was rolled back";
    case Outcome::aborted:
      return "was aborted";
  }
  return "";
}

}  // namespace

std::optional<Refusal> refuse_order(const Machine& machine, const ShardState& shard) {
  const auto service = shard.services.find(machine.service);
  for (const std::string& runbook : machine.after) {
    std::string found = "there was none";
    if (service != shard.services.end()) {
      const auto last = service->second.outcomes.find(runbook);
      if (last != service->second.outcomes.end()) {
        if (last->second == Outcome::succeeded) continue;
        found = "the last one " + ended_in_words(last->second);
      }
    }
    return Refusal{"after", "a rollout of `" + runbook + "` for service `" + machine.service +
                                "` must have succeeded before this one, and " + found +
                                "; start `" + runbook + "` first"};
  }
  return std::nullopt;
}

}  // namespace rollbook::core
