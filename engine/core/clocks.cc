#include "engine/core/clocks.h"

#include <algorithm>

#include "engine/core/judge.h"
#include "engine/core/veto.h"

namespace rollbook::core {
namespace {

bool lacks_data(const Machine& machine, const RolloutState& state, Time now) {
  return any_armed(machine, state, [&](CriterionIndex index) {
    const Criterion& criterion = machine.at(index);
    return (!criterion.veto && stale_of(machine, state, criterion)) ||
           is_clashing(machine, state, {}, criterion, now);
  });
}

bool may_run(const RolloutState& state, ClockKind kind, bool waits) {
  switch (kind) {
    case ClockKind::steady:
      return true;
    case ClockKind::engine:
      return state.sight == Sight::live && !state.halted;
    case ClockKind::watched:
      return state.sight == Sight::live && !state.halted && !waits;
  }
  return false;
}

}  // namespace

Duration elapsed(const RolloutState& state, ClockIndex index, Time now) {
  const ClockState& clock = state.clocks[index.value];
  return clock.mark ? clock.elapsed + std::max(Duration::zero(), now - *clock.mark) : clock.elapsed;
}

Duration watched(const RolloutState& state, ClockIndex index, Time now) {
  return elapsed(state, index, now) - state.clocks[index.value].spared;
}

Duration limit_of(const Machine& machine, const RolloutState& state, ClockIndex index) {
  return machine.at(index).limit + state.clocks[index.value].extra;
}

bool reached(const Machine& machine, const RolloutState& state, ClockIndex index, Time now) {
  return elapsed(state, index, now) >= limit_of(machine, state, index);
}

Time reached_at(const Machine& machine, const RolloutState& state, ClockIndex index) {
  const ClockState& clock = state.clocks[index.value];
  if (!clock.mark) return kDistantFuture;
  return *clock.mark + (limit_of(machine, state, index) - clock.elapsed);
}

bool pauses_itself(const Machine& machine, const RolloutState& state) {
  return any_armed(machine, state, [&](CriterionIndex index) {
    return machine.at(index).kind == CriterionKind::pause &&
           state.readings[index.value].verdict == Verdict::fail;
  });
}

bool barred(const Machine& machine, const RolloutState& state) {
  return state.paused || state.halted || state.sight != Sight::live ||
         pauses_itself(machine, state) || is_held_back(machine, state);
}

Time leave_out(Time since, Time from, Time to) {
  return since + std::max(Duration::zero(), to - std::max(from, since));
}

void refresh_clocks(const Machine& machine, RolloutState& state, Time now) {
  const bool waits =
      state.paused || lacks_data(machine, state, now) || pauses_itself(machine, state);
  for (std::uint32_t i = 0; i < machine.clocks.size(); ++i) {
    const Clock& spec = machine.clocks[i];
    ClockState& clock = state.clocks[i];
    const bool runs = !state.finished() && state.active.valid() &&
                      machine.contains(spec.owner, state.active) &&
                      may_run(state, spec.kind, waits);
    if (runs && !clock.mark) {
      clock.mark = now;
    } else if (!runs && clock.mark) {
      clock.elapsed += std::max(Duration::zero(), now - *clock.mark);
      clock.mark.reset();
    }
  }
}

std::uint32_t ramp_steps(const Ramp& ramp, const RampState& state) {
  if (state.from == state.to || ramp.every <= Duration::zero()) return 1;
  const auto steps = (state.over.count() + ramp.every.count() - 1) / ramp.every.count();
  return static_cast<std::uint32_t>(std::max<std::int64_t>(1, steps));
}

std::uint32_t ramp_due(const Ramp& ramp, const RampState& state, Time now) {
  if (ramp.every <= Duration::zero()) return 1;
  const auto passed = std::max(Duration::zero(), now - state.started) / ramp.every;
  return std::min(ramp_steps(ramp, state),
                  static_cast<std::uint32_t>(std::min<std::int64_t>(passed, 1 << 30)) + 1);
}

Weight ramp_weight(const Ramp& ramp, const RampState& state, std::uint32_t step) {
  const std::int64_t steps = ramp_steps(ramp, state);
  const auto way = static_cast<Int128>(state.to.nanos - state.from.nanos) * step / steps;
  return Weight{state.from.nanos + static_cast<std::int64_t>(way)};
}

RampState ramp_of(const RolloutState& state, const RampState& books, TargetIndex target) {
  RampState own = books;
  if (!target.valid()) return own;
  own.from = state.at(target).ramp_from;
  own.to = std::min(books.to, own.from);
  return own;
}

}  // namespace rollbook::core
