// Floors: how far back a window may reach, and when it begins anew.

#include <algorithm>

#include "engine/core/clocks.h"
#include "engine/core/windows.h"

namespace rollbook::core {

Time floor_of(const RolloutState& state, Floor floor, TargetIndex target) {
  const Time guard = target.valid() ? state.at(target).guard_floor : state.guard_floor;
  switch (floor) {
    case Floor::before:
      return state.back.whole_from.value_or(state.started);
    case Floor::start:
      return state.started;
    case Floor::guard:
      return guard;
    case Floor::shift:
      return target.valid() ? std::max(guard, state.shift_floor) : state.shift_floor;
  }
  return kDistantFuture;
}

Floor floor_of(const Machine& machine, const RolloutState& state, const Window& window) {
  return is_renewed(machine, state, window) ? Floor::shift : window.floor;
}

bool is_renewed(const Machine& machine, const RolloutState& state, const Window& window) {
  if (!window.renewed) return false;
  const TargetIndex target = machine.at(window.series).target;
  if (floor_of(state, Floor::shift, target) == kDistantFuture) return false;
  if (!state.ramp || !machine.at(state.active).ramp) return true;
  const Ramp& ramp = *machine.at(state.active).ramp;
  return ramp.every >= window.width || state.ramp->steps_requested >= ramp_steps(ramp, *state.ramp);
}

bool counts(const Machine& machine, const RolloutState& state, const Window& window,
            const CellDelta& delta) {
  return delta.series == window.series && delta.reach >= floor_of(machine, state, window);
}

}  // namespace rollbook::core
