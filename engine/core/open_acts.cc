#include "engine/core/open_acts.h"

#include <algorithm>
#include <iterator>

namespace rollbook::core {

// All effects of one first attempt are counted by the last of them. So it is enough to look at the
// end, where each shift back under way has been asked for lately, and to count what is before them.
Attempts trailing_attempts(const Effects& effects) {
  constexpr std::size_t kFew = 32;
  Attempts attempts{effects.end(), {}};
  if (effects.size() < kFew) return attempts;
  std::size_t counted = 0;
  auto one = effects.end();
  for (std::size_t looks = 0; looks < kFew && std::prev(one)->second.rollback; ++looks) {
    --one;
    const EffectState& act = one->second;
    const bool known =
        std::any_of(attempts.last.begin(), attempts.last.end(),
                    [&](const auto& other) { return other->second.first == act.first; });
    if (known) continue;
    attempts.last.insert(attempts.last.begin(), one);
    counted += act.attempts;
  }
  auto from = effects.end();
  for (const Effects::const_iterator& last : attempts.last) {
    const auto first = effects.find(last->second.first);
    if (first == effects.end()) return Attempts{effects.end(), {}};
    if (from == effects.end() || first->first < from->first) from = first;
  }
  const auto before = static_cast<std::size_t>(std::distance(effects.begin(), from));
  if (before + counted != effects.size()) return Attempts{effects.end(), {}};
  attempts.from = from;
  return attempts;
}

// INVARIANT: each has taken over from those before it, so the last one has all there is to take.
std::uint32_t take_over(Effects& effects, const EffectState& act) {
  for (auto one = effects.rbegin(); one != effects.rend(); ++one) {
    auto& [sequence, other] = *one;
    if (!other.rollback || other.target != act.target) continue;
    other.retry_at.reset();
    if (other.kind != EffectKind::traffic) continue;
    if (other.first == act.first) return other.attempts + 1;
    if (sequence < act.first) return 1;
  }
  return 1;
}

}  // namespace rollbook::core
