#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "adapters/wire/text.h"
#include "dsl/compiler.h"
#include "dsl/first_runbook.h"
#include "tools/replace_file.h"
#include "tools/shell_words.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

using namespace std::chrono_literals;

// A hold shorter than this leaves no window to judge by.
constexpr core::Duration kHoldLeast = 2s;

struct Options {
  std::string service, name, label, baseline, canary;
  std::string requests, errors, latency;
  std::string stages, hold, role;
  std::string file;
};

Outcome<std::vector<core::Weight>> parse_stages(const std::string& text) {
  std::vector<core::Weight> weights;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    std::string word = text.substr(begin, end - begin);
    if (!word.ends_with('%')) word += '%';
    const auto weight = adapters::parse_weight(word);
    if (!weight || *weight <= core::kNoTraffic) {
      return give_up(
          fmt::format("--stages: `{}` is no share of traffic above 0; write `5,10,25,50`",
                      adapters::printable(text.substr(begin, end - begin))),
          Exit::usage);
    }
    if (!weights.empty() && *weight <= weights.back()) {
      return give_up(
          "--stages: each stage has more traffic than the one before; write "
          "`5,10,25,50`",
          Exit::usage);
    }
    weights.push_back(*weight);
    begin = end + 1;
  }
  return weights;
}

bool is_word(const std::string& text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !text.empty() && letter(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9');
  });
}

// What is asked on a terminal; an empty line takes what stands in brackets.
bool ask(const Console& console, const char* question, std::string& answer) {
  console.print(fmt::format("{}{}: ", question, answer.empty() ? "" : " [" + answer + "]"));
  console.flush();
  std::string line;
  if (!std::getline(std::cin, line)) return false;
  if (!line.empty()) answer = line;
  return true;
}

bool dialogue(Options& options, const Console& console) {
  if (!ask(console, "Service that is rolled out", options.service)) return false;
  if (options.service.empty()) return true;
  const std::string word = dsl::as_word(options.service);
  if (options.requests.empty()) options.requests = word + "_requests_total";
  if (options.errors.empty()) options.errors = word + "_errors_total";
  return ask(console, "Label of its metrics that tells the versions apart", options.label) &&
         ask(console, "…its value for the version that runs", options.baseline) &&
         ask(console, "…and for the new one", options.canary) &&
         ask(console, "Counter of requests", options.requests) &&
         ask(console, "Counter of errors", options.errors) &&
         ask(console, "Histogram of latency (empty: none)", options.latency) &&
         ask(console, "Shares of traffic, in per cent", options.stages) &&
         ask(console, "How long each is held", options.hold) &&
         ask(console, "Role of who accepts the release", options.role) &&
         ask(console, "File to write (empty: show it here)", options.file);
}

Outcome<dsl::FirstRunbook> wishes_of(const Options& options) {
  dsl::FirstRunbook wishes;
  wishes.service = options.service;
  wishes.name = options.name.empty() ? dsl::as_word(options.service) + "_canary" : options.name;
  wishes.label = options.label;
  wishes.baseline = options.baseline;
  wishes.canary = options.canary;
  wishes.requests = options.requests;
  wishes.errors = options.errors;
  wishes.latency = options.latency;
  wishes.role = options.role;
  TRY(wishes.stages, parse_stages(options.stages));
  const auto hold = adapters::parse_duration(options.hold);
  if (!hold || *hold < kHoldLeast) {
    return give_up(fmt::format("--hold: `{}` is no duration of 2s at least; write `1h`",
                               adapters::printable(options.hold)),
                   Exit::usage);
  }
  wishes.hold = *hold;
  for (const auto& [option, word] : {std::pair{"--name", wishes.name}, {"--role", wishes.role}}) {
    if (!is_word(word)) {
      return give_up(fmt::format("{}: `{}` must be a word of letters, digits and `_`", option,
                                 adapters::printable(word)),
                     Exit::usage);
    }
  }
  return wishes;
}

Outcome<Exit> run(Options options, const Console& console) {
  if (options.service.empty() && console.look().in_is_terminal) {
    if (!dialogue(options, console)) return give_up("no more answers; nothing was written");
  }
  if (options.service.empty()) {
    return give_up("--service is missing; `rollbook new --service shop > shop.runbook`",
                   Exit::usage);
  }
  TRY(const dsl::FirstRunbook wishes, wishes_of(options));
  const std::string text = dsl::first_runbook(wishes);
  // What flags say can still be no name or no label: the compiler knows.
  const runtime::Compiled compiled = dsl::Compiler().compile("new.runbook", text, {});
  if (!compiled.plan) {
    for (const runtime::Diagnostic& found : compiled.diagnostics) {
      if (found.severity != runtime::Severity::error) continue;
      return give_up(found.message + (found.help.empty() ? "" : "; " + found.help), Exit::usage);
    }
  }
  if (options.file.empty()) {
    console.print(text);
    return Exit::done;
  }
  TRY_DO(create_file(options.file, text));
  console.say(fmt::format("{}: written", options.file));
  console.suggest("rollbook check " + shell_word(options.file));
  return Exit::done;
}

}  // namespace

Verb new_verb() {
  auto o = std::make_shared<Options>();
  o->label = "version";
  o->baseline = "old";
  o->canary = "new";
  o->stages = "5,10,25,50,100";
  o->hold = "1h";
  o->role = "owner";
  return {
      "new",
      Group::authoring,
      "make a first runbook, from options or a short dialogue",
      {"rollbook new", "rollbook new --service shop --stages 5,25,100 --hold 30m > shop.runbook",
       "rollbook new --service shop --latency shop_seconds --file shop.runbook"},
      [o](OptionSet& set) {
        set.option("--service", "NAME", o->service, "what is rolled out");
        set.option("--name", "WORD", o->name, "of the runbook (default: SERVICE_canary)");
        set.option("--label", "LABEL", o->label,
                   "of the metrics, tells the versions apart (default: version)");
        set.option("--baseline", "VALUE", o->baseline, "of the label (default: old)");
        set.option("--canary", "VALUE", o->canary, "of the label (default: new)");
        set.option("--requests", "METRIC", o->requests,
                   "a counter (default: SERVICE_requests_total)");
        set.option("--errors", "METRIC", o->errors, "a counter (default: SERVICE_errors_total)");
        set.option("--latency", "METRIC", o->latency, "a histogram in seconds");
        set.option("--stages", "SHARES", o->stages, "per cent (default: 5,10,25,50,100)");
        set.option("--hold", "DURATION", o->hold, "of each stage (default: 1h)");
        set.option("--role", "WORD", o->role, "who accepts the release (default: owner)");
        set.option("--file", "FILE", o->file, "written, if it is not there yet");
      },
      [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
