#include <fmt/format.h>

#include "adapters/wire/event_json.h"
#include "adapters/wire/names.h"
#include "adapters/wire/text.h"
#include "store/verify.h"
#include "tools/progress.h"
#include "tools/recompute.h"
#include "tools/rollouts.h"
#include "tools/settings.h"
#include "tools/shell_words.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

struct Options {
  std::string data;
  std::string rollout;
  bool verify = false;
  std::string output;
};

// The bytes first, then what was decided: a changed event is named as such, not as a divergence.
Outcome<Exit> verify(const store::RocksReader& log, const Console& console) {
  Progress chain(console, "hash chain");
  const store::VerifyReport report =
      store::verify(log, [&](std::uint64_t done, std::uint64_t total) { chain.show(done, total); });
  chain.done();
  console.line(store::summary(report));
  if (report.soundness != store::Soundness::sound) {
    return give_up(report.message, Exit::diverged);
  }
  Progress decisions(console, "decisions");
  Recompute recompute(log);
  TRY(const auto divergence,
      recompute.run([&](std::uint64_t done, std::uint64_t total) { decisions.show(done, total); }));
  decisions.done();
  if (divergence) {
    return give_up(
        fmt::format("replay diverged in `{}`: {}", divergence->rollout, divergence->message),
        Exit::diverged);
  }
  for (const auto& [rollout, hash] : recompute.hashes()) {
    console.line(fmt::format("{}: state {:016x}", rollout, hash));
  }
  console.line(fmt::format("every decision recomputed: {} events", recompute.events()));
  return Exit::done;
}

Outcome<Exit> print_events(const store::RocksReader& log, const Rollout& rollout,
                           const Console& console) {
  const adapters::EventContext context = rollout.context();
  TRY_DO(log.read(rollout.stream(), core::Sequence{1}, [&](const runtime::StoredEvent& stored) {
    console.line(adapters::event_json(context, stored));
    return true;
  }));
  return Exit::done;
}

Outcome<Exit> run(const Options& options, const Console& console) {
  TRY(const auto log, open_log(options.data));
  std::vector<Entry> entries;
  if (options.rollout.empty()) {
    TRY(entries, list_rollouts(*log));
  } else {
    TRY(Entry entry, find_rollout(*log, options.rollout));
    entries.push_back(std::move(entry));
  }
  if (options.verify) return verify(*log, console);
  for (const Entry& entry : entries) {
    TRY(const Rollout rollout, Rollout::load(*log, entry.stream));
    if (options.output == "jsonl") {
      TRY_DO(print_events(*log, rollout, console));
      continue;
    }
    const core::RolloutState& state = rollout.state();
    console.line(fmt::format(
        "{}: {} events, {} at {}, state {:016x}", state.id, state.last.value,
        state.outcome ? adapters::name_of(*state.outcome) : rollout.machine().at(state.active).name,
        adapters::format_percent(state.settled), core::hash(state)));
  }
  if (options.output == "text") {
    if (entries.empty()) console.say("no rollouts yet");
    console.suggest(fmt::format("rollbook replay {} --verify", shell_word(options.data)));
  }
  return Exit::done;
}

}  // namespace

Verb replay_verb() {
  auto o = std::make_shared<Options>();
  return {"replay",
          Group::afterwards,
          "fold a log again, and prove that every decision follows from it",
          {"rollbook replay /var/lib/rollbook", "rollbook replay /var/lib/rollbook --verify",
           "rollbook replay /var/lib/rollbook hal9-7f3k2q -o jsonl > hal9.jsonl"},
          [o](OptionSet& set) {
            set.positional("DATA", o->data, "the engine's log");
            set.positional("ROLLOUT", o->rollout, "only this one", false);
            set.flag("--verify", o->verify,
                     "check every hash and recompute every decision of the whole log; exit 5 when "
                     "something does not follow");
            set.choice("-o,--output", o->output, {"text", "jsonl"},
                       "a line for each rollout, or every event");
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
