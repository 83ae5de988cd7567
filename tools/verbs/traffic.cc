#include <fmt/format.h>

#include "adapters/wire/text.h"
#include "tools/act.h"
#include "tools/opened_rollout.h"
#include "tools/same_place.h"
#include "tools/traffic_look.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

struct Options : ActOptions {
  std::string at;
  std::string output;
  bool verify = false;
  bool rebalance = false;
  bool force = false;
};

Outcome<Exit> show(const TrafficLook& look, const Options& options, const Console& console) {
  if (options.output == "json") {
    console.line(traffic_json(look));
  } else {
    console.print(traffic_text(look, console.look().width));
  }
  // Who verifies wants to know that it is so: what cannot be told is no yes.
  if (options.verify && verdict_of(look) != SplitVerdict::agrees) {
    return give_up(verdict_sentence(look));
  }
  if (!options.verify) {
    console.suggest("rollbook traffic " + look.rollout + " --verify" +
                    same_place(options.settings));
  }
  return Exit::done;
}

// Asks for the settled weight once more, where what is observed has left it.
Outcome<Exit> rebalance(const TrafficLook& look, Options options, const Console& console) {
  options.rollout = look.rollout;
  if (!options.force && verdict_of(look) == SplitVerdict::agrees) {
    console.say(fmt::format("{}: nothing to do, {}", look.rollout, verdict_sentence(look)));
    return Exit::done;
  }
  if (!options.force && verdict_of(look) != SplitVerdict::contradicts) {
    return give_up(verdict_sentence(look) + "; --force asks for the weight all the same");
  }
  const std::string weight = weights_text(look);
  TRY(const core::Command command, make_command(core::Verb::rebalance, options));
  TRY_DO(ask_first(fmt::format("{}. Ask for {} once more?", verdict_sentence(look), weight),
                   options, console));
  return act(command, options,
             {fmt::format("asked for {} once more", weight), "rollbook traffic " + look.rollout},
             console);
}

Outcome<Exit> run(const Options& options, const Console& console) {
  Until until;
  if (!options.at.empty()) {
    if (options.rebalance) {
      return give_up("--at shows a moment that is over, --rebalance acts now: say one of them",
                     Exit::usage);
    }
    TRY(until, parse_until(options.at));
  }
  TRY(const OpenedRollout opened,
      open_rollout(options.settings, console, options.rollout, until, {.machine = add_split_test}));
  TRY(const TrafficLook look, look_at_traffic(opened.rollout, moment_of(opened.rollout, until)));
  return options.rebalance ? rebalance(look, options, console) : show(look, options, console);
}

}  // namespace

Verb traffic_verb() {
  auto o = std::make_shared<Options>();
  return {
      "traffic",
      Group::operating,
      "the planned split of traffic, and the one that is observed",
      {"rollbook traffic hal9-7f3k2q", "rollbook traffic hal9-7f3k2q --verify && echo as planned",
       "rollbook traffic hal9-7f3k2q --rebalance --yes",
       "rollbook traffic hal9-7f3k2q --at 2026-01-05T10:00:00Z -o json"},
      [o](OptionSet& set) {
        set.positional("ROLLOUT", o->rollout, "its id; left out: the only active one", false);
        set.option("--data", "DIR", o->settings.data,
                   "the engine's log (default /var/lib/rollbook)");
        set.flag("--verify", o->verify,
                 "exit 0 when the observed split agrees with the settled weight, of every target "
                 "that was shifted, 1 when the split test contradicts it or there is too little "
                 "to tell");
        set.flag("--rebalance", o->rebalance,
                 "ask for the settled weight once more where the split test contradicts it; "
                 "whoever shifts gets a new order");
        set.flag("--force", o->force, "with --rebalance: whatever the split test says");
        set.option("--at", "TIME|SEQ", o->at, "as it was at a moment or after an event");
        set.choice("-o,--output", o->output, {"table", "json"}, "how it is printed");
        o->declare_severe(set);
      },
      [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
