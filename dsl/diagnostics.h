#pragma once
// Findings in a runbook, on their way from the passes of the compiler to people and programs.
// A pass reports into a Sink and goes on; a Sink belongs to one compilation and one thread.
//
//   Sink sink("hal9.runbook");
//   sink.error(Code::unknown_metric, name.span, "no metric is called `eror_rate`",
//              "did you mean `error_rate`?");
//   for (const auto& found : sink.diagnostics()) std::cerr << render(found, text);

#include <string>
#include <string_view>
#include <vector>

#include "dsl/codes.h"
#include "engine/runtime/plan_compiler.h"

namespace rollbook::dsl {

class Sink {
 public:
  explicit Sink(std::string file) : file_(std::move(file)) {}

  // `message`: lower case, no full stop, input in backticks. `help`: the way out, may be "". `fix`:
  // only where the meaning is certain; its edits belong together.
  using Fix = std::vector<runtime::Edit>;
  void error(Code code, core::Span span, std::string message, std::string help = "", Fix fix = {});
  void warning(Code code, core::Span span, std::string message, std::string help = "",
               Fix fix = {});

  // Another way out for what was found at a place; nothing where that was not kept.
  void amend(Code code, const core::Span& span, const std::string& help, const Fix& fix);

  bool has_errors() const { return errors_ > 0; }
  std::size_t errors() const { return errors_; }
  const std::string& file() const { return file_; }
  // By place; what is at one place stays in the order it was found.
  std::vector<runtime::Diagnostic> diagnostics() const;

 private:
  void add(runtime::Diagnostic found);

  std::string file_;
  std::vector<runtime::Diagnostic> found_;
  std::size_t errors_ = 0;
};

// For people: `file:line:column: error[RB0301]: message`, the line of `text` with a caret under
// the place, and a `help:` line. Ends with a newline.
std::string render(const runtime::Diagnostic& diagnostic, std::string_view text);

// The candidate that `word` was probably meant to be: at most a third of its letters away
// (Damerau-Levenshtein, two neighbours exchanged count once); "" when there is none.
std::string closest(std::string_view word, const std::vector<std::string>& candidates);

// The same when it is certain enough to be put in: the only candidate that near, two letters away
// at most, and not the word less a part at its front or back, which may be there with a meaning
// (`us_completed` is not `completed`).
std::string only_near(std::string_view word, const std::vector<std::string>& candidates);

// "did you mean `over`?", or "" when nothing is close: for `help`.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace rollbook::dsl
