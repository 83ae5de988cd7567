#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/json_out.h"
#include "dsl/fix.h"
#include "dsl/param_values.h"
#include "dsl/prove.h"
#include "dsl/source.h"
#include "tools/replace_file.h"
#include "tools/runbook_source.h"
#include "tools/sarif.h"
#include "tools/shell_words.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

using adapters::Json;

struct Options {
  std::vector<std::string> files;
  std::vector<std::string> params;
  std::string output;
  bool fix = false;
};

// A runbook with what was found in it and in what it imports.
struct Checked {
  RunbookSource source;
  std::vector<runtime::Diagnostic> diagnostics;
  std::optional<core::Machine> machine;  // empty when there is an error
  std::vector<core::Argument> params;    // of the machine: what it was proved with
  std::size_t errors = 0;
};

Checked check(RunbookSource source, const std::vector<core::Argument>& params) {
  runtime::Compiled compiled = source.compile(params);
  Checked checked{std::move(source), std::move(compiled.diagnostics), std::nullopt, {}, 0};
  checked.errors = static_cast<std::size_t>(std::count_if(
      checked.diagnostics.begin(), checked.diagnostics.end(),
      [](const runtime::Diagnostic& found) { return found.severity == runtime::Severity::error; }));
  if (!compiled.plan) return checked;
  checked.machine = std::move(compiled.plan->machine);
  checked.params = dsl::param_values(compiled.plan->expanded);
  return checked;
}

// ---- JSON -----------------------------------------------------------------------------------

Json to_json(const runtime::Diagnostic& found) {
  Json json = {{"code", found.code},
               {"severity", found.severity == runtime::Severity::error ? "error" : "warning"},
               {"message", found.message},
               {"file", found.file},
               {"line", found.span.line},
               {"column", found.span.column},
               {"end_line", found.span.end_line},
               {"end_column", found.span.end_column},
               {"help", found.help}};
  if (found.fix.empty()) return json;
  for (const runtime::Edit& edit : found.fix) {
    json["fix"].push_back({{"line", edit.span.line},
                           {"column", edit.span.column},
                           {"end_line", edit.span.end_line},
                           {"end_column", edit.span.end_column},
                           {"text", edit.text}});
  }
  return json;
}

// ---- Text -----------------------------------------------------------------------------------

