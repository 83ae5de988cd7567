#include "tools/rollouts.h"
#include "tools/settings.h"
#include "tools/traffic_look.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

struct Options {
  Settings settings;
  std::string rollout;
  std::string at;
  std::string output;
  bool verify = false;
  bool rebalance = false;
};

Outcome<Exit> run(const Options& options, const Console& console) {
  if (options.rebalance) {
    return give_up(
        "`rollbook traffic --rebalance` is not supported yet; whoever shifts the traffic can act "
        "on the last effect of `rollbook log ROLLOUT --type effect_requested` again",
        Exit::usage);
  }
  Until until;
  if (!options.at.empty()) {
    TRY(until, parse_until(options.at));
  }
  TRY(const adapters::LoadedConfig loaded, options.settings.load(console));
  TRY(const auto log, open_log(loaded.config.store_path));
  TRY(const Entry entry, find_rollout(*log, options.rollout));
  TRY(const Rollout rollout, Rollout::load(*log, entry.stream, until, add_split_test));
  const TrafficLook look = look_at_traffic(rollout, moment_of(rollout, until));
  if (options.output == "json") {
    console.line(traffic_json(look));
  } else {
    console.print(traffic_text(look, console.look().width));
  }
  // Who verifies wants to know that it is so: what cannot be told is no yes.
  if (options.verify && look.verdict != SplitVerdict::agrees) {
    return give_up(verdict_sentence(look));
  }
  if (!options.verify) console.suggest("rollbook traffic " + entry.rollout + " --verify");
  return Exit::done;
}

}  // namespace

Verb traffic_verb() {
  auto o = std::make_shared<Options>();
  return {
      "traffic",
      Group::operating,
      "the planned split of traffic, and the one that is observed",
      {"rollbook traffic hal9-7f3k2q", "rollbook traffic hal9-7f3k2q --verify && echo as planned",
       "rollbook traffic hal9-7f3k2q --at 2026-01-05T10:00:00Z -o json"},
      [o](OptionSet& set) {
        set.positional("ROLLOUT", o->rollout, "its id; left out: the only active one", false);
        o->settings.declare_data(set);
        set.flag("--verify", o->verify,
                 "exit 0 when the observed split agrees with the settled weight, 1 when the "
                 "split test contradicts it or there is too little to tell");
        set.flag("--rebalance", o->rebalance,
                 "ask for the settled weight again; not supported yet");
        set.option("--at", "TIME|SEQ", o->at, "as it was at a moment or after an event");
        set.choice("-o,--output", o->output, {"table", "json"}, "how it is printed");
      },
      [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
