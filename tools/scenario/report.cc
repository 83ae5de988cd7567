#include "tools/scenario/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/event_text.h"
#include "adapters/wire/json_out.h"
#include "adapters/wire/names.h"
#include "dsl/diagnostics.h"

namespace rollbook::tools {
namespace {

using adapters::Json;
using adapters::painted;
using adapters::Tone;

struct Sum {
  std::size_t all = 0;
  std::size_t failed = 0;
  std::size_t unread = 0;  // files with errors
  double seconds = 0;
};

Sum sum_of(const Suite& suite) {
  Sum sum;
  for (const FileResult& file : suite.files()) {
    for (const ScenarioResult& one : file.scenarios) {
      ++sum.all;
      sum.failed += one.passed() ? 0U : 1U;
      sum.seconds += one.seconds;
    }
    const bool sound = file.passed() || std::any_of(file.scenarios.begin(), file.scenarios.end(),
                                                    [](const auto& one) { return !one.passed(); });
    sum.unread += sound ? 0U : 1U;
  }
  return sum;
}

std::string counted(std::size_t count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

std::string scenario_line(const ScenarioResult& result, bool colour) {
  const Tone tone = result.passed() ? Tone::good : Tone::bad;
  return fmt::format(
      "{}  ({} in {:.0f} ms)",
      painted(fmt::format("{} {}", adapters::glyph(tone), result.title), tone, colour),
      adapters::format_duration_short(result.took), result.seconds * 1000);
}

std::string failure_text(const std::string& path, const ToldFailure& told) {
  const Unmet& failure = told.failure;
  std::string text = fmt::format("    {}:{}: {}\n    instead: {}\n", path, failure.span.line,
                                 failure.expected, failure.instead);
  for (const std::string& line : told.timeline) text += "    " + line + "\n";
  return text;
}

std::string coverage_line(const RunbookResult& runbook) {
  const core::Machine& machine = runbook.plan->machine;
  const Coverage::Share states = runbook.coverage.states();
  const Coverage::Share transitions = runbook.coverage.transitions();
  const Coverage::Share criteria = runbook.coverage.criteria(machine);
  return fmt::format("{}: transitions {}% ({}/{}), states {}% ({}/{}), criteria {}% ({}/{})",
                     runbook.path, transitions.percent(), transitions.covered, transitions.all,
                     states.percent(), states.covered, states.all, criteria.percent(),
                     criteria.covered, criteria.all);
}

Json share_json(const Coverage::Share& share) {
  return {{"covered", share.covered}, {"all", share.all}};
}

Json scenario_json(const FileResult& file, const ScenarioResult& result) {
  Json failures = Json::array();
  for (const ToldFailure& told : result.failures) {
    failures.push_back({{"line", told.failure.span.line},
                        {"expected", told.failure.expected},
                        {"instead", told.failure.instead},
                        {"timeline", told.timeline}});
  }
  Json json = {{"file", file.path},
               {"line", result.span.line},
               {"title", result.title},
               {"runbook", result.runbook},
               {"passed", result.passed()}};
  json["outcome"] = result.outcome ? Json(adapters::name_of(*result.outcome)) : Json(nullptr);
  json["virtual"] = adapters::format_duration(result.took);
  json["seconds"] = result.seconds;
  json["failures"] = std::move(failures);
  if (!result.error.empty()) json["error"] = result.error;
  return json;
}

// XML 1.0: what has a meaning is escaped, and control characters, which no document may hold.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
        out += "&#10;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return out;
}

std::string junit_case(const FileResult& file, const ScenarioResult& result) {
  std::string text = fmt::format("    <testcase name=\"{}\" classname=\"{}\" time=\"{:.3f}\"",
                                 escaped(result.title), escaped(file.path), result.seconds);
  if (result.passed()) return text + "/>\n";
  text += ">\n";
  if (!result.error.empty()) {
    text += fmt::format("      <error message=\"{}\"/>\n", escaped(result.error));
  }
  for (const ToldFailure& told : result.failures) {
    text += fmt::format("      <failure message=\"{}\">{}</failure>\n",
                        escaped(told.failure.expected + "; instead: " + told.failure.instead),
                        escaped(failure_text(file.path, told)));
  }
  return text + "    </testcase>\n";
}

// A file that cannot be read is a case that could not run: no build server shows it otherwise.
std::string junit_unread(const FileResult& file) {
  std::string text;
  const auto add = [&](const std::string& message) {
    text += fmt::format(
        "    <testcase name=\"{0}\" classname=\"{0}\" time=\"0\">\n      <error message=\"{1}\"/>\n"
        "    </testcase>\n",
        escaped(file.path), escaped(message));
  };
  if (!file.error.empty()) add(file.error);
  for (const runtime::Diagnostic& found : file.diagnostics) {
    if (found.severity == runtime::Severity::error) add(dsl::render(found, file.text));
  }
  return text;
}

}  // namespace

std::string report_file(const FileResult& file, ReportLook look) {
  std::string text = file.path + "\n";
  if (!file.error.empty()) text += fmt::format("  {}\n", file.error);
  for (const runtime::Diagnostic& found : file.diagnostics) {
    text += dsl::render(found, file.text) + "\n";
  }
  for (const ScenarioResult& result : file.scenarios) {
    text += "  " + scenario_line(result, look.colour) + "\n";
    if (!result.error.empty()) text += "    " + result.error + "\n";
    for (const ToldFailure& told : result.failures) text += failure_text(file.path, told);
  }
  return text;
}

std::string report_end(const Suite& suite, ReportLook look) {
  std::string text = "\n";
  for (const RunbookResult& runbook : suite.runbooks()) {
    text += coverage_line(runbook) + "\n";
    if (!look.missing) continue;
    for (const std::string& line : runbook.coverage.missing(runbook.plan->machine)) {
      text += "  " + line + "\n";
    }
  }
  const Sum sum = sum_of(suite);
  const Tone tone = suite.passed() ? Tone::good : Tone::bad;
  std::string words = fmt::format("{} {}, ", adapters::glyph(tone), counted(sum.all, "scenario"));
  words += sum.failed == 0 ? "none failed" : fmt::format("{} failed", sum.failed);
  if (sum.unread > 0) words += fmt::format(", {} with errors", counted(sum.unread, "file"));
  return text + fmt::format("{}, {:.2f} s\n", painted(words, tone, look.colour), sum.seconds);
}

std::string report_json(const Suite& suite) {
  Json scenarios = Json::array();
  Json errors = Json::array();
  for (const FileResult& file : suite.files()) {
    if (!file.error.empty()) errors.push_back({{"file", file.path}, {"message", file.error}});
    for (const runtime::Diagnostic& found : file.diagnostics) {
      errors.push_back(
          {{"file", file.path},
           {"line", found.span.line},
           {"column", found.span.column},
           {"code", found.code},
           {"severity", found.severity == runtime::Severity::error ? "error" : "warning"},
           {"message", found.message},
           {"help", found.help}});
    }
    for (const ScenarioResult& one : file.scenarios) scenarios.push_back(scenario_json(file, one));
  }
  Json coverage = Json::array();
  for (const RunbookResult& runbook : suite.runbooks()) {
    coverage.push_back({{"runbook", runbook.path},
                        {"transitions", share_json(runbook.coverage.transitions())},
                        {"states", share_json(runbook.coverage.states())},
                        {"criteria", share_json(runbook.coverage.criteria(runbook.plan->machine))},
                        {"missing", runbook.coverage.missing(runbook.plan->machine)}});
  }
  const Sum sum = sum_of(suite);
  return adapters::to_line(Json{{"passed", suite.passed()},
                                {"all", sum.all},
                                {"failed", sum.failed},
                                {"scenarios", std::move(scenarios)},
                                {"diagnostics", std::move(errors)},
                                {"coverage", std::move(coverage)}}) +
         "\n";
}

std::string report_junit(const Suite& suite) {
  const Sum sum = sum_of(suite);
  std::string suites;
  std::size_t all = 0;
  std::size_t all_errors = 0;
  std::size_t all_failures = 0;
  for (const FileResult& file : suite.files()) {
    std::string cases = junit_unread(file);
    std::size_t count = static_cast<std::size_t>(std::count_if(
        file.diagnostics.begin(), file.diagnostics.end(),
        [](const auto& found) { return found.severity == runtime::Severity::error; }));
    count += file.error.empty() ? 0U : 1U;
    std::size_t errors = count;
    std::size_t failures = 0;
    double seconds = 0;
    for (const ScenarioResult& one : file.scenarios) {
      cases += junit_case(file, one);
      ++count;
      errors += one.error.empty() ? 0U : 1U;
      failures += one.failures.empty() ? 0U : 1U;
      seconds += one.seconds;
    }
    suites += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.3f}\">\n{}"
        "  </testsuite>\n",
        escaped(file.path), count, failures, errors, seconds, cases);
    all += count;
    all_errors += errors;
    all_failures += failures;
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"rollbook test\" "
      "tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.3f}\">\n{}</testsuites>\n",
      all, all_failures, all_errors, sum.seconds, suites);
}

}  // namespace rollbook::tools
