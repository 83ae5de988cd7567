#pragma once
// Open acts: which of a rollout's effects may still want something, a deadline or another try. A
// shift back that does not settle is asked for every two minutes without end, each time as an
// effect of its own, and of those only the last one may: what is looked at in every turn must not
// grow with the days that this goes on.

#include <map>
#include <vector>

#include "engine/core/state.h"

namespace rollbook::core {

using Effects = std::map<Sequence, EffectState>;

// Effects from `from` on are attempts of shifts back, of which `last` are the last ones.
struct Attempts {
  Effects::const_iterator from;
  std::vector<Effects::const_iterator> last;  // by rising sequence
};
// `from` is the end where they are few, or where something else is among them.
Attempts trailing_attempts(const Effects& effects);

// Whether `holds` is true of any effect, by rising sequence; attempts that were replaced are left
// out: they have neither a deadline nor a time at which they are tried again.
template <class Predicate>
bool any_open_act(const Effects& effects, const Predicate& holds) {
  const Attempts attempts = trailing_attempts(effects);
  for (auto one = effects.begin(); one != attempts.from; ++one) {
    if (holds(one->first, one->second)) return true;
  }
  for (const Effects::const_iterator& one : attempts.last) {
    if (holds(one->first, one->second)) return true;
  }
  return false;
}

// `act`, a shift back that is not among them yet, takes over from those of its target: none of them
// is asked for again. Which attempt it is, from 1 on.
std::uint32_t take_over(Effects& effects, const EffectState& act);

}  // namespace rollbook::core
