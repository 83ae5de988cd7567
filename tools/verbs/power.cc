#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>

#include "adapters/wire/text.h"
#include "dsl/diagnostics.h"
#include "dsl/parse.h"
#include "dsl/resolve.h"
#include "engine/core/limits.h"
#include "tools/metric_reading.h"
#include "tools/power/ask.h"
#include "tools/power/plot.h"
#include "tools/power/print.h"
#include "tools/power/propose.h"
#include "tools/progress.h"
#include "tools/runbook_source.h"
#include "tools/settings.h"
#include "tools/shell_words.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

constexpr const char* kLastUsual = "24h";

struct Options {
  std::string file;
  std::vector<std::string> params;
  std::vector<std::string> healthy;
  std::vector<std::string> loads;
  std::string from;
  std::string last = kLastUsual;
  Settings settings;
  std::string every;
  std::string runs;
  std::string seed;
  std::string output;
};

using namespace std::chrono_literals;

constexpr int kRunsMost = 100'000;
// More says nothing more of a service that changes every week.
constexpr core::Duration kLastMost = 31 * 24h;
// A curve has many points, and nobody reads a percent off it.
constexpr int kRunsOfAPlot = 51;

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

Outcome<power::Settings> parse_settings(const Options& options) {
  power::Settings settings;
  for (const std::string& text : options.healthy) {
    const std::size_t equals = text.rfind('=');
    TRY(const double rate,
        power::parse_rate(equals == std::string::npos ? text : text.substr(equals + 1)));
    if (equals == std::string::npos) {
      settings.healthy_rate = rate;
    } else {
      settings.healthy_rates[text.substr(0, equals)] = rate;
    }
  }
  if (!options.every.empty()) {
    TRY(settings.every, power::parse_every(options.every));
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

// ---- What was recorded ----------------------------------------------------------------------

struct Source {
  power::Recorded recorded;
  std::string name;  // "topic `metrics`"
};

// What a topic may be called; all else can only be a file.
bool may_be_topic(const std::string& name) {
  constexpr std::size_t kNameMost = 249;
  return name.size() <= kNameMost && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return (c < 0x80 && std::isalnum(c) != 0) || c == '.' || c == '_' || c == '-';
         });
}

// What does not hinder but is to be known.
void tell(const MetricReading& reading, const power::Recorded& recorded, core::Duration last,
          const std::string& name, const Console& console) {
  if (reading.unreadable() > 0) {
    console.say(fmt::format("{}: {} could not be read; the first, {}", name, reading.unreadable(),
                            adapters::printable(reading.first_unreadable())));
  }
  if (recorded.span < last - last / 10) {
    console.say(fmt::format("{}: it holds {} of the last {}", name,
                            adapters::format_duration_short(recorded.span),
                            adapters::format_duration(last)));
  }
}

Outcome<Source> read_topic(const Options& options, const core::Machine& machine,
                           core::Duration last, const Console& console) {
  TRY(const adapters::LoadedConfig loaded, options.settings.load(console));
  TRY(const auto bus, make_bus(loaded.config));
  const core::Time now = wall_now();
  power::Tally tally(machine, {now - last, now + core::kSkew});
  MetricReading reading(loaded.config,
                        [&](const runtime::PointBatch& batch) { tally.take(batch); });
  Progress progress(console, "metrics", "records");
  const auto read = reading.read_back(*bus, options.from, now - last, progress);
  progress.done();
  if (!read) {
    return give_up(fmt::format("--from {0}: there is no file of that name, so it is a topic: {1}",
                               options.from, read.error().message),
                   read.error().exit);
  }
  const std::string name = fmt::format("topic `{}`", options.from);
  if (reading.records() == 0) {
    return give_up(fmt::format("{} holds no record of the last {}; --last 7d looks further back",
                               name, adapters::format_duration(last)));
  }
  auto recorded = power::recorded_of(machine, tally);
  if (!recorded) {
    return give_up(
        fmt::format("{}, {} records of the last {}: {}{}", name, reading.records(),
                    adapters::format_duration(last), recorded.error().message,
                    reading.unreadable() == 0
                        ? ""
                        : fmt::format("; {} could not be read, the first, {}", reading.unreadable(),
                                      adapters::printable(reading.first_unreadable()))));
  }
  tell(reading, *recorded, last, name, console);
  return Source{std::move(*recorded), name};
}

