#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "adapters/wire/text.h"
#include "tools/opened_rollout.h"
#include "tools/same_place.h"
#include "tools/sample_look.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

struct Options {
  Settings settings;
  std::string rollout;
  std::string metric;
  std::string above;
  std::string arm;
  std::string last = "50";
  std::string at;
  std::string output;
};

// "10.432ms", as latencies are shown, in seconds. Nothing: no part of a second.
std::optional<core::Fixed> parse_latency(const std::string& text) {
  struct Unit {
    std::string_view name;
    std::int64_t in_a_second;
  };
  static constexpr Unit kUnits[] = {{"ms", 1'000}, {"us", 1'000'000}, {"s", 1}};
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.name)) continue;
    const auto number = adapters::parse_fixed(text.substr(0, text.size() - unit.name.size()));
    if (!number || number->nanos < 0) return std::nullopt;
    return core::Fixed{number->nanos / unit.in_a_second};
  }
  return std::nullopt;
}

// "100ms" of a latency, "3" of a count; a duration's nanoseconds are seconds at 10⁻⁹.
Outcome<void> parse_above(const std::string& text, SampleAsk& ask) {
  ask.above_text = text;
  if (const auto plain = adapters::parse_fixed(text)) {
    ask.above = *plain;
    return {};
  }
  const auto duration = adapters::parse_duration(text);
  const auto latency = duration ? core::Fixed{duration->count()} : parse_latency(text);
  if (!latency) {
    return give_up(fmt::format("--above: `{}` is neither a duration such as 100ms nor a number",
                               adapters::printable(text)),
                   Exit::usage);
  }
  ask.above = *latency;
  ask.above_is_time = true;
  return {};
}

Outcome<core::Arm> parse_arm(const std::string& text) {
  static constexpr std::string_view kArms[] = {"canary", "baseline", "total"};
  for (std::size_t i = 0; i < std::size(kArms); ++i) {
    if (text == kArms[i]) return static_cast<core::Arm>(i);
  }
  return give_up(fmt::format("--arm: `{}` is none of canary, baseline and total{}",
                             adapters::printable(text), adapters::did_you_mean(text, kArms)),
                 Exit::usage);
}

// Where the breach lies, of what was asked for; what is not kept by labels has no parts.
std::string next_look(const SampleLook& look) {
  const core::Metric& metric = look.machine->at(look.kept.front().first);
  if (metric.by.empty()) return "rollbook metrics " + look.rollout;
  const bool latency = metric.kind == core::MetricKind::histogram;
  return fmt::format("rollbook analyze {} {} --metric {}", latency ? "latency" : "errors",
                     look.rollout, metric.name);
}

Outcome<Exit> run(const Options& options, const Console& console) {
  SampleAsk ask;
  ask.metric = options.metric;
  if (!options.above.empty()) {
    TRY_DO(parse_above(options.above, ask));
  }
  if (!options.arm.empty()) {
    TRY(ask.arm, parse_arm(options.arm));
  }
  std::size_t last = 0;
  const auto [end, error] =
      std::from_chars(options.last.data(), options.last.data() + options.last.size(), last);
  if (error != std::errc{} || end != options.last.data() + options.last.size() || last == 0) {
    return give_up(
        fmt::format("--last: `{}` is no number above 0", adapters::printable(options.last)),
        Exit::usage);
  }
  Until until;
  if (!options.at.empty()) {
    TRY(until, parse_until(options.at));
  }
  TRY(const OpenedRollout opened, open_rollout(options.settings, console, options.rollout, until));
  TRY(const SampleLook look, look_at_samples(*opened.log, opened.rollout, ask));
  if (options.output == "json") {
    console.line(samples_json(look));
  } else if (options.output == "jsonl") {
    console.print(samples_jsonl(look));
  } else {
    console.print(samples_text(look, last, console.look().width));
    console.suggest(next_look(look) + same_place(options.settings));
  }
  return Exit::done;
}

}  // namespace

Verb samples_verb() {
  auto o = std::make_shared<Options>();
  return {"samples",
          Group::operating,
          "single requests that breached a limit, with their traces",
          {"rollbook samples hal9-7f3k2q --metric latency --above 100ms",
           "rollbook samples hal9-7f3k2q --metric errors --arm canary -o jsonl"},
          [o](OptionSet& set) {
            set.positional("ROLLOUT", o->rollout, "its id; left out: the only active one", false);
            o->settings.declare_data(set);
            set.option("--metric", "NAME", o->metric,
                       "a counter or a histogram of the runbook; left out: all");
            set.option("--above", "VALUE", o->above, "only those above it, such as 100ms");
            set.option("--arm", "ARM", o->arm, "canary, baseline or total");
            set.option("--last", "N", o->last, "how many are shown, 50 when left out");
            set.option("--at", "TIME|SEQ", o->at, "as it was at a moment or after an event");
            set.choice("-o,--output", o->output, {"table", "json", "jsonl"}, "how it is printed");
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
