#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/json_out.h"
#include "tools/runbook_source.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

using adapters::Json;

struct Options {
  std::vector<std::string> files;
  std::string output;
};

Json to_json(const runtime::Diagnostic& found) {
  return {{"code", found.code},
          {"severity", found.severity == runtime::Severity::error ? "error" : "warning"},
          {"message", found.message},
          {"file", found.file},
          {"line", found.span.line},
          {"column", found.span.column},
          {"end_line", found.span.end_line},
          {"end_column", found.span.end_column},
          {"help", found.help}};
}

std::string counted(std::size_t count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

Outcome<Exit> run(const Options& options, const Console& console) {
  Json all = Json::array();
  bool valid = true;
  for (const std::string& file : options.files) {
    TRY(const RunbookSource source, RunbookSource::load(file));
    const runtime::Compiled compiled = source.compile({});
    const auto errors = static_cast<std::size_t>(
        std::count_if(compiled.diagnostics.begin(), compiled.diagnostics.end(),
                      [](const runtime::Diagnostic& found) {
                        return found.severity == runtime::Severity::error;
                      }));
    for (const runtime::Diagnostic& found : compiled.diagnostics) {
      if (options.output == "json") {
        all.push_back(to_json(found));
      } else {
        console.print(source.render(found) + "\n");
      }
    }
    valid = valid && compiled.plan.has_value();
    if (options.output == "json") continue;
    const std::size_t warnings = compiled.diagnostics.size() - errors;
    if (compiled.plan) {
      console.say(fmt::format("{}: valid{}", file,
                              warnings == 0 ? "" : ", " + counted(warnings, "warning")));
    } else {
      console.say(
          fmt::format("{}: {}, {}", file, counted(errors, "error"), counted(warnings, "warning")));
    }
  }
  if (options.output == "json") {
    console.line(adapters::to_line(all));
  } else if (valid) {
    console.suggest("rollbook sandbox " + options.files.front() + " --speed max");
  }
  return valid ? Exit::done : Exit::error;
}

}  // namespace

Verb check_verb() {
  auto o = std::make_shared<Options>();
  return {"check",
          Group::authoring,
          "say what is wrong with a runbook, and what looks doubtful",
          {"rollbook check my.runbook", "rollbook check plans/*.runbook -o json"},
          [o](OptionSet& set) {
            set.positionals("FILE", o->files, "runbooks; - is stdin");
            set.choice("-o,--output", o->output, {"text", "json"}, "how findings are printed");
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
