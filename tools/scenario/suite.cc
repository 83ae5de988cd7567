#include "tools/scenario/suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "store/memory_event_log.h"
#include "tools/files.h"
#include "tools/runbook_source.h"
#include "tools/scenario/meters.h"
#include "tools/scenario/timeline.h"

namespace rollbook::tools {
namespace {

using Wall = std::chrono::steady_clock;

}  // namespace

bool FileResult::passed() const {
  if (!error.empty()) return false;
  const bool sound = std::none_of(
      diagnostics.begin(), diagnostics.end(),
      [](const runtime::Diagnostic& found) { return found.severity == runtime::Severity::error; });
  return sound && std::all_of(scenarios.begin(), scenarios.end(),
                              [](const ScenarioResult& one) { return one.passed(); });
}

bool Suite::passed() const {
  return std::all_of(files_.begin(), files_.end(),
                     [](const FileResult& file) { return file.passed(); });
}

std::vector<std::string> Suite::watched() const {
  std::vector<std::string> paths;
  for (const FileResult& file : files_) paths.push_back(file.path);
  for (const auto& [runbook, known] : compiled_) paths.push_back(runbook.first);
  return paths;
}

const FileResult& Suite::add(const std::string& path) {
  FileResult& file = files_.emplace_back();
  file.path = path;
  auto text = read_runbook(path);
  if (!text) {
    file.error = text.error().message;
    return file;
  }
  file.text = std::move(*text);
  dsl::Sink sink(path);
  const auto scenarios = dsl::scenario::parse(file.text, sink);
  if (!sink.has_errors()) {
    // Where one has that very title, those that only begin so are not meant.
    const bool exact = !filter_.empty() &&
                       std::any_of(scenarios.begin(), scenarios.end(), [&](const auto& scenario) {
                         return scenario.title.value == filter_;
                       });
    for (const dsl::scenario::Scenario& scenario : scenarios) {
      const std::string& title = scenario.title.value;
      const bool wanted = exact ? title == filter_
                                : path.find(filter_) != std::string::npos ||
                                      title.find(filter_) != std::string::npos;
      if (wanted) run(scenario, file, sink);
    }
  }
  file.diagnostics = sink.diagnostics();
  return file;
}

void Suite::run(const dsl::scenario::Scenario& scenario, FileResult& file, dsl::Sink& sink) {
  ScenarioResult result;
  result.title = scenario.title.value;
  result.span = scenario.span;
  const auto path = find_runbook(file.path, scenario.runbook.value);
  if (!path) {
    sink.error(dsl::Code::scenario_no_runbook, scenario.runbook.span, path.error().message);
    return;
  }
  result.runbook = *path;
  const Known& known = compile(*path, params_of(scenario, params_));
  if (known.plan == nullptr) {
    tell_unsound(scenario, *path, known.error, sink);
    return;
  }
  const auto script = make_script(scenario, known.plan, sink);
  if (!script) return;
  tell(*script, result, coverage_of(*path, known));
  file.scenarios.push_back(std::move(result));
}

void Suite::tell(const Script& script, ScenarioResult& result, Coverage& coverage) const {
  const auto begun = Wall::now();
  store::MemoryEventLog log;
  Meters meters(script, kPlayBegin);
  const auto seen = play(log, script, meters, {});
  result.seconds = std::chrono::duration<double>(Wall::now() - begun).count();
  if (!seen) {
    result.error = seen.error().message;
    return;
  }
  result.outcome = seen->outcome;
  result.took = seen->end - seen->begin;
  coverage.add(script.machine(), *seen);
  for (Unmet& failure : failures_of(script, *seen)) {
    auto lines = timeline(log, *seen, failure);
    result.failures.push_back(
        {std::move(failure),
         lines ? std::move(*lines) : std::vector<std::string>{"  " + lines.error().message}});
  }
}

const Suite::Known& Suite::compile(const std::string& path,
                                   const std::vector<core::Argument>& params) {
  std::vector<std::string> values;
  for (const core::Argument& param : params) values.push_back(param.name + "=" + param.value);
  const auto [place, added] = compiled_.try_emplace({path, std::move(values)});
  Known& known = place->second;
  if (!added) return known;
  const auto source = RunbookSource::load(path);
  if (!source) {
    known.error = source.error().message;
    return known;
  }
  runtime::Compiled compiled = source->compile(params);
  if (compiled.plan) {
    compiled.plan->file = path.substr(path.rfind('/') + 1);
    compiled.plan->machine.file = compiled.plan->file;
    known.plan = std::make_shared<const runtime::Plan>(std::move(*compiled.plan));
    return known;
  }
  known.error = first_error(compiled);
  return known;
}

Coverage& Suite::coverage_of(const std::string& path, const Known& known) {
  for (RunbookResult& runbook : runbooks_) {
    if (runbook.path == path) return runbook.coverage;
  }
  return runbooks_.emplace_back(RunbookResult{path, known.plan, Coverage(known.plan->machine)})
      .coverage;
}

}  // namespace rollbook::tools
