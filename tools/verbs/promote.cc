#include "tools/act.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

Outcome<Exit> run(const ActOptions& options, const Console& console) {
  TRY(const core::Command command, make_command(core::Verb::promote, options));
  return act(command, options,
             {"the hold is over, its review decides", "rollbook status " + options.rollout},
             console);
}

}  // namespace

Verb promote_verb() {
  auto o = std::make_shared<ActOptions>();
  return {"promote",
          Group::operating,
          "end the hold now; the review still counts",
          {"rollbook promote hal9-7f3k2q --reason \"quiet night\""},
          [o](OptionSet& set) {
            set.positional("ROLLOUT", o->rollout, "its id");
            o->declare(set);
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
