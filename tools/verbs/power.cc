#include <fmt/format.h>

#include <charconv>

#include "adapters/wire/text.h"
#include "dsl/diagnostics.h"
#include "dsl/parse.h"
#include "dsl/resolve.h"
#include "tools/power/plot.h"
#include "tools/power/print.h"
#include "tools/power/recorded.h"
#include "tools/progress.h"
#include "tools/runbook_source.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

struct Options {
  std::string file;
  std::vector<std::string> params;
  std::vector<std::string> healthy;
  std::string load;
  std::string from;
  std::string runs;
  std::string seed;
  std::string output;
};

constexpr int kRunsMost = 100'000;
// A curve has many points, and nobody reads a percent off it.
constexpr int kRunsOfAPlot = 51;

// "0.02%" or "0.0002", above nothing and below all.
Outcome<double> parse_rate(const std::string& text) {
  const auto weight = adapters::parse_weight(text);
  if (!weight || weight->nanos <= 0 || *weight >= core::kAllTraffic) {
    return give_up(
        fmt::format("`{}` is no rate between 0% and 100%: 0.02%", adapters::printable(text)),
        Exit::usage);
  }
  return static_cast<double>(weight->nanos) * 1e-9;
}

// "900/s" or "900".
Outcome<double> parse_flow(std::string text) {
  const std::string whole = text;
  if (text.ends_with("/s")) text.resize(text.size() - 2);
  const auto value = adapters::parse_fixed(text);
  if (!value || value->nanos <= 0) {
    return give_up(
        fmt::format("`{}` is no number of requests a second: 900/s", adapters::printable(whole)),
        Exit::usage);
  }
  return static_cast<double>(value->nanos) * 1e-9;
}

template <class Number>
Outcome<Number> parse_count(const std::string& text, Number least, Number most) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    return give_up(fmt::format("`{}` is no whole number from {} to {}", adapters::printable(text),
                               least, most),
                   Exit::usage);
  }
  return value;
}

// The load that the runbook states; the machine has forgotten it.
std::vector<power::Load> stated_load(const runtime::Plan& plan) {
  dsl::Sink sink(plan.file);
  const dsl::Outline outline = dsl::resolve(dsl::parse(plan.expanded, sink), sink);
  if (!outline.load) return {};
  const auto number = [](core::Fixed value) { return static_cast<double>(value.nanos) * 1e-9; };
  std::vector<power::Load> loads{{"peak", number(outline.load->peak)}};
  if (outline.load->trough) loads.push_back({"trough", number(*outline.load->trough)});
  return loads;
}

// "900/s,120/s": at peak and, if it is there, at trough.
Outcome<std::vector<power::Load>> parse_load(const std::string& text) {
  const std::size_t comma = text.find(',');
  TRY(const double peak, parse_flow(text.substr(0, comma)));
  std::vector<power::Load> loads{{"peak", peak}};
  if (comma == std::string::npos) return loads;
  TRY(const double trough, parse_flow(text.substr(comma + 1)));
  if (trough > peak) {
    return give_up("--load names the peak first, then the trough: 900/s,120/s", Exit::usage);
  }
  loads.push_back({"trough", trough});
  return loads;
}

Outcome<power::Settings> parse_settings(const Options& options) {
  power::Settings settings;
  for (const std::string& text : options.healthy) {
    const std::size_t equals = text.rfind('=');
    TRY(const double rate,
        parse_rate(equals == std::string::npos ? text : text.substr(equals + 1)));
    if (equals == std::string::npos) {
      settings.healthy_rate = rate;
    } else {
      settings.healthy_rates[text.substr(0, equals)] = rate;
    }
  }
  if (!options.runs.empty()) {
    TRY(settings.runs, parse_count<int>(options.runs, 1, kRunsMost));
  }
  if (!options.seed.empty()) {
    TRY(settings.seed, parse_count<std::uint64_t>(options.seed, 0, ~std::uint64_t{0}));
  }
  return settings;
}

