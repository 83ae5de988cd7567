#pragma once
// read_names: the walk over the tokens behind dsl/index.h. A statement is a keyword and what
// follows up to its line's end or brace; each keyword says where in it names stand.

#include <vector>

#include "dsl/index.h"

namespace rollbook::dsl {

struct IndexedNames {
  std::vector<Occurrence> occurrences;
  std::vector<Section> sections;  // by place
};
IndexedNames read_names(const Tokens& tokens);

// Of a scenario's statement, the tokens [first, last): the names of its runbook, and the runbook
// that its first line is for.
std::vector<Occurrence> scenario_names(const Token* first, const Token* last);
std::string runbook_of_scenario(const Token* first, const Token* last);

}  // namespace rollbook::dsl
