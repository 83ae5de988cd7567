#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "tools/runbook_source.h"
#include "tools/scenario/report.h"
#include "tools/scenario/watcher.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

struct Options {
  std::vector<std::string> paths;
  std::string filter;
  std::string output;
  std::string at_least;
  std::vector<std::string> params;
  bool coverage = false;
  bool watch = false;
};

Outcome<std::size_t> parse_percent(const std::string& text) {
  std::size_t percent = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, percent);
  const bool read = error == std::errc{} && (rest == end || std::string_view(rest) == "%");
  if (read && percent <= 100) return percent;
  return give_up(fmt::format("--at-least `{}`: expected a share such as `100%`", text),
                 Exit::usage);
}

// What is covered too little, said on stderr. True: all is well.
bool covers(const Suite& suite, std::size_t least, const Console& console) {
  bool enough = true;
  for (const RunbookResult& runbook : suite.runbooks()) {
    const std::size_t percent = runbook.coverage.transitions().percent();
    if (percent >= least) continue;
    enough = false;
    console.say(
        fmt::format("{}: {}% of its transitions were taken, less than {}%; `--coverage` "
                    "lists the others",
                    runbook.path, percent, least));
  }
  return enough;
}

Outcome<Exit> run_once(const Options& options, const Console& console,
                       std::vector<std::string>* watched) {
  std::size_t least = 0;
  if (!options.at_least.empty()) {
    TRY(least, parse_percent(options.at_least));
  }
  TRY(const std::vector<std::string> files, find_scenarios(options.paths));
  const ReportLook look{console.look().colour, options.coverage};
  TRY(std::vector<core::Argument> params, parse_params(options.params));
  Suite suite(options.filter, std::move(params));
  for (const std::string& path : files) {
    const FileResult& file = suite.add(path);
    const bool shows = options.filter.empty() || !file.scenarios.empty() || !file.passed();
    if (options.output == "text" && shows) {
      console.print(report_file(file, look));
      console.flush();
    }
    if (interrupted()) return Exit::interrupted;
  }
  if (watched != nullptr) *watched = suite.watched();
  const bool any = std::any_of(suite.files().begin(), suite.files().end(), [](const auto& file) {
    return !file.scenarios.empty() || !file.passed();
  });
  if (!any) {
    return give_up(fmt::format("no scenario matches `{}`", options.filter), Exit::usage);
  }
  if (options.output == "text") console.print(report_end(suite, look));
  if (options.output == "json") console.print(report_json(suite));
  if (options.output == "junit") console.print(report_junit(suite));
  console.flush();
  const bool enough = covers(suite, least, console);
  return suite.passed() && enough ? Exit::done : Exit::error;
}

Outcome<Exit> watch(const Options& options, const Console& console) {
  catch_interrupts();
  std::vector<std::string> watched;
  for (bool first = true;;) {
    // Watched before they are read: a change while they run brings another run.
    TRY(Watcher watcher, Watcher::make(options.paths));
    TRY_DO(watcher.add(watched));
    const auto ran = run_once(options, console, &watched);
    if (!ran && first) return ran;
    // Later, a file that is gone may be one that is being replaced.
    if (!ran) console.fail(ran.error().message);
    first = false;
    TRY_DO(watcher.add(watched));
    console.say("watching; ^C ends it");
    if (!watcher.wait()) return Exit::interrupted;
    console.say("");
  }
}

Outcome<Exit> run(const Options& options, const Console& console) {
  if (!options.watch) return run_once(options, console, nullptr);
  if (options.output != "text") {
    return give_up("--watch prints for people; leave out -o", Exit::usage);
  }
  return watch(options, console);
}

}  // namespace

Verb test_verb() {
  auto o = std::make_shared<Options>();
  return {"test",
          Group::authoring,
          "play scenarios against their runbooks, on a clock of their own",
          {"rollbook test plans", "rollbook test plans/hal9-canary.scenario --coverage",
           "rollbook test plans -k \"error spike\" --watch", "rollbook test plans -o junit > r.xml",
           "rollbook test plans --at-least 100%"},
          [o](OptionSet& set) {
            set.positionals("PATH", o->paths,
                            "scenario files, directories of them, or runbooks that have some");
            set.option("-k", "TEXT", o->filter,
                       "only those whose title or file holds TEXT; a whole title is that one");
            set.options("--param", "NAME=VALUE", o->params,
                        "of the runbooks, as for `start`; a scenario's own `given param` goes "
                        "before it");
            set.flag("--coverage", o->coverage,
                     "list states, transitions and criteria that no scenario went through");
            set.option("--at-least", "SHARE", o->at_least,
                       "fail when fewer transitions of a runbook were taken");
            set.flag("--watch", o->watch, "again whenever a scenario or its runbook changes");
            set.choice("-o,--output", o->output, {"text", "json", "junit"}, "for whom");
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
