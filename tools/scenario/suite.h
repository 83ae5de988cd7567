#pragma once
// Suite: scenario files found, read, matched with their runbooks, and played; what `rollbook test`
// reports. Each runbook is read and compiled once a run.
//
//   TRY(const auto files, find_scenarios({"plans"}));
//   Suite suite(options);
//   for (const auto& file : files) suite.add(file);
//   print(suite.files(), suite.runbooks());

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/cli.h"
#include "tools/scenario/coverage.h"
#include "tools/scenario/verdict.h"

namespace rollbook::tools {

// A failure as it is told.
struct ToldFailure {
  Unmet failure;
  std::vector<std::string> timeline;
};

struct ScenarioResult {
  std::string title;
  std::string runbook;  // its path
  core::Span span;
  std::vector<ToldFailure> failures;
  std::string error;  // it could not be played: why; else ""
  std::optional<core::Outcome> outcome;
  core::Duration took{};  // of virtual time
  double seconds = 0;     // of the wall clock
  bool passed() const { return failures.empty() && error.empty(); }
};

struct FileResult {
  std::string path;
  std::string text;
  std::vector<runtime::Diagnostic> diagnostics;  // of the scenario file
  std::string error;                             // it could not be read
  std::vector<ScenarioResult> scenarios;
  bool passed() const;
};

struct RunbookResult {
  std::string path;
  std::shared_ptr<const runtime::Plan> plan;
  Coverage coverage;
};

// Files, directories (searched through) and runbooks (their scenarios of the same name); sorted,
// each once. Error: there is no such path, or no scenario under it.
Outcome<std::vector<std::string>> find_scenarios(const std::vector<std::string>& paths);

// Where the runbook of a scenario is: beside its file, in a folder `plans` beside it or here, by
// file name with or without `.runbook`, by path, or by the name that the runbook has. Error: there
// is none; says where it was looked for.
Outcome<std::string> find_runbook(const std::string& scenario_path, const std::string& name);

class Suite {
 public:
  // Only scenarios whose title or file holds `filter`. `params` are put into every runbook; what a
  // scenario gives itself goes before them.
  explicit Suite(std::string filter = "", std::vector<core::Argument> params = {})
      : filter_(std::move(filter)), params_(std::move(params)) {}

  const FileResult& add(const std::string& path);

  const std::vector<FileResult>& files() const { return files_; }
  // By path; only those that some scenario was played with.
  const std::vector<RunbookResult>& runbooks() const { return runbooks_; }
  // What a change of should bring another run: scenario files and runbooks.
  std::vector<std::string> watched() const;
  bool passed() const;

 private:
  struct Known {
    std::shared_ptr<const runtime::Plan> plan;
    std::string error;
  };
  void run(const dsl::scenario::Scenario& scenario, FileResult& file, dsl::Sink& sink);
  const Known& compile(const std::string& path, const std::vector<core::Argument>& params);
  Coverage& coverage_of(const std::string& path, const Known& known);
  void tell(const Script& script, ScenarioResult& result, Coverage& coverage) const;

  std::string filter_;
  std::vector<core::Argument> params_;
  std::vector<FileResult> files_;
  std::vector<RunbookResult> runbooks_;
  // By path and parameters.
  std::map<std::pair<std::string, std::vector<std::string>>, Known> compiled_;
};

}  // namespace rollbook::tools
