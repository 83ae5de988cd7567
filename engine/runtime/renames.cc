#include "engine/runtime/renames.h"

#include <algorithm>

namespace rollbook::runtime {
namespace {

using core::Duration;
using core::Fixed;
using core::Int128;

// A new process may be heard so much later than it began.
constexpr Duration kUnheard = std::chrono::minutes(5);

// Both go on: a second replica tells what the first does, up to the time between them. What can
// have come since a new process began, or near enough to what comes by chance, says nothing.
Kinship beside(const Other& other, const Beginning& beginning) {
  const SeriesBase& base = other.base;
  const bool seen = base.heard != core::kDistantFuture;
  const core::Time since = seen ? std::max(base.pace.since, base.heard) : base.pace.since;
  if (base.end - since < kUnheard) return Kinship::none;
  if (base.pace.allows(beginning.total, kUnheard, base.end)) return Kinship::none;
  const bool ahead = beginning.end > base.end;
  const Duration apart = ahead ? beginning.end - base.end : base.end - beginning.end;
  const Int128 by =
      beginning.total > other.total ? beginning.total - other.total : other.total - beginning.total;
  const bool near =
      by <= Int128{Changes::kFew} * Fixed::kScale ||
      base.pace.allows(by, std::max<Duration>(apart, std::chrono::seconds(1)), base.end);
  return near ? Kinship::beside : Kinship::none;
}

// Whether it is the total of one that is silent, and not that of a new process.
bool follows(const Other& other, const Beginning& beginning) {
  const SeriesBase& base = other.base;
  if (beginning.total < other.total) return false;
  const Duration gap = beginning.end - base.end;
  const bool dated = beginning.start != core::kDistantPast && beginning.start != base.start;
  const Duration since = dated ? beginning.end - beginning.start : gap;
  if (base.pace.allows(beginning.total, since, base.end)) return false;
  const Int128 growth = beginning.total - other.total;
  return base.pace.allows(growth, gap, base.end) || growth < other.total;
}

}  // namespace

Kinship kinship(const Other& other, const Beginning& beginning) {
  const SeriesBase& base = other.base;
  if (other.total == 0) return Kinship::none;
  if (!other.silent) return beside(other, beginning);
  // Heard for less time than it is silent, it may have been as short as what came in its place.
  if (base.end - base.pace.since < beginning.end - base.end) return Kinship::none;
  return follows(other, beginning) ? Kinship::follows : Kinship::none;
}

// What began after the other's last point is another process', as far as the totals tell: a
// Collector that was restarted may give its own start.
bool is_retold(const Other& other, const Beginning& beginning) {
  if (!other.silent) return false;
  if (other.total == 0 && !other.base.intervals) return false;  // so all of it came since
  const bool later = beginning.start != core::kDistantPast && beginning.start >= other.base.end;
  return !later || follows(other, beginning);
}

void Changes::support(std::uint64_t change, std::uint64_t name, Int128 total, core::Time at) {
  constexpr std::size_t kMost = 65'536;
  if (total < Int128{kFew} * Fixed::kScale) return;
  if (witnesses_.size() >= kMost && !witnesses_.contains(change)) witnesses_.clear();
  Witness& witness = witnesses_.try_emplace(change, Witness{name, at, false}).first->second;
  if (at - witness.at > kAway) witness = {name, at, false};
  witness.sure = witness.sure || witness.name != name || total >= Int128{kMany} * Fixed::kScale;
  witness.at = std::max(witness.at, at);
}

bool Changes::holds(std::uint64_t change, core::Time at) const {
  const auto found = witnesses_.find(change);
  return found != witnesses_.end() && found->second.sure && at - found->second.at <= kAway;
}

}  // namespace rollbook::runtime
