#pragma once
// Questions: which open question an answer is meant for, found in the history of the events topic.
// The answer then carries the question's number, so that a late one is refused and not taken for
// an answer to the next.

#include "tools/act.h"

namespace rollbook::tools {

struct QuestionOptions {
  std::string item;      // confirm: its text; decide: its name; "" where there is but one
  std::string role;      // "" where but one is asked
  std::string question;  // its number, when the asker knows it
};

// Fills in `question`, `item` and `role` of a confirm or decide. With a number given nothing is
// looked up. Error: no such question, with the open ones; a role that is not asked.
Outcome<Exit> address(core::Command& command, const QuestionOptions& options, const ActOptions& act,
                      const Console& console);

}  // namespace rollbook::tools
