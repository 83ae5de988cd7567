#pragma once
// Semantics: by which rules a rollout is decided. RolloutStarted pins them, so that an upgrade
// changes nothing of a rollout that is under way, and `replay --verify` recomputes what an earlier
// build decided. Who changes what decide() makes of an input raises kSemantics, keeps the old way
// for what began with less, and says here what is new:
//
//   1  the first
//   2  an open decision is its quorum's alone: `extend` by one person is refused; a "no", or an
//      expect that fails, ends a review while paused too; a reason names who said no, and to what;
//      what happens on the way out of a state says why it is left, not what led in; a rollback in
//      part is no reason of the one that is commanded after it, nor of what goes on; a hold that
//      was promoted says so; a guard's proof of two rates tells what it was proven of
//
// What a test makes of its numbers is not pinned: an upgrade judges better from then on, and
// `replay --verify` says where an earlier build had another verdict.

#include "engine/core/decide.h"

namespace rollbook::core {

inline constexpr std::uint32_t kWordOfPeople = 2;
inline constexpr std::uint32_t kSemantics = kWordOfPeople;

// begin() by the rules of an earlier build.
RolloutState begin_by(std::uint32_t semantics, const Machine& machine, ShardState& shard,
                      const Start& start, std::vector<Event>& out);

}  // namespace rollbook::core
