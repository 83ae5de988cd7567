#include "dsl/graph.h"

#include <fmt/format.h>

#include "tools/dot.h"
#include "tools/runbook_source.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

struct Options {
  std::string file;
  std::string output;
};

Outcome<Exit> run(const Options& options, const Console& console) {
  TRY(const RunbookSource source, RunbookSource::load(options.file));
  const runtime::Compiled compiled = source.compile({});
  if (!compiled.plan) {
    for (const runtime::Diagnostic& found : compiled.diagnostics) {
      if (found.severity == runtime::Severity::error) console.say(source.render(found));
    }
    return give_up(fmt::format("{}: not valid, so there is nothing to draw", options.file));
  }
  const core::Machine& machine = compiled.plan->machine;
  if (options.output == "svg") {
    TRY(const std::string svg, draw_svg(dsl::graph_dot(machine)));
    console.print(svg);
  } else {
    console.print(options.output == "dot" ? dsl::graph_dot(machine) : dsl::graph_mermaid(machine));
  }
  return Exit::done;
}

}  // namespace

Verb graph_verb() {
  auto o = std::make_shared<Options>();
  return {"graph",
          Group::authoring,
          "draw the machine that really runs",
          {"rollbook graph my.runbook -o svg > my.svg", "rollbook graph my.runbook -o mermaid"},
          [o](OptionSet& set) {
            set.positional("FILE", o->file, "a runbook; - is stdin");
            set.choice("-o,--output", o->output, {"dot", "mermaid", "svg"},
                       "Graphviz, Mermaid, or drawn by Graphviz' dot, where it is installed");
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
