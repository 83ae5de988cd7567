#include <fmt/format.h>

#include "dsl/diagnostics.h"
#include "dsl/format.h"
#include "tools/files.h"
#include "tools/replace_file.h"
#include "tools/text_diff.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

struct Options {
  std::vector<std::string> files;
  bool check = false;
  bool diff = false;
};

// Whether the file was, or would be, changed.
Outcome<bool> format_file(const Options& options, const std::string& file, const Console& console) {
  TRY(const std::string text, read_runbook(file));
  dsl::Sink sink(file);
  const auto formatted = dsl::format(text, sink);
  if (!formatted) {
    for (const runtime::Diagnostic& found : sink.diagnostics()) {
      console.say(dsl::render(found, text));
    }
    return give_up(fmt::format("{}: cannot be laid out, and is as it was", file));
  }
  if (options.diff) console.print(unified_diff(text, *formatted, file));
  if (options.check && !options.diff && *formatted != text) console.line(file);
  if (options.check || options.diff) return *formatted != text;
  if (file == "-") {
    console.print(*formatted);
  } else if (*formatted != text) {
    TRY_DO(replace_file(file, *formatted));
    console.say(fmt::format("{}: laid out", file));
  }
  return *formatted != text;
}

Outcome<Exit> run(const Options& options, const Console& console) {
  bool changes = false, failed = false;
  for (const std::string& file : options.files) {
    const auto changed = format_file(options, file, console);
    if (!changed) {
      console.fail(changed.error().message);
      failed = true;
    } else {
      changes = changes || *changed;
    }
  }
  return failed || (options.check && changes) ? Exit::error : Exit::done;
}

}  // namespace

Verb fmt_verb() {
  auto o = std::make_shared<Options>();
  return {"fmt",
          Group::authoring,
          "lay runbooks out as the language is written",
          {"rollbook fmt my.runbook", "rollbook fmt --check plans/*.runbook",
           "rollbook fmt --diff my.runbook"},
          [o](OptionSet& set) {
            set.positionals("FILE", o->files, "runbooks, changed in place; - is stdin to stdout");
            set.flag("--check", o->check, "change nothing; list what would change, and exit 1");
            set.flag("--diff", o->diff, "change nothing; show what would change");
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
