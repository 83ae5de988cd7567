#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/event_text.h"
#include "adapters/wire/names.h"
#include "adapters/wire/text.h"
#include "tools/rollouts.h"
#include "tools/same_place.h"
#include "tools/settings.h"
#include "tools/verbs.h"
#include "tools/wait.h"

namespace rollbook::tools {
namespace {

using namespace std::chrono_literals;

constexpr core::Duration kLook = 200ms;

struct Options {
  Settings settings;
  std::string rollout;
  std::string since;
  std::vector<std::string> types;
  std::string output;
  bool follow = false;
  bool all = false;
};

// "2h" ago, or a moment.
Outcome<core::Time> parse_since(const std::string& text) {
  if (text.empty()) return core::kDistantPast;
  if (const auto duration = adapters::parse_duration(text)) return wall_clock() - *duration;
  const auto time = adapters::parse_time_or_nanos(text);
  if (time) return *time;
  return give_up(fmt::format("--since `{}` is neither a duration such as 2h nor a time such as "
                             "2026-01-05T10:00:00Z",
                             adapters::printable(text)),
                 Exit::usage);
}

Outcome<Exit> check_types(const std::vector<std::string>& types) {
  const auto known = adapters::event_types();
  for (const std::string& type : types) {
    if (std::find(known.begin(), known.end(), type) != known.end()) continue;
    return give_up(fmt::format("`{}` is no type of event{}", adapters::printable(type),
                               adapters::nearest(type, known).empty()
                                   ? fmt::format("; there are {}", fmt::join(known, ", "))
                                   : adapters::did_you_mean(type, known)),
                   Exit::usage);
  }
  return Exit::done;
}

class Printer {
 public:
  Printer(const Options& options, const Console& console, core::Time since)
      : options_(options), console_(console), since_(since) {}

  void print(const adapters::EventContext& context, const runtime::StoredEvent& stored) const {
    if (stored.event.time < since_ || !wanted(stored.event)) return;
    console_.line(options_.output == "jsonl"
                      ? adapters::event_json(context, stored)
                      : adapters::log_line(context, stored, console_.look().colour));
  }

 private:
  bool wanted(const core::Event& event) const {
    if (!options_.types.empty()) {
      return std::find(options_.types.begin(), options_.types.end(),
                       adapters::type_of(event.body)) != options_.types.end();
    }
    // Evidence is a line every few seconds: people ask for it, programs get it all.
    const bool evidence = std::holds_alternative<core::Observed>(event.body) ||
                          std::holds_alternative<core::EffectDelivered>(event.body);
    return options_.all || options_.output == "jsonl" || !evidence;
  }

  const Options& options_;
  const Console& console_;
  core::Time since_;
};

Outcome<Exit> run(const Options& options, const Console& console) {
  TRY(const core::Time since, parse_since(options.since));
  TRY_DO(check_types(options.types));
  TRY(const adapters::LoadedConfig loaded, options.settings.load(console));
  TRY(const auto log, open_log(loaded.config.store_path));
  TRY(const Entry entry, find_rollout(*log, options.rollout));
  if (options.follow) catch_interrupts();
  // The plan is in the first event; nothing else of the state is needed to tell the others.
  TRY(const Rollout rollout, Rollout::load(*log, entry.stream, core::Sequence{1}));
  const adapters::EventContext context = rollout.context();
  const Printer printer(options, console, since);
  core::Sequence next{1};
  bool finished = false;
  while (true) {
    TRY_DO(log->read(entry.stream, next, [&](const runtime::StoredEvent& stored) {
      printer.print(context, stored);
      next = core::Sequence{stored.event.sequence.value + 1};
      finished = finished || std::holds_alternative<core::RolloutFinished>(stored.event.body);
      return true;
    }));
    console.flush();
    if (!options.follow || finished) break;
    if (interrupted()) return Exit::interrupted;
    wait_for(kLook);
    TRY_DO(log->refresh());
  }
  if (options.output == "text") {
    console.suggest(fmt::format("rollbook show {} --at {}{}", entry.rollout, next.value - 1,
                                same_place(options.settings)));
  }
  return Exit::done;
}

}  // namespace

Verb log_verb() {
  auto o = std::make_shared<Options>();
  return {"log",
          Group::afterwards,
          "what happened, a sentence for each event",
          {"rollbook log hal9-7f3k2q", "rollbook log hal9-7f3k2q -f --since 2h",
           "rollbook log hal9-7f3k2q --type verdict_changed --type transitioned",
           "rollbook log hal9-7f3k2q -o jsonl | jq 'select(.type==\"asked\")'"},
          [o](OptionSet& set) {
            set.positional("ROLLOUT", o->rollout, "its id; left out: the only active one", false);
            o->settings.declare_data(set);
            set.flag("-f,--follow", o->follow, "go on until the rollout ends");
            set.option("--since", "TIME", o->since, "from then on; a duration is so long ago");
            set.options("--type", "TYPE", o->types, "only events of this type");
            set.flag("--all", o->all, "evidence and deliveries too (jsonl always has them)");
            set.choice("-o,--output", o->output, {"text", "jsonl"}, "how events are printed");
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
