#include "tools/act.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

Outcome<Exit> run(const ActOptions& options, const Console& console) {
  TRY(const core::Command command, make_command(core::Verb::resume, options));
  return act(command, options, {"goes on", "rollbook status " + options.rollout}, console);
}

}  // namespace

Verb resume_verb() {
  auto o = std::make_shared<ActOptions>();
  return {"resume",
          Group::operating,
          "go on after a pause or a halt",
          {"rollbook resume hal9-7f3k2q"},
          [o](OptionSet& set) {
            set.positional("ROLLOUT", o->rollout, "its id");
            o->declare(set);
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
