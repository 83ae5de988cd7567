// `advance only`: what waits for the calendar to open, and what does not run out meanwhile.

#include <algorithm>

#include "engine/core/advance.h"

namespace rollbook::core {

// An opening between the last event and now is an instant at which a review is looked at. Nothing
// that a review looks at has changed since that event, so a later look in the same hours finds
// what the first one found.
bool Advance::has_opened() const {
  const Calendar& calendar = machine_.advance_only;
  if (calendar.hours.empty() || closed()) return false;
  return calendar.next_opening(state_.now) <= now_;
}

// Whether only the calendar keeps a step forward from being taken.
bool Advance::is_ready(const Transition& transition) const {
  if (!transition.on_calendar || core::barred(machine_, state_)) return false;
  if (lacks_requests(transition)) return false;
  const auto& gate = machine_.at(state_.active).gate;
  const Trigger& trigger = transition.trigger;
  switch (trigger.kind) {
    case TriggerKind::always:
      return true;
    case TriggerKind::settled:
      return has_settled(transition);
    case TriggerKind::clock:
      return reached(machine_, state_, trigger.clock, now_);
    case TriggerKind::gate_passed:
      return gate && view_gate(*gate) == GateView::passes;
    case TriggerKind::chosen:
      return chosen(trigger.item, trigger.option) &&
             (!transition.needs_gate || (gate && view_gate(*gate) == GateView::passes));
    default:
      return false;
  }
}

// A deadline that ran out while all that was missing was the opening does not lead away: else each
// healthy canary would be rolled back over the weekend. At the opening, or when that was missed at
// the first sight after it, the step forward goes first.
bool Advance::waits_for_opening(const Transition& transition) const {
  if (machine_.advance_only.hours.empty() || transition.forward) return false;
  if (!closed() && !instant_) return false;
  return std::any_of(machine_.transitions.begin(), machine_.transitions.end(),
                     [&](const Transition& other) {
                       return machine_.contains(other.from, state_.active) && is_ready(other);
                     });
}

}  // namespace rollbook::core
