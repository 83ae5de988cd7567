#pragma once
// False alarms: how often a window's share of bad requests breaks its limit although nothing is
// wrong. Requests are taken as independent of each other, windows are not: two that overlap share
// their requests, and each formula says what it makes of that. No simulation, microseconds each.
//
//   WindowedLimit limit{Fixed{1'000'000}, false, 5min, 2min, 100};     // > 0.1 % over 5m for 2m
//   alarm_within(limit, {45, 0.0002}, 2h, true)                        // of 45/s healthy at 0.02 %

#include <cstdint>

#include "engine/core/machine.h"

namespace rollbook::dsl {

// A share of bad requests that must not be exceeded.
struct WindowedLimit {
  core::Fixed limit;      // 0 < limit < 1
  bool at_limit = false;  // broken at the limit already: `>=`
  core::Duration over{};  // above zero
  core::Duration sustain{};
  std::int64_t at_least = 1;  // requests in the window before it may speak
};

struct Flow {
  double per_second = 0;  // requests
  double rate = 0;        // of bad ones among them
};

// The fewest bad ones among `requests` that break the limit.
std::int64_t breaking(const WindowedLimit& limit, std::int64_t requests);

// The chance that one full window breaks the limit. Exact for a constant flow.
double chance_of_one(const WindowedLimit& limit, Flow flow);

// A canary is looked at so often: exporters send no more often.
inline constexpr core::Duration kLook = std::chrono::seconds(5);

// The chance that the limit is broken at any look while the window fills from nothing, a look every
// kLook or pane: few requests are in it then, and one bad one weighs much. Exact: a walk over the
// counts.
double chance_while_filling(const WindowedLimit& limit, Flow flow);

// The chance that a full window breaks the limit anywhere within `watched`, `sustain` left out:
// the scan statistic of a Poisson process, by Naus's product form (JASA 77 (1982) 177), whose
// error is far below a percent.
double chance_of_any(const WindowedLimit& limit, Flow flow, core::Duration watched);

// A bound of the chance that the limit is broken for `sustain` without a break within `watched`.
// Whatever lasts so long covers one of the moments that lie `sustain` apart; counts in overlapping
// windows are associated, so that the chance that none of those moments is broken is at least the
// product of their own chances (Esary, Proschan & Walkup, Ann. Math. Stat. 38 (1967) 1466).
// `filling`: the window is empty at first.
double bound_of_sustained(const WindowedLimit& limit, Flow flow, core::Duration watched,
                          bool filling);

// The same from below, of a full window: one that lasts `sustain` holds the same requests all that
// time but for its ends, so it is broken for so long where what it keeps breaks the limit alone.
double least_of_sustained(const WindowedLimit& limit, Flow flow, core::Duration watched);

// ---- What `rollbook power` and the warnings of `rollbook check` ask --------------------------

// The chance lies between these; without `sustain` they are one.
struct Alarm {
  double least = 0, most = 0;
  bool exact = true;
};

// A guard's criterion over `watched`: filling and sliding together; with `sustain` bounds of it.
Alarm alarm_within(const WindowedLimit& limit, Flow flow, core::Duration watched, bool filling);

// A review's, which looks once at a whole window; with `sustain` at all of the last of it.
Alarm alarm_at_review(const WindowedLimit& limit, Flow flow);

// Whether a criterion breaks its limit by lying at it: `stop x >= L`, and `expect x < L`.
bool breaks_at_limit(core::CriterionKind kind, core::Comparison comparison);

}  // namespace rollbook::dsl
