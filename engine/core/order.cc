// Whether a rollout may start now: which others run, where they have left the traffic, and which
// must have gone before (`after runbook X`).

#include <algorithm>

#include "engine/core/decide.h"
#include "engine/core/sentence.h"

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

Refusal busy(const std::string& whose, const std::string& active) {
  return Refusal{"busy",
                 whose + " has the active rollout `" + active + "`; wait for it or abort it"};
}

std::string of_target(const std::string& target, const std::string& service) {
  return "target `" + target + "` of service `" + service + "`";
}

Refusal mismatch(const std::string& whose, Weight begins, Weight known) {
  return Refusal{"weight_mismatch", "the runbook begins at " + percent_text(Fixed{begins.nanos}) +
                                        ", the last settled weight of " + whose + " is " +
                                        percent_text(Fixed{known.nanos}) +
                                        "; say `weight` if it was changed by hand"};
}

// What the command says of the target, or of all of them; else what is in the books.
Weight known_weight(const std::string& target, const ServiceState& books, const Command& command) {
  for (const TargetWeight& given : command.weights) {
    if (given.target == target) return given.weight;
  }
  const auto own = books.targets.find(target);
  return command.weight.value_or(own == books.targets.end() ? books.settled : own->second.settled);
}

}  // namespace

// A rollout of the whole service and one of a target exclude each other, as two of one target do.
std::optional<Refusal> refuse_busy(const Machine& machine, const ServiceState& books) {
  if (!books.active.empty()) return busy("service `" + machine.service + "`", books.active);
  for (const auto& [name, target] : books.targets) {
    if (target.active.empty()) continue;
    if (!machine.targets.empty() && !machine.find_target(name).valid()) continue;
    return busy(of_target(name, machine.service), target.active);
  }
  return std::nullopt;
}

std::optional<Refusal> refuse_weight(const Machine& machine, const ServiceState& books,
                                     const Command& command) {
  for (const TargetWeight& given : command.weights) {
    if (machine.find_target(given.target).valid()) continue;
    return Refusal{"invalid", "runbook `" + machine.name + "` has no target `" + given.target +
                                  "`; say `weight` of those that it names"};
  }
  if (!machine.targets.empty()) {
    for (const Target& target : machine.targets) {
      const Weight known = known_weight(target.name, books, command);
      if (target.begins == known) continue;
      return mismatch(of_target(target.name, machine.service), target.begins, known);
    }
    return std::nullopt;
  }
  const Weight known = command.weight.value_or(books.settled);
  if (machine.begins != known) return mismatch("`" + machine.service + "`", machine.begins, known);
  if (command.weight) return std::nullopt;
  for (const auto& [name, target] : books.targets) {
    if (target.settled == machine.begins) continue;
    return mismatch(of_target(name, machine.service), machine.begins, target.settled);
  }
  return std::nullopt;
}

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
