#include "tools/metric_advice.h"

#include <fmt/format.h>

#include <algorithm>

#include "dsl/compiler.h"
#include "tools/metric_lines.h"

namespace rollbook::tools {
namespace {

constexpr int kStepsMost = 4;  // a name, its kind, its unit, and a clause

const runtime::Diagnostic* first_error(const runtime::Compiled& compiled) {
  const auto found =
      std::find_if(compiled.diagnostics.begin(), compiled.diagnostics.end(),
                   [](const auto& one) { return one.severity == runtime::Severity::error; });
  return found == compiled.diagnostics.end() ? nullptr : &*found;
}

class Trial {
 public:
  Trial(const MetricSurvey& survey, const RunbookText& runbook, const core::Machine& machine,
        core::Time now)
      : survey_(survey),
        runbook_(runbook),
        now_(now),
        before_(survey.findings(machine, runbook.text, now)) {}

  std::vector<MetricFinding> judge_all() const {
    std::vector<MetricFinding> all = before_;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!all[i].write.text.empty()) judge(i, all[i]);
    }
    return all;
  }

 private:
  void judge(std::size_t at, MetricFinding& found) const {
    Proposal line = found.write;
    const Proposal first = line;
    found.write = {};
    std::vector<std::string> left;  // problems that it does not mend
    // What is still amiss then may be mended in the same line.
    for (int step = 0; step < kStepsMost && !line.text.empty(); ++step) {
      const std::string text = with_line(runbook_.text, line.line, line.text);
      const runtime::Compiled compiled = dsl::Compiler().compile(runbook_.file, text, {});
      if (!compiled.plan) {
        if (step == 0) tell_why(compiled, line, found);
        break;
      }
      const auto then = survey_.findings(compiled.plan->machine, text, now_);
      if (is_better(then, at)) {
        found.write = line;
        left = then[at].problems;
      }
      line = then[at].write.line == line.line ? then[at].write : Proposal{};
    }
    if (found.write.text.empty()) return;
    if (!first.note.empty()) found.notes.push_back(first.note);
    for (const std::string& problem : left) tell(problem, found);
  }

  static void tell_why(const runtime::Compiled& compiled, const Proposal& line,
                       MetricFinding& found) {
    const runtime::Diagnostic* error = first_error(compiled);
    if (error == nullptr || line.as.empty()) return;
    found.problems.push_back(fmt::format("it cannot be read as {}: {} (line {}); {}", line.as,
                                         error->message, error->span.line, line.otherwise));
  }

  static void tell(const std::string& problem, MetricFinding& found) {
    const auto& known = found.problems;
    if (std::find(known.begin(), known.end(), problem) != known.end()) return;
    found.problems.push_back("with the line below: " + problem);
  }

  // Its problems are fewer or, where it was not seen at all, others; and nobody else has more.
  bool is_better(const std::vector<MetricFinding>& then, std::size_t at) const {
    if (then.size() != before_.size()) return false;
    for (std::size_t i = 0; i < then.size(); ++i) {
      if (i != at && then[i].problems.size() > before_[i].problems.size()) return false;
    }
    const MetricFinding &before = before_[at], &after = then[at];
    if (after.seen != before.seen) return after.seen;
    const auto amiss = [](const MetricFinding& found) {
      return std::pair(found.problems.size(), found.warnings.size());
    };
    return amiss(after) < amiss(before);
  }

  const MetricSurvey& survey_;
  const RunbookText& runbook_;
  core::Time now_;
  std::vector<MetricFinding> before_;  // as the runbook is
};

}  // namespace

std::vector<MetricFinding> advised(const MetricSurvey& survey, const RunbookText& runbook,
                                   const core::Machine& machine, core::Time now) {
  return Trial(survey, runbook, machine, now).judge_all();
}

}  // namespace rollbook::tools
