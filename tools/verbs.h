#pragma once
// One function a verb, each in tools/verbs/<verb>.cc.

#include "tools/cli.h"
#include "tools/verb_shape.h"

namespace rollbook::tools {

Verb new_verb();
Verb check_verb();
Verb explain_verb();
Verb fmt_verb();
Verb expand_verb();
Verb graph_verb();
Verb schedule_verb();
Verb diff_verb();
Verb power_verb();
Verb test_verb();
Verb simulate_verb();
Verb lsp_verb();

Verb engine_verb();
Verb sandbox_verb();
Verb start_verb();
Verb list_verb();
Verb status_verb();
Verb metrics_verb();
Verb traffic_verb();
Verb analyze_verb();
Verb samples_verb();
Verb confirm_verb();
Verb decide_verb();
Verb pause_verb();
Verb resume_verb();
Verb promote_verb();
Verb extend_verb();
Verb rollback_verb();
Verb abort_verb();
Verb config_verb();
Verb doctor_verb();

Verb log_verb();
Verb show_verb();
Verb replay_verb();

// Told what all verbs take, these two included.
using AllShapes = std::function<std::vector<VerbShape>()>;
Verb completion_verb(AllShapes shapes);
Verb man_verb(AllShapes shapes);

}  // namespace rollbook::tools
