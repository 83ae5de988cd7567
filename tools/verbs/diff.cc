#include "dsl/diff.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/json_out.h"
#include "tools/runbook_source.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

using adapters::Json;

struct Options {
  std::string before;
  std::string after;
  std::string output;
};

// One of the two versions.
struct Version {
  RunbookSource source;
  runtime::Plan plan;
};
struct Versions {
  Version before;
  Version after;
};

Outcome<Version> load(const std::string& file, const Console& console) {
  TRY(RunbookSource source, RunbookSource::load(file));
  runtime::Compiled compiled = source.compile({});
  if (compiled.plan) return Version{std::move(source), std::move(*compiled.plan)};
  for (const runtime::Diagnostic& found : compiled.diagnostics) {
    if (found.severity == runtime::Severity::error) console.say(source.render(found));
  }
  return give_up(fmt::format("{}: not valid, so it cannot be compared", file));
}

// The place in the version that has it.
RunbookSource::Place place_of(const dsl::Change& change, const Versions& versions) {
  return change.after.line > 0 ? versions.after.source.written_at(change.after)
                               : versions.before.source.written_at(change.before);
}

void print_text(const std::vector<dsl::Change>& changes, const Versions& versions,
                const Console& console) {
  for (const dsl::Change& change : changes) {
    const auto [file, span] = place_of(change, versions);
    console.line(fmt::format("{}:{}:{}: {}: {}: {}", file, span.line, span.column,
                             dsl::to_string(change.bearing), change.where, change.what));
  }
  for (const dsl::Change& change : changes) {
    if (change.scenario.empty()) continue;
    console.line(fmt::format("\n# shows it: passes with {}, fails with {}",
                             versions.before.source.file(), versions.after.source.file()));
    console.print(change.scenario);
  }
}

Json to_json(const dsl::Change& change, const Versions& versions) {
  const auto [file, span] = place_of(change, versions);
  return {{"bearing", std::string(dsl::to_string(change.bearing))},
          {"where", change.where},
          {"what", change.what},
          {"file", file},
          {"line", span.line},
          {"column", span.column},
          {"scenario", change.scenario}};
}

Outcome<Exit> run(const Options& options, const Console& console) {
  TRY(Version before, load(options.before, console));
  TRY(Version after, load(options.after, console));
  const Versions versions{std::move(before), std::move(after)};
  const std::vector<dsl::Change> changes = dsl::diff(versions.before.plan, versions.after.plan);
  const auto count = [&](dsl::Bearing bearing) {
    return std::count_if(changes.begin(), changes.end(),
                         [&](const dsl::Change& change) { return change.bearing == bearing; });
  };
  const auto weaker = count(dsl::Bearing::weakens);
  if (options.output == "json") {
    Json all = Json::array();
    for (const dsl::Change& change : changes) all.push_back(to_json(change, versions));
    console.line(adapters::to_line(all));
  } else {
    print_text(changes, versions, console);
    console.say(weaker > 0 ? fmt::format("weakens safety in {} of {} changes: approve it again",
                                         weaker, changes.size())
                : changes.empty() ? std::string("no difference")
                                  : fmt::format("{} changes, none weakens safety", changes.size()));
  }
  return weaker > 0 ? Exit::waiting : Exit::done;
}

}  // namespace

Verb diff_verb() {
  auto o = std::make_shared<Options>();
  return {"diff",
          Group::authoring,
          "whether a changed runbook is less safe than the approved one",
          {"rollbook diff approved.runbook changed.runbook",
           "rollbook diff a.runbook b.runbook || echo \"weaker, or not valid\""},
          [o](OptionSet& set) {
            set.positional("BEFORE", o->before, "the runbook that was approved");
            set.positional("AFTER", o->after, "the changed one");
            set.choice("-o,--output", o->output, {"text", "json"},
                       "how it is printed; exit 0: nothing weakens, 1: error, 4: something does");
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
