#pragma once
// The series of a scenario against its machine: which metric would count them, of which kind they
// are, and on which bounds a histogram must stand so that its quantiles come out as written.

#include "tools/scenario/script.h"

namespace rollbook::tools {

// Fills Script::healthy and Script::given.
void resolve_series(Script& script, dsl::Sink& sink);

}  // namespace rollbook::tools
