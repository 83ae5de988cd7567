#include "adapters/wire/status.h"

#include <fmt/format.h>

#include "adapters/wire/event_text.h"
#include "adapters/wire/text.h"
#include "engine/runtime/past.h"
#include "tools/beside.h"
#include "tools/opened_rollout.h"
#include "tools/same_place.h"
#include "tools/verbs.h"
#include "tools/wait.h"

namespace rollbook::tools {
namespace {

using namespace std::chrono_literals;

constexpr core::Duration kLook = 200ms;  // at a log that another process writes
constexpr core::Duration kRedraw = 1s;   // of a terminal's page

struct Options {
  Settings settings;
  std::string rollout;
  std::string output;
  bool watch = false;
  bool wait = false;
  std::string timeout;
};

void print(const store::RocksReader& log, const Rollout& rollout, const Options& options,
           const Console& console) {
  const core::Time now = wall_clock();
  auto status = adapters::status_of(rollout.machine(), rollout.state(), now,
                                    beside_of(log, rollout.stream(), now));
  if (status.reading_back) {
    // Not there yet, or no more: then it is not told how far.
    const auto told = log.value(runtime::read_so_far_name(rollout.stream()));
    const auto so_far =
        told && *told ? runtime::decode_read_so_far(**told) : std::optional<runtime::ReadSoFar>();
    if (so_far) {
      status.reading_back->done = so_far->done;
      status.reading_back->total = so_far->total;
    }
  }
  if (options.output == "json") {
    console.line(adapters::status_json(status));
  } else {
    console.print(adapters::status_text(
        status, {.width = console.look().width, .colour = console.look().colour}));
  }
}

void suggest(const core::RolloutState& state, const Options& options, const Console& console) {
  const std::string place = same_place(options.settings);
  if (state.finished()) {
    console.suggest("rollbook log " + state.id + place);
  } else if (state.questions.empty()) {
    console.suggest("rollbook status " + state.id + " -w" + place);
  }
}

// What has happened since `told`, as sentences; bookkeeping is left out.
core::Status tell_since(const runtime::EventLog& log, const Rollout& rollout, core::Sequence told,
                        const Console& console) {
  const adapters::EventContext context = rollout.context();
  return log.read(rollout.stream(), core::Sequence{told.value + 1},
                  [&](const runtime::StoredEvent& stored) {
                    if (stored.event.sequence > rollout.state().last) return false;
                    if (adapters::tell(context, stored).tone != adapters::Tone::quiet) {
                      console.line(adapters::log_line(context, stored, console.look().colour));
                    }
                    return true;
                  });
}

// Watches until the rollout ends, the deadline comes or somebody interrupts.
Outcome<Exit> follow(store::RocksReader& log, Rollout& rollout, const Options& options,
                     std::optional<core::Duration> timeout, const Console& console) {
  const bool page = options.watch && options.output == "text" && console.look().out_is_terminal;
  const bool lines = options.watch && options.output == "text" && !page;
  const auto begun = std::chrono::steady_clock::now();
  auto drawn = begun - kRedraw;
  bool changed = true;
  while (true) {
    const auto now = std::chrono::steady_clock::now();
    if (page && (changed || now - drawn >= kRedraw)) {
      console.print("\x1b[H\x1b[2J");
      print(log, rollout, options, console);
      console.flush();
      drawn = now;
    } else if (options.watch && options.output == "json" && changed) {
      print(log, rollout, options, console);
      console.flush();
    }
    if (rollout.state().finished()) break;
    if (interrupted()) return Exit::interrupted;
    if (timeout && now - begun >= *timeout) {
      console.say(fmt::format("rollbook: `{}` has not ended within {}", rollout.state().id,
                              adapters::format_duration(*timeout)));
      if (!options.watch) print(log, rollout, options, console);
      return rollout.state().questions.empty() ? Exit::error : Exit::waiting;
    }
    wait_for(kLook);
    const core::Sequence told = rollout.state().last;
    TRY_DO(log.refresh());
    TRY(const std::size_t folded, rollout.advance());
    changed = folded > 0;
    if (changed && lines) TRY_DO(tell_since(log, rollout, told, console));
  }
  if (!options.watch || lines) print(log, rollout, options, console);
  suggest(rollout.state(), options, console);
  return options.wait ? exit_of(*rollout.state().outcome) : Exit::done;
}

Outcome<Exit> run(const Options& options, const Console& console) {
  std::optional<core::Duration> timeout;
  if (!options.timeout.empty()) {
    auto given = adapters::parse_duration(options.timeout);
    if (!given) return give_up(given.error().message, Exit::usage);
    if (!options.wait && !options.watch) {
      return give_up("--timeout goes with --wait or --watch", Exit::usage);
    }
    timeout = *given;
  }
  TRY(OpenedRollout opened, open_rollout(options.settings, console, options.rollout));
  Rollout& rollout = opened.rollout;
  if (options.wait || options.watch) {
    catch_interrupts();
    const bool runs = rollout.state().finished() || engine_of(*opened.log, wall_clock()).running;
    if (!runs) {
      console.say(fmt::format("rollbook: no engine runs `{}` now; it goes on when one is started",
                              rollout.state().id));
    }
    return follow(*opened.log, rollout, options, timeout, console);
  }
  print(*opened.log, rollout, options, console);
  suggest(rollout.state(), options, console);
  return Exit::done;
}

}  // namespace

Verb status_verb() {
  auto o = std::make_shared<Options>();
  return {"status",
          Group::operating,
          "where a rollout stands, what is judged, who is asked",
          {"rollbook status hal9-7f3k2q", "rollbook status hal9-7f3k2q -w",
           "rollbook status hal9-7f3k2q --wait --timeout 2h && echo released",
           "rollbook status -o json | jq .stage"},
          [o](OptionSet& set) {
            set.positional("ROLLOUT", o->rollout, "its id; left out: the only active one", false);
            o->settings.declare_data(set);
            set.flag("-w,--watch", o->watch, "go on showing it until it ends");
            set.flag("--wait", o->wait,
                     "wait until it ends; exit 0 succeeded, 3 rolled back, 1 aborted");
            set.option("--timeout", "DURATION", o->timeout,
                       "of --wait and --watch; exit 4 if people are waited for");
            set.choice("-o,--output", o->output, {"text", "json"}, "how it is printed");
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
