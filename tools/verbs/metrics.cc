#include <fmt/format.h>

#include "adapters/wire/text.h"
#include "engine/core/sentence.h"
#include "tools/metric_looks.h"
#include "tools/opened_rollout.h"
#include "tools/same_place.h"
#include "tools/verbs.h"
#include "tools/wait.h"

namespace rollbook::tools {
namespace {

using namespace std::chrono_literals;

constexpr core::Duration kLook = 200ms;  // at a log that another process writes
constexpr core::Duration kRedraw = 1s;   // what changes more often cannot be read

struct Options {
  Settings settings;
  std::string rollout;
  std::vector<std::string> metrics;
  std::string window = "5m";
  std::string percentiles = "p50,p99";
  std::string at;
  std::string output;
  bool compare = false;
  bool watch = false;
};

Outcome<core::Duration> parse_window(const std::string& text) {
  auto window = adapters::parse_duration(text);
  if (!window) return give_up(window.error().message, Exit::usage);
  if (*window < 1s || *window > adapters::kDurationMost) {
    return give_up(
        fmt::format("`{}` is no window: it lies between 1s and {}", adapters::printable(text),
                    core::duration_text(adapters::kDurationMost)),
        Exit::usage);
  }
  return *window;
}

Outcome<Exit> print(const Rollout& rollout, const Until& until, const LookAsk& ask,
                    const Options& options, const Console& console) {
  TRY(const Looks looks, look_at(rollout, ask, moment_of(rollout, until)));
  if (options.output == "json") {
    console.line(looks_json(looks));
  } else {
    console.print(looks_text(looks, console.look().width));
  }
  return Exit::done;
}

// Shows it anew as the log grows, until the rollout ends or somebody interrupts.
Outcome<Exit> follow(store::RocksReader& log, Rollout& rollout, const LookAsk& ask,
                     const Options& options, const Console& console) {
  const bool text = options.output == "table";
  const bool page = text && console.look().out_is_terminal;
  auto drawn = std::chrono::steady_clock::now() - kRedraw;
  bool changed = true, first = true;
  while (true) {
    const auto now = std::chrono::steady_clock::now();
    const bool ended = rollout.state().finished();
    // A page tells ages too, which change by themselves.
    if ((changed || page) && (ended || now - drawn >= kRedraw)) {
      if (page) console.print("\x1b[H\x1b[2J");
      if (text && !page && !first) console.line("");
      TRY_DO(print(rollout, {}, ask, options, console));
      console.flush();
      drawn = now;
      changed = first = false;
    }
    if (ended) return Exit::done;
    if (interrupted()) return Exit::interrupted;
    wait_for(kLook);
    TRY_DO(log.refresh());
    TRY(const std::size_t folded, rollout.advance());
    changed = changed || folded > 0;
  }
}

Outcome<Exit> run(const Options& options, const Console& console) {
  TRY(const core::Duration window, parse_window(options.window));
  LookAsk ask;
  ask.metrics = options.metrics;
  ask.compare = options.compare;
  TRY(ask.percentiles, parse_percentiles(options.percentiles));
  Until until;
  if (!options.at.empty()) {
    if (options.watch) {
      return give_up("--at shows a moment that is over, --watch what comes: say one of them",
                     Exit::usage);
    }
    TRY(until, parse_until(options.at));
  }
  TRY(OpenedRollout opened,
      open_rollout(options.settings, console, options.rollout, until, look_windows(window)));
  Rollout& rollout = opened.rollout;
  if (options.watch) {
    catch_interrupts();
    return follow(*opened.log, rollout, ask, options, console);
  }
  TRY_DO(print(rollout, until, ask, options, console));
  console.suggest(fmt::format("rollbook {} {}{}", options.compare ? "traffic" : "status",
                              opened.entry.rollout, same_place(options.settings)));
  return Exit::done;
}

}  // namespace

Verb metrics_verb() {
  auto o = std::make_shared<Options>();
  return {
      "metrics",
      Group::operating,
      "what a rollout's metrics are, arm by arm, target by target",
      {"rollbook metrics hal9-7f3k2q --compare -w",
       "rollbook metrics hal9-7f3k2q --metric error_rate --window 5m",
       "rollbook metrics hal9-7f3k2q --metric latency --percentiles p50,p99 --window 1h",
       "rollbook metrics hal9-7f3k2q --compare --at 2026-01-05T10:00:00Z -o json"},
      [o](OptionSet& set) {
        set.positional("ROLLOUT", o->rollout, "its id; left out: the only active one", false);
        o->settings.declare_data(set);
        set.options("--metric", "NAME", o->metrics,
                    "of the runbook, `eu.NAME` of one target; left out: all that its criteria "
                    "measure");
        set.option("--window", "DURATION", o->window,
                   "that ends with the last point, 5m when left out; as in the guard nothing "
                   "from before the first shift counts once there was one; rates are spread "
                   "over it as verdicts have them");
        set.option("--percentiles", "P", o->percentiles, "of histograms, p50,p99 when left out");
        set.flag("--compare", o->compare, "the canary beside the baseline, and how they differ");
        set.option("--at", "TIME|SEQ", o->at, "as it was at a moment or after an event");
        set.flag("-w,--watch", o->watch, "go on showing it until the rollout ends");
        set.choice("-o,--output", o->output, {"table", "json"}, "how it is printed");
      },
      [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
