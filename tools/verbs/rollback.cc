#include <fmt/format.h>

#include "adapters/wire/text.h"
#include "tools/act.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

struct Options : ActOptions {
  bool immediate = false;
  bool gradual = false;
  std::string to;
  std::string over;
  std::string target;
};

Outcome<Exit> run(const Options& options, const Console& console) {
  if (options.immediate == options.gradual) {
    return give_up("say either --immediate or --gradual", Exit::usage);
  }
  if (options.immediate && !options.over.empty()) {
    return give_up("--over goes with --gradual", Exit::usage);
  }
  TRY(core::Command command, make_command(core::Verb::rollback, options));
  command.how = options.gradual ? core::RollbackHow::gradual : core::RollbackHow::immediate;
  command.target = options.target;
  if (!options.to.empty()) {
    const auto weight = adapters::parse_weight(options.to);
    if (!weight) return give_up("--to: " + weight.error().message, Exit::usage);
    command.to = *weight;
  }
  if (!options.over.empty()) {
    TRY(command.duration, duration_option("--over", options.over));
  }
  TRY_DO(ask_first(
      fmt::format("Roll `{}` back to {}{}?", options.rollout, adapters::format_percent(command.to),
                  options.gradual ? ", gradually" : " at once"),
      options, console));
  return act(command, options, {"rolling back", "rollbook status " + options.rollout + " -w"},
             console);
}

}  // namespace

Verb rollback_verb() {
  auto o = std::make_shared<Options>();
  return {"rollback",
          Group::operating,
          "take the traffic back, at once or by steps",
          {"rollbook rollback hal9-7f3k2q --immediate --reason \"complaints\"",
           "rollbook rollback hal9-7f3k2q --gradual --to 0% --over 30m"},
          [o](OptionSet& set) {
            set.positional("ROLLOUT", o->rollout, "its id");
            set.flag("--immediate", o->immediate, "as the guard would");
            set.flag("--gradual", o->gradual,
                     "by steps: the runbook's block of that name, else "
                     "over 30m");
            set.option("--to", "WEIGHT", o->to,
                       "the canary's share at the end (default 0%); above that it is halted there");
            set.option("--over", "DURATION", o->over, "how long the steps take, with --gradual");
            set.option("--target", "NAME", o->target, "where there are several");
            o->declare_severe(set);
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
