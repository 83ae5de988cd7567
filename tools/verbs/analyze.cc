#include <fmt/format.h>

#include <charconv>

#include "adapters/wire/text.h"
#include "tools/act.h"
#include "tools/breakdown_look.h"
#include "tools/metric_looks.h"
#include "tools/opened_rollout.h"
#include "tools/same_place.h"
#include "tools/sample_look.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

struct Options {
  Settings settings;
  std::string subject;
  std::string rollout;
  std::string by;
  std::string metric;
  std::string window = "1h";
  std::string percentiles = "p50,p99";
  std::string top = "20";
  std::string at;
  std::string output;
};

Outcome<Subject> parse_subject(const std::string& text) {
  static constexpr std::string_view kWords[] = {"errors", "latency", "traffic"};
  for (std::size_t i = 0; i < std::size(kWords); ++i) {
    if (text == kWords[i]) return static_cast<Subject>(i);
  }
  const std::string meant = adapters::did_you_mean(text, kWords);
  return give_up(fmt::format("`{}` is not analysed{}", adapters::printable(text),
                             meant.empty() ? "; errors, latency and traffic are" : meant),
                 Exit::usage);
}

Outcome<std::size_t> parse_top(const std::string& text) {
  std::size_t top = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), top);
  if (error != std::errc{} || end != text.data() + text.size() || top == 0) {
    return give_up(fmt::format("--top: `{}` is no number above 0", adapters::printable(text)),
                   Exit::usage);
  }
  return top;
}

Outcome<Exit> run(const Options& options, const Console& console) {
  BreakdownAsk ask;
  TRY(ask.subject, parse_subject(options.subject));
  TRY(ask.by, parse_labels(options.by));
  ask.metric = options.metric;
  TRY(ask.window, duration_option("--window", options.window));
  TRY(ask.percentiles, parse_percentiles(options.percentiles));
  TRY(const std::size_t top, parse_top(options.top));
  Until until;
  if (!options.at.empty()) {
    TRY(until, parse_until(options.at));
  }
  TRY(const OpenedRollout opened, open_rollout(options.settings, console, options.rollout, until));
  TRY(const BreakdownLook look, break_down(opened.rollout, ask));
  if (options.output == "json") {
    console.line(breakdown_json(look));
    return Exit::done;
  }
  console.print(breakdown_text(look, top, console.look().width));
  if (ask.subject == Subject::traffic) {
    console.suggest("rollbook traffic " + opened.entry.rollout + same_place(options.settings));
  } else if (keeps_samples(opened.rollout.machine(), look.metric)) {
    console.suggest(fmt::format("rollbook samples {} --metric {}{}", opened.entry.rollout,
                                look.metric, same_place(options.settings)));
  }
  return Exit::done;
}

}  // namespace

Verb analyze_verb() {
  auto o = std::make_shared<Options>();
  return {"analyze",
          Group::operating,
          "which endpoint, which layer, which region: a metric by its labels, arm by arm",
          {"rollbook analyze errors hal9-7f3k2q --by type,endpoint",
           "rollbook analyze latency hal9-7f3k2q --by layer --window 15m",
           "rollbook analyze traffic hal9-7f3k2q --by region --at 2026-01-05T10:00:00Z"},
          [o](OptionSet& set) {
            set.positional("WHAT", o->subject, "errors, latency or traffic");
            set.positional("ROLLOUT", o->rollout, "its id; left out: the only active one", false);
            o->settings.declare_data(set);
            set.option("--by", "LABELS", o->by,
                       "those that the runbook keeps the metric by; left out: all of them");
            set.option("--metric", "NAME", o->metric,
                       "of the runbook; left out: what its criteria measure");
            set.option("--window", "DURATION", o->window,
                       "that ends with the last count, 1h when left out; counts are logged once a "
                       "minute and taken whole, rates are over the time that they span");
            set.option("--percentiles", "P", o->percentiles, "of latency, p50,p99 when left out");
            set.option("--top", "N", o->top, "label sets that are shown, 20 when left out");
            set.option("--at", "TIME|SEQ", o->at, "as it was at a moment or after an event");
            set.choice("-o,--output", o->output, {"table", "json"}, "how it is printed");
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
