#pragma once
// Lately: what a condition says of its last moments alone. A window of minutes, and a test of days,
// look back on more than what goes on now. Read by veto.h, of either arm; never a verdict.

#include "engine/core/found.h"

namespace rollbook::core {

struct Lately {
  enum class Says : std::uint8_t { unknown, healthy, failing };
  Says says = Says::unknown;
  std::optional<Fixed> value;  // of a ratio and of a quantile
  std::int64_t samples = 0;    // of those: requests

  bool healthy() const { return says == Says::healthy; }
  bool failing() const { return says == Says::failing; }
};

// Of (to − span, to], where `to` is the end of the pane that `at` lies in: a common time leaves
// none in two. As the plain estimate says it, of a test against a limit too; unknown without data
// and of silence, splits, scores, and what is compared with another arm or time. Windows of tests
// hold no cells that are older than stale_after.
Lately lately(const Subject& subject, Time at, Duration span);

}  // namespace rollbook::core
