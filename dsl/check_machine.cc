// The machine as a graph. What the passes before promise is proved here on what really runs.

#include "dsl/check.h"
#include "dsl/check_rules.h"
#include "dsl/prove.h"
#include "engine/core/limits.h"

namespace rollbook::dsl {

void check_machine(const core::Machine& machine, Sink& sink) {
  if (machine.states.size() > core::kStates) {
    sink.error(Code::too_many_states, machine.states[core::kStates].span,
               "this runbook needs " + std::to_string(machine.states.size()) + " states, at most " +
                   std::to_string(core::kStates) + " can run",
               "split it into several runbooks");
    return;
  }
  check_no_way_back(machine, sink);
  for (const Fault& fault : prove(machine).faults) {
    std::string help = fault.help;
    const std::string scenario = as_scenario(fault, machine);
    if (!fault.path.empty()) help += "; the way there:\n" + in_words(fault, machine);
    if (!scenario.empty()) help += "and a scenario that takes it:\n" + scenario;
    sink.error(fault.code, machine.at(fault.state).span, fault.what, std::move(help));
  }
}

}  // namespace rollbook::dsl
