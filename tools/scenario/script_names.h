#pragma once
// What a scenario names of its runbook: states, criteria, effects, stages, questions, options,
// roles. Each that is not there is reported, with what was probably meant.

#include "tools/scenario/script.h"

namespace rollbook::tools {

void resolve_names(Script& script, dsl::Sink& sink);

}  // namespace rollbook::tools