std::string counted(std::size_t count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

void print_text(const Checked& checked, const Console& console) {
  for (const runtime::Diagnostic& found : checked.diagnostics) {
    console.print(checked.source.render(found) + "\n");
  }
  const std::string& file = checked.source.file();
  const std::size_t warnings = checked.diagnostics.size() - checked.errors;
  if (!checked.machine) {
    console.say(fmt::format("{}: {}, {}", file, counted(checked.errors, "error"),
                            counted(warnings, "warning")));
    return;
  }
  console.say(
      fmt::format("{}: valid{}", file, warnings == 0 ? "" : ", " + counted(warnings, "warning")));
  for (const std::string& claim : dsl::prove(*checked.machine).claims) {
    console.say("  proved: " + claim);
  }
  for (const std::string& line : dsl::bounds_in_words(*checked.machine)) console.say("  " + line);
  if (checked.params.empty()) return;
  // Whoever starts it may give others, within what it allows: nothing is proved of those.
  std::string values;
  for (const core::Argument& param : checked.params) {
    values += fmt::format("{}{} = {}", values.empty() ? "" : ", ", param.name,
                          adapters::printable(param.value));
  }
  console.say(fmt::format("  all of it with {}; `--param NAME=VALUE` checks other values", values));
}

// ---- SARIF ----------------------------------------------------------------------------------

// Each file that something was found in, with its own findings.
void add_files(const Checked& checked, std::vector<CheckedFile>& files) {
  for (const runtime::Diagnostic& found : checked.diagnostics) {
    auto file = std::find_if(files.begin(), files.end(),
                             [&](const CheckedFile& each) { return each.file == found.file; });
    if (file == files.end()) {
      files.push_back({found.file, checked.source.text_of(found.file), {}});
      file = std::prev(files.end());
    }
    file->diagnostics.push_back(found);
  }
}

// ---- Fixes ----------------------------------------------------------------------------------

std::string part_of(const std::string& text, const core::Span& span) {
  const dsl::Source source(text);
  const std::size_t begin = source.offset(span.line, span.column);
  return text.substr(begin, source.offset(span.end_line, span.end_column) - begin);
}

std::string in_words(const runtime::Diagnostic& found, const std::string& text) {
  const core::Span& place = found.fix.front().span;  // a declaration may stand far from its use
  std::string words =
      fmt::format("{}:{}:{}: fixed {}:", found.file, place.line, place.column, found.code);
  for (const runtime::Edit& edit : found.fix) {
    const std::string before = part_of(text, edit.span);
    std::string after = edit.text;
    while (after.ends_with('\n')) after.pop_back();
    words += before.empty() ? fmt::format(" `{}` put in", after)
                            : fmt::format(" `{}` is now `{}`", before, after);
  }
  return adapters::printable(words);
}

// One mistake may hide another: until nothing is left to fix. A round that makes matters worse is
// taken back.
Outcome<Checked> fix(Checked checked, const Console& console) {
  constexpr int kRoundsMost = 10;
  const std::string file = checked.source.file();
  const std::string original = checked.source.text_of(file);
  for (int round = 0; round < kRoundsMost; ++round) {
    const std::string text = checked.source.text_of(file);
    const dsl::Fixed fixed = dsl::apply_fixes(text, checked.diagnostics);
    if (fixed.applied.empty()) break;
    Checked next = check(RunbookSource::of(file, fixed.text), {});
    if (round > 0 && next.errors > checked.errors) break;
    for (const runtime::Diagnostic& found : fixed.applied) console.say(in_words(found, text));
    checked = std::move(next);
  }
  const std::string& text = checked.source.text_of(file);
  if (text != original) {
    TRY_DO(replace_file(file, text));
  }
  return checked;
}

Outcome<Checked> check_file(const std::string& file, const Options& options,
                            const std::vector<core::Argument>& params, const Console& console) {
  TRY(RunbookSource source, RunbookSource::load(file));
  Checked checked = check(std::move(source), params);
  if (!options.fix) return checked;
  return fix(std::move(checked), console);
}

// With what it was checked with.
void suggest_run(const Options& options, const Console& console) {
  std::string command = "rollbook sandbox " + shell_word(options.files.front());
  add_option(command, "--param", options.params);
  console.suggest(command + " --speed max");
}

Outcome<Exit> run(const Options& options, const Console& console) {
  const bool stdin_too =
      std::find(options.files.begin(), options.files.end(), "-") != options.files.end();
  if (options.fix && stdin_too) {
    return give_up("--fix changes files, stdin is none: name a file", Exit::usage);
  }
  Json all = Json::array();
  std::vector<CheckedFile> files;
  bool valid = true;
  TRY(const std::vector<core::Argument> params, parse_params(options.params));
  if (options.fix && !params.empty()) {
    return give_up("--fix mends a file as it is written, with no --param: leave one of them out",
                   Exit::usage);
  }
  for (const std::string& file : options.files) {
    const Outcome<Checked> checked = check_file(file, options, params, console);
    if (!checked) {  // what is found in the others is told all the same
      console.fail(checked.error().message);
      valid = false;
      continue;
    }
    valid = valid && checked->machine.has_value();
    if (options.output == "text") {
      print_text(*checked, console);
    } else if (options.output == "json") {
      for (const runtime::Diagnostic& found : checked->diagnostics) all.push_back(to_json(found));
    } else {
      add_files(*checked, files);
    }
  }
  if (options.output == "json") console.line(adapters::to_line(all));
  if (options.output == "sarif") console.line(to_sarif(files));
  if (options.output == "text" && valid && options.files.front() != "-") {
    suggest_run(options, console);
  }
  return valid ? Exit::done : Exit::error;
}

}  // namespace

Verb check_verb() {
  auto o = std::make_shared<Options>();
  return {
      "check",
      Group::authoring,
      "say what is wrong or doubtful in a runbook, and what is proved",
      {"rollbook check my.runbook", "rollbook check --fix my.runbook",
       "rollbook check my.runbook --param limit=0.2%",
       "rollbook check plans/*.runbook -o sarif > findings.sarif"},
      [o](OptionSet& set) {
        set.positionals("FILE", o->files, "runbooks; - is stdin");
        set.options("--param", "NAME=VALUE", o->params,
                    "check it with this value, not with the default");
        set.choice("-o,--output", o->output, {"text", "json", "sarif"}, "how findings are printed");
        set.flag("--fix", o->fix, "mend in place what can only be meant one way");
      },
      [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
