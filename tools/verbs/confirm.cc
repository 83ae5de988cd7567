#include <fmt/format.h>

#include "tools/questions.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

struct Options : ActOptions, QuestionOptions {
  bool no = false;
};

Outcome<Exit> run(const Options& options, const Console& console) {
  TRY(core::Command command, make_command(core::Verb::confirm, options));
  command.yes = !options.no;
  TRY_DO(address(command, options, options, console));
  return act(command, options,
             {fmt::format("{} says {} to \"{}\"", command.actor, options.no ? "no" : "yes",
                          command.item.empty() ? options.question : command.item),
              "rollbook status " + options.rollout},
             console);
}

}  // namespace

Verb confirm_verb() {
  auto o = std::make_shared<Options>();
  return {"confirm",
          Group::operating,
          "answer what the runbook asks",
          {"rollbook confirm hal9-7f3k2q \"No user complaints\" --role product_owner",
           "rollbook confirm hal9-7f3k2q --question 42 --role product_owner --no"},
          [o](OptionSet& set) {
            set.positional("ROLLOUT", o->rollout, "its id");
            set.positional("ITEM", o->item, "the text that is asked; left out: the only one",
                           false);
            set.option("--role", "ROLE", o->role, "as whom; left out: the only one asked");
            set.flag("--no", o->no, "the answer is no");
            set.option("--question", "N", o->question, "its number in `waiting_for`");
            o->declare(set);
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
