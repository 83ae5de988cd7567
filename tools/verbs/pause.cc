#include "tools/act.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

struct Options : ActOptions {
  std::string duration;
};

Outcome<Exit> run(const Options& options, const Console& console) {
  TRY(core::Command command, make_command(core::Verb::pause, options));
  if (!options.duration.empty()) {
    TRY(command.duration, duration_option("--for", options.duration));
  }
  const std::string how_long = options.duration.empty() ? "" : " for " + options.duration;
  return act(command, options,
             {.done = "paused" + how_long + "; the guard still watches",
              .next = "rollbook resume " + options.rollout,
              .next_acts = true},
             console);
}

}  // namespace

Verb pause_verb() {
  auto o = std::make_shared<Options>();
  return {"pause",
          Group::operating,
          "let holds and forward steps wait; the guard and a no do not",
          {"rollbook pause hal9-7f3k2q --for 2h --reason \"database work\""},
          [o](OptionSet& set) {
            set.positional("ROLLOUT", o->rollout, "its id");
            set.option("--for", "DURATION", o->duration, "go on by itself after that");
            o->declare(set);
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
