#include <fmt/format.h>

#include "adapters/wire/status.h"
#include "adapters/wire/text.h"
#include "tools/opened_rollout.h"
#include "tools/same_place.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

struct Options {
  Settings settings;
  std::string rollout;
  std::string at;
  std::string output;
};

Outcome<Exit> run(const Options& options, const Console& console) {
  Until until;
  if (!options.at.empty()) {
    TRY(until, parse_until(options.at));
  }
  TRY(const OpenedRollout opened, open_rollout(options.settings, console, options.rollout, until));
  const Rollout& rollout = opened.rollout;
  // Clocks are told as of the moment that is shown: the asked one, or that of the last event.
  core::Time now = rollout.state().now;
  if (const auto* time = std::get_if<core::Time>(&until)) now = std::max(now, *time);
  const auto status = adapters::status_of(rollout.machine(), rollout.state(), now);
  if (options.output == "json") {
    console.line(adapters::status_json(status));
    return Exit::done;
  }
  console.line(
      fmt::format("as of {}, event {}", adapters::format_time(now), rollout.state().last.value));
  console.print(adapters::status_text(
      status, {.width = console.look().width, .colour = console.look().colour}));
  console.suggest("rollbook log " + opened.entry.rollout + same_place(options.settings));
  return Exit::done;
}

}  // namespace

Verb show_verb() {
  auto o = std::make_shared<Options>();
  return {"show",
          Group::afterwards,
          "a rollout as it was at a moment or after an event",
          {"rollbook show hal9-7f3k2q --at 42",
           "rollbook show hal9-7f3k2q --at 2026-01-05T10:00:00Z -o json"},
          [o](OptionSet& set) {
            set.positional("ROLLOUT", o->rollout, "its id; left out: the only active one", false);
            o->settings.declare_data(set);
            set.option("--at", "TIME|SEQ", o->at,
                       "a moment or an event's sequence; left out: the "
                       "last event");
            set.choice("-o,--output", o->output, {"text", "json"}, "how it is printed");
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