Outcome<runtime::Plan> compile(const Options& options, const Console& console) {
  TRY(const RunbookSource source, RunbookSource::load(options.file));
  TRY(const std::vector<core::Argument> params, parse_params(options.params));
  runtime::Compiled compiled = source.compile(params);
  if (!compiled.plan) {
    for (const runtime::Diagnostic& found : compiled.diagnostics) {
      if (found.severity == runtime::Severity::error) console.say(source.render(found));
    }
    return give_up(fmt::format("{}: not valid, so there is nothing to try", options.file));
  }
  return std::move(*compiled.plan);
}

Outcome<Exit> run(const Options& options, const Console& console) {
  TRY(const runtime::Plan plan, compile(options, console));
  TRY(power::Settings settings, parse_settings(options));
  std::vector<power::Load> loads = stated_load(plan);
  std::optional<power::Recorded> recorded;
  if (!options.from.empty()) {
    TRY(recorded, power::read_recorded(plan.machine, options.from));
    loads = recorded->loads;
    for (const auto& [id, rate] : recorded->rates) settings.healthy_rates.emplace(id, rate);
  }
  if (!options.load.empty()) {
    TRY(loads, parse_load(options.load));
  }
  if (loads.empty()) {
    return give_up(fmt::format("{}: how many requests come is not said; add `load 900/s peak, "
                               "120/s trough` to it, or give --load 900/s,120/s",
                               options.file),
                   Exit::usage);
  }
  if (options.output == "svg" && options.runs.empty()) settings.runs = kRunsOfAPlot;
  auto study = power::Study::of(plan.machine, loads, settings);
  if (!study) return give_up(study.error().message + "; `rollbook check` shows them", Exit::usage);
  Progress progress(console, "power", "runs");
  const auto show = [&](std::uint64_t done, std::uint64_t total) { progress.show(done, total); };
  if (options.output == "svg") {
    const std::string picture = power::as_svg(*study, show);
    progress.done();
    console.print(picture);
    return Exit::done;
  }
  const power::Report report = study->run(show);
  progress.done();
  const auto proposals =
      recorded ? power::propose(plan.machine, *recorded, *study) : std::vector<power::Proposal>{};
  if (options.output == "json") {
    console.line(power::as_json(report, proposals));
  } else {
    console.print(power::as_table(report) + power::proposals_as_table(proposals));
    console.suggest(fmt::format("rollbook power {} -o svg > power.svg", options.file));
  }
  return Exit::done;
}

}  // namespace

Verb power_verb() {
  auto o = std::make_shared<Options>();
  return {
      "power",
      Group::authoring,
      "how often a runbook stops a healthy canary, how soon it notices a sick one",
      {"rollbook power my.runbook", "rollbook power my.runbook --healthy 0.03% --load 900/s,120/s",
       "rollbook power my.runbook --from recorded.jsonl",
       "rollbook power my.runbook -o svg > power.svg"},
      [o](OptionSet& set) {
        set.positional("FILE", o->file, "a runbook; - is stdin");
        set.options("--param", "NAME=VALUE", o->params, "as for `rollbook start`");
        set.options("--healthy", "[ID=]RATE", o->healthy,
                    "bad requests of a healthy canary: of all ratios, or of one criterion");
        set.option("--load", "PEAK[,TROUGH]", o->load,
                   "requests a second of both arms, in place of the runbook's `load`");
        set.option("--from", "FILE", o->from,
                   "take rates and load from recorded metrics (lines of Rollbook JSON)");
        set.option("--runs", "N", o->runs, "simulations of each case (201; 51 of a plot)");
        set.option("--seed", "N", o->seed, "another one gives other runs (1)");
        set.choice("-o,--output", o->output, {"table", "json", "svg"},
                   "numbers, or a plot of the chance to notice");
      },
      [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
