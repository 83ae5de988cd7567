#include "tools/verbs.h"

int main(int argc, char** argv) {
  using namespace rollbook::tools;  // NOLINT: a list of verbs reads better without
  // The order of `--help`.
  std::vector<Verb> verbs = {
      new_verb(),      check_verb(),    explain_verb(),  fmt_verb(),     expand_verb(),
      graph_verb(),    schedule_verb(), diff_verb(),     power_verb(),   test_verb(),
      simulate_verb(), lsp_verb(),      engine_verb(),   sandbox_verb(), start_verb(),
      list_verb(),     status_verb(),   metrics_verb(),  traffic_verb(), analyze_verb(),
      samples_verb(),  confirm_verb(),  decide_verb(),   pause_verb(),   resume_verb(),
      promote_verb(),  extend_verb(),   rollback_verb(), abort_verb(),   config_verb(),
      doctor_verb(),   log_verb(),      show_verb(),     replay_verb(),
  };
  const auto shapes = [&verbs] { return shapes_of(verbs); };
  verbs.push_back(completion_verb(shapes));
  verbs.push_back(man_verb(shapes));
  return run(verbs, argc, argv, Console::of_process());
}
