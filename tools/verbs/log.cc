#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/event_text.h"
#include "adapters/wire/names.h"
#include "adapters/wire/text.h"
#include "store/rocks_reader.h"
#include "tools/rollouts.h"
#include "tools/same_place.h"
#include "tools/settings.h"
#include "tools/shell_words.h"
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
  bool refused = false;
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
    if (options_.refused && !options_.rollout.empty() &&
        adapters::rollout_of(context, stored.event) != options_.rollout) {
      return;
    }
    console_.line(options_.output == "jsonl"
                      ? adapters::event_json(context, stored)
                      : adapters::log_line(context, stored, console_.look().colour));
  }
  void flush() const { console_.flush(); }

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

struct Told {
  core::StreamId stream;
  adapters::EventContext context;
};

// Up to its end, or with `follow` until the rollout ends. The last event's sequence; nothing when
// somebody interrupts.
Outcome<std::optional<core::Sequence>> print_stream(store::RocksReader& log, const Told& told,
                                                    const Printer& printer, bool follow) {
  core::Sequence last;
  bool finished = false;
  if (follow) catch_interrupts();
  while (true) {
    TRY_DO(log.read(
        told.stream, core::Sequence{last.value + 1}, [&](const runtime::StoredEvent& stored) {
          printer.print(told.context, stored);
          last = stored.event.sequence;
          finished = finished || std::holds_alternative<core::RolloutFinished>(stored.event.body);
          return true;
        }));
    printer.flush();
    if (!follow || finished) return last;
    if (interrupted()) return std::nullopt;
    wait_for(kLook);
    TRY_DO(log.refresh());
  }
}

// A start that was refused is no rollout, and yet somebody looks for what became of it.
Outcome<Entry> find_told(const store::RocksReader& log, const Options& options) {
  auto entry = find_rollout(log, options.rollout);
  if (entry || options.rollout.empty()) return entry;
  bool refused = false;
  TRY_DO(log.read(core::kShardStream, core::Sequence{1}, [&](const runtime::StoredEvent& stored) {
    refused = adapters::rollout_of({}, stored.event) == options.rollout;
    return !refused;
  }));
  if (!refused) return entry;
  return give_up(
      fmt::format("no rollout `{}`; what was refused under that name: rollbook log {} "
                  "--refused{}",
                  adapters::printable(options.rollout),
                  adapters::printable(shell_word(options.rollout)), same_place(options.settings)));
}

Outcome<Exit> run(const Options& options, const Console& console) {
  TRY(const core::Time since, parse_since(options.since));
  TRY_DO(check_types(options.types));
  TRY(const adapters::LoadedConfig loaded, options.settings.load(console));
  TRY(const auto log, open_log(loaded.config.store_path));
  const Printer printer(options, console, since);
  if (options.refused) {
    TRY(const auto last, print_stream(*log, {core::kShardStream, {}}, printer, options.follow));
    return last ? Exit::done : Exit::interrupted;
  }
  TRY(const Entry entry, find_told(*log, options));
  // The plan is in the first event; nothing else of the state is needed to tell the others.
  TRY(const Rollout rollout, Rollout::load(*log, entry.stream, core::Sequence{1}));
  TRY(const auto last,
      print_stream(*log, {entry.stream, rollout.context()}, printer, options.follow));
  if (!last) return Exit::interrupted;
  if (options.output == "text") {
    console.suggest(fmt::format("rollbook show {} --at {}{}", entry.rollout, last->value,
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
           "rollbook log --refused --since 1h",
           "rollbook log hal9-7f3k2q -o jsonl | jq 'select(.type==\"asked\")'"},
          [o](OptionSet& set) {
            set.positional("ROLLOUT", o->rollout, "its id; left out: the only active one", false);
            o->settings.declare_data(set);
            set.flag("-f,--follow", o->follow, "go on until the rollout ends");
            set.option("--since", "TIME", o->since, "from then on; a duration is so long ago");
            set.options("--type", "TYPE", o->types, "only events of this type");
            set.flag("--refused", o->refused,
                     "commands refused before any rollout was asked; of ROLLOUT: under that name");
            set.flag("--all", o->all, "evidence and deliveries too (jsonl always has them)");
            set.choice("-o,--output", o->output, {"text", "jsonl"}, "how events are printed");
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
