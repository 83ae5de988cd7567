#include "engine/core/machine.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace rollbook::core {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
  std::abort();
}

bool Machine::contains(StateIndex outer, StateIndex inner) const {
  for (StateIndex i = inner; i.valid(); i = at(i).parent) {
    if (i == outer) return true;
  }
  return false;
}

StateIndex Machine::leaf(StateIndex state) const {
  while (at(state).kind == StateKind::compound) state = at(state).initial;
  return state;
}

std::uint32_t Machine::rank(StateIndex state) const {
  std::uint32_t highest = 0;
  for (StateIndex i = state; i.valid(); i = at(i).parent) {
    highest = std::max(highest, at(i).rollback_rank);
  }
  return highest;
}

bool Machine::is_declared(MetricIndex metric) const {
  const Metric& added = at(metric);
  return std::none_of(metrics.begin(), metrics.begin() + metric.value, [&](const Metric& before) {
    return before.selector == added.selector && before.span == added.span;
  });
}

StateIndex Machine::find(const std::string& state_name) const {
  for (std::uint32_t i = 0; i < states.size(); ++i) {
    if (states[i].name == state_name) return StateIndex{i};
  }
  return StateIndex{};
}

TargetIndex Machine::find_target(const std::string& target_name) const {
  for (std::uint32_t i = 0; i < targets.size(); ++i) {
    if (targets[i].name == target_name) return TargetIndex{i};
  }
  return TargetIndex{};
}

}  // namespace rollbook::core
