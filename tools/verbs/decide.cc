#include <fmt/format.h>

#include "tools/questions.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

struct Options : ActOptions, QuestionOptions {
  std::string option;
};

Outcome<Exit> run(const Options& options, const Console& console) {
  TRY(core::Command command, make_command(core::Verb::decide, options));
  command.option = options.option;
  TRY_DO(address(command, options, options, console));
  return act(command, options,
             {fmt::format("{} votes {}", command.actor, command.option),
              "rollbook status " + options.rollout},
             console);
}

}  // namespace

Verb decide_verb() {
  auto o = std::make_shared<Options>();
  return {"decide",
          Group::operating,
          "vote on a decision; a vote for a rollback acts at once",
          {"rollbook decide hal9-7f3k2q proceed --role engineering_lead",
           "rollbook decide hal9-7f3k2q investigate --role operations_lead --question 97"},
          [o](OptionSet& set) {
            set.positional("ROLLOUT", o->rollout, "its id");
            set.positional("OPTION", o->option, "one of those offered");
            set.option("--role", "ROLE", o->role, "as whom; left out: the only one asked");
            set.option("--item", "NAME", o->item, "the decision's name, where several are open");
            set.option("--question", "N", o->question, "its number in `waiting_for`");
            o->declare(set);
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