Outcome<Source> read_source(const Options& options, const core::Machine& machine,
                            const Console& console) {
  const auto last = adapters::parse_duration(options.last);
  if (!last || *last <= core::Duration::zero() || *last > kLastMost) {
    return give_up(fmt::format("--last: `{}` is no duration up to 31d: 24h",
                               adapters::printable(options.last)),
                   Exit::usage);
  }
  std::error_code error;
  if (std::filesystem::exists(options.from, error) || !may_be_topic(options.from)) {
    TRY(power::Recorded recorded, power::read_recorded(machine, options.from));
    return Source{std::move(recorded), options.from};
  }
  return read_topic(options, machine, *last, console);
}

// ---------------------------------------------------------------------------------------------

// The plot of what was just told.
std::string plot_of(const Options& options) {
  std::string command = "rollbook power " + shell_word(options.file);
  add_option(command, "--param", options.params);
  add_option(command, "--healthy", options.healthy);
  add_option(command, "--load", options.loads);
  add_option(command, "--every", options.every);
  add_option(command, "--from", options.from);
  if (options.last != kLastUsual) add_option(command, "--last", options.last);
  add_option(command, "--config", options.settings.config);
  add_option(command, "--brokers", options.settings.brokers);
  add_option(command, "--bus", options.settings.bus);
  add_option(command, "--runs", options.runs);
  add_option(command, "--seed", options.seed);
  return command + " -o svg > power.svg";
}

Outcome<Exit> run(const Options& options, const Console& console) {
  TRY(const runtime::Plan plan, compile(options, console));
  TRY(power::Settings settings, parse_settings(options));
  std::vector<power::Load> loads = stated_load(plan);
  std::optional<Source> source;
  if (!options.from.empty()) {
    TRY(source, read_source(options, plan.machine, console));
    loads = source->recorded.loads;
    power::take(source->recorded, plan.machine, settings);
    if (options.every.empty()) settings.every = source->recorded.every.value_or(settings.every);
  }
  if (!options.loads.empty()) {
    TRY(loads, power::parse_loads(options.loads, plan.machine));
  }
  if (loads.empty()) {
    return give_up(fmt::format("{}: how many requests come is not said; add `load 900/s peak, "
                               "120/s trough` to it, or give --load 900/s,120/s",
                               options.file),
                   Exit::usage);
  }
  if (options.output == "svg" && options.runs.empty()) settings.runs = kRunsOfAPlot;
  auto study = power::Study::of(plan.machine, loads, settings);
  if (!study) return give_up(study.error().message, Exit::usage);
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
  std::optional<power::Evidence> evidence;
  if (source) {
    evidence = {source->name, source->recorded.span, source->recorded.points,
                power::propose(plan.machine, source->recorded, *study)};
  }
  if (options.output == "json") {
    console.line(power::as_json(report, evidence ? &*evidence : nullptr));
  } else {
    console.print(power::as_table(report) + (evidence ? power::evidence_as_table(*evidence) : ""));
    if (options.file != "-") console.suggest(plot_of(options));  // stdin has been read
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
       "rollbook power my.runbook --every 60s", "rollbook power my.runbook --from recorded.jsonl",
       "rollbook power my.runbook --from metrics --brokers localhost:9092 --last 7d",
       "rollbook power my.runbook -o svg > power.svg"},
      [o](OptionSet& set) {
        set.positional("FILE", o->file, "a runbook; - is stdin");
        set.options("--param", "NAME=VALUE", o->params, "as for `rollbook start`");
        set.options("--healthy", "[ID=]RATE", o->healthy,
                    "bad requests of a healthy canary: of all ratios, or of one criterion");
        set.options("--load", "[TARGET=]PEAK[,TROUGH]", o->loads,
                    "requests a second of both arms, in place of the runbook's `load`");
        set.option("--every", "DURATION", o->every,
                   "how far apart the points of a series come (5s; of recorded metrics as far as "
                   "they did): OpenTelemetry exports every 60s");
        set.option("--from", "TOPIC|FILE", o->from,
                   "take rates, load and how far apart points come from recorded metrics: a file "
                   "of them, one a line, where there is one of that name, else a topic");
        set.option("--last", "DURATION", o->last, "how far back a topic is read (24h)");
        o->settings.declare_bus(set);
        set.option("--runs", "N", o->runs, "simulations of each case (201; 51 of a plot)");
        set.option("--seed", "N", o->seed, "another one gives other runs (1)");
        set.choice("-o,--output", o->output, {"table", "json", "svg"},
                   "numbers, or a plot of the chance to notice");
      },
      [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
