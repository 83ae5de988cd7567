#include <fmt/format.h>

#include "tools/act.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

Outcome<Exit> run(const ActOptions& options, const Console& console) {
  TRY(const core::Command command, make_command(core::Verb::abort, options));
  TRY_DO(ask_first(fmt::format("Abort `{}` and take its traffic back?", options.rollout), options,
                   console));
  return act(command, options, {"aborting", "rollbook status " + options.rollout + " -w"}, console);
}

}  // namespace

Verb abort_verb() {
  auto o = std::make_shared<ActOptions>();
  return {"abort",
          Group::operating,
          "give it up: roll back, or just end it before any traffic",
          {"rollbook abort hal9-7f3k2q --reason \"wrong image\" --yes"},
          [o](OptionSet& set) {
            set.positional("ROLLOUT", o->rollout, "its id");
            o->declare_severe(set);
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
