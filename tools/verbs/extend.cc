#include "tools/act.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

struct Options : ActOptions {
  std::string by;
};

Outcome<Exit> run(const Options& options, const Console& console) {
  TRY(core::Command command, make_command(core::Verb::extend, options));
  if (options.by.empty()) return give_up("--by is missing, such as --by 24h", Exit::usage);
  TRY(command.duration, duration_option("--by", options.by));
  return act(command, options,
             {"held " + options.by + " longer", "rollbook status " + options.rollout}, console);
}

}  // namespace

Verb extend_verb() {
  auto o = std::make_shared<Options>();
  return {"extend",
          Group::operating,
          "hold the stage longer, also out of a review, not of a decision",
          {"rollbook extend hal9-7f3k2q --by 24h --reason \"too little traffic at night\""},
          [o](OptionSet& set) {
            set.positional("ROLLOUT", o->rollout, "its id");
            set.option("--by", "DURATION", o->by, "how much longer");
            o->declare(set);
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
