#pragma once
// What the tests of the later passes share: a runbook with one part exchanged, and what the
// compiler says of it, in a line for each finding.

#include <string>

#include "engine/runtime/plan_compiler.h"

namespace rollbook::dsl {

runtime::Compiled compile(const std::string& text);

// "3:7 RB0301 no metric is called `eror`\n  did you mean `error`?\n" for each finding.
std::string findings(const std::string& text);
std::string errors(const std::string& text);
std::string warnings(const std::string& text);

// The machine as print_machine() prints it; the findings when there is none.
std::string machine_text(const std::string& text);
// The states from one of them on: print_states() of "second".
std::string states_text(const std::string& text, const std::string& from);

// The machine without the places of its parts, which a layout moves.
core::Machine without_places(core::Machine machine);
// Of a text that compiles; fails the test when it does not.
core::Machine placeless_machine(const std::string& text);

// A file of the repository.
std::string read_source(const std::string& path);

// A runbook without findings. Each line can be exchanged, or followed by more:
//   Runbook().with("hold 1h", "hold 1s").after("service \"shop\"", "title \"t\"").text()
class Runbook {
 public:
  Runbook();
  explicit Runbook(std::string text) : text_(std::move(text)) {}
  Runbook& with(const std::string& part, const std::string& instead);
  Runbook& after(const std::string& line, const std::string& added);
  Runbook& without(const std::string& line) { return with(line + "\n", "\n"); }
  const std::string& text() const { return text_; }
  operator std::string() const { return text_; }

 private:
  std::string text_;
};

}  // namespace rollbook::dsl
