#include "dsl/expand.h"

#include <fmt/format.h>

#include "adapters/wire/json_out.h"
#include "tools/runbook_source.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

using adapters::Json;

struct Options {
  std::string file;
  std::vector<std::string> params;
  std::string output;
  bool imports = false;
};

Json to_json(const runtime::Plan& plan, const dsl::Expansion& expansion) {
  Json lines = Json::array();
  for (const dsl::ExpandedLine& line : expansion.lines) {
    Json origins = Json::array();
    for (const dsl::Origin& origin : line.origins) {
      origins.push_back({{"kind", origin.kind}, {"detail", origin.detail}});
    }
    lines.push_back({{"line", line.line}, {"statement", line.statement}, {"origins", origins}});
  }
  return {{"runbook", plan.machine.name},
          {"digest", plan.digest},
          {"text", expansion.text},
          {"lines", lines}};
}

Outcome<Exit> run(const Options& options, const Console& console) {
  TRY(const RunbookSource source, RunbookSource::load(options.file));
  TRY(const std::vector<core::Argument> params, parse_params(options.params));
  const runtime::Compiled compiled = source.compile(params);
  if (!compiled.plan) {
    for (const runtime::Diagnostic& found : compiled.diagnostics) {
      if (found.severity == runtime::Severity::error) console.say(source.render(found));
    }
    return give_up(fmt::format("{}: not valid, so there is nothing to expand", options.file));
  }
  if (options.imports) {
    console.print(compiled.plan->expanded);
    return Exit::done;
  }
  // A given value may move what stands behind it on its line, and no line.
  const dsl::Expansion expansion =
      dsl::expand(compiled.plan->expanded, compiled.plan->machine,
                  [&](const core::Span& span) { return source.imported_from(span); });
  if (options.output == "json") {
    console.line(adapters::to_line(to_json(*compiled.plan, expansion)));
  } else {
    console.print(expansion.text);
  }
  return Exit::done;
}

}  // namespace

Verb expand_verb() {
  auto o = std::make_shared<Options>();
  return {"expand",
          Group::authoring,
          "write a runbook out, with templates and defaults filled in",
          {"rollbook expand my.runbook", "rollbook expand my.runbook --param limit=0.2% -o json",
           "rollbook expand my.runbook --imports > sent.runbook"},
          [o](OptionSet& set) {
            set.positional("FILE", o->file, "a runbook; - is stdin");
            set.options("--param", "NAME=VALUE", o->params, "as for `rollbook start`");
            set.flag("--imports", o->imports,
                     "put in imports and parameters only: the text that runs");
            set.choice("-o,--output", o->output, {"text", "json"}, "how it is printed");
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
