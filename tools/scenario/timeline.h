#pragma once
// The timeline around a failure: what happened shortly before, at, and after the time to look at,
// as sentences with virtual times.
//
//       26h30s   • canary_5.review.gate → canary_10.shift: all checks passed
//     > 27h      (here)

#include <string>
#include <vector>

#include "engine/runtime/event_log.h"
#include "tools/scenario/verdict.h"

namespace rollbook::tools {

// Without colours and without line ends.
core::Result<std::vector<std::string>> timeline(const runtime::EventLog& log, const Seen& seen,
                                                const Unmet& failure);

}  // namespace rollbook::tools
