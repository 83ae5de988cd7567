#include "adapters/sandbox/sandbox.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "adapters/pump/stream_contexts.h"
#include "adapters/wire/event_text.h"
#include "adapters/wire/status.h"
#include "adapters/wire/text.h"
#include "dsl/compiler.h"
#include "dsl/diagnostics.h"
#include "store/memory_event_log.h"
#include "store/rocks_event_log.h"
#include "tools/files.h"
#include "tools/rollouts.h"
#include "tools/verbs.h"
#include "tools/wait.h"

namespace rollbook::tools {
namespace {

using namespace std::chrono_literals;
using Wall = std::chrono::steady_clock;

struct Options {
  std::string file;
  std::vector<std::string> faults;
  std::string scenario;
  std::string speed = "max";
  std::string seed = "1";
  std::string data;
  std::string answer;
  std::string output;
};

// How many virtual seconds pass in one of the wall clock; 0: as fast as it goes.
Outcome<double> parse_speed(const std::string& text) {
  if (text == "max") return 0.0;
  try {
    std::size_t used = 0;
    const double speed = std::stod(text, &used);
    if (speed > 0 && speed <= 1e6 && (used == text.size() || text.substr(used) == "x")) {
      return speed;
    }
  } catch (const std::exception&) {
  }
  return give_up(fmt::format("--speed `{}`: expected a factor like `3600x`, or `max`", text),
                 Exit::usage);
}

// Lines for what happens, and between them one that is written over while the clock runs.
class Screen {
 public:
  Screen(const Options& options, const Console& console, const runtime::EventLog& log)
      : json_(options.output == "jsonl"), console_(console), contexts_(log) {}

  core::Status show(const runtime::Committed& committed) {
    for (std::size_t i = 0; i < committed.events.size(); ++i) {
      const runtime::StoredEvent stored{{}, committed.appended.hashes[i], committed.events[i]};
      TRY(const adapters::EventContext* context, contexts_.of(stored.event.stream));
      if (json_) {
        if (!std::holds_alternative<core::Observed>(stored.event.body)) {
          console_.line(adapters::event_json(*context, stored));
        }
        continue;
      }
      if (adapters::tell(*context, stored).tone == adapters::Tone::quiet) continue;
      wipe();
      console_.line(adapters::log_line(*context, stored, console_.look().colour));
    }
    return {};
  }

  void progress(const runtime::Shard& shard, core::Time now) {
    if (json_ || !console_.look().out_is_terminal || shard.rollouts().empty()) return;
    if (Wall::now() - drawn_ < 100ms) return;
    drawn_ = Wall::now();
    const auto& rollout = shard.rollouts().begin()->second;
    const auto status = adapters::status_of(rollout.plan->machine, rollout.state, now);
    wipe();
    console_.print(fmt::format("  {}  {}", adapters::format_time(now).substr(0, 16),
                               adapters::status_summary(status)));
    console_.flush();
    shown_ = true;
  }

  void wipe() {
    if (shown_) console_.print("\r\x1b[2K");
    shown_ = false;
  }

 private:
  bool json_;
  const Console& console_;
  adapters::StreamContexts contexts_;
  Wall::time_point drawn_{};
  bool shown_ = false;
};

std::string ask_at_terminal(const adapters::OpenQuestion& question, const std::string& role,
                            const Console& console) {
  std::string choices = question.decides ? "" : "yes/no";
  for (const std::string& option : question.options) {
    choices += (choices.empty() ? "" : "/") + option;
  }
  while (true) {
    console.print(fmt::format("  ? {} as {} [{}] ", question.item, role, choices));
    console.flush();
    std::string line;
    if (!std::getline(std::cin, line) || interrupted()) return "";
    const bool known = question.decides
                           ? std::find(question.options.begin(), question.options.end(), line) !=
                                 question.options.end()
                           : line == "yes" || line == "no";
    if (known) return line;
  }
}

Outcome<adapters::SandboxOptions> prepare(const Options& options) {
  adapters::SandboxOptions prepared;
  prepared.file = std::filesystem::path(options.file).filename().string();
  for (const std::string& text : options.faults) {
    auto fault = adapters::parse_fault(text);
    if (!fault) return give_up(fault.error().message, Exit::usage);
    prepared.service.faults.push_back(*fault);
  }
  try {
    std::size_t used = 0;
    prepared.service.seed = std::stoull(options.seed, &used);
    if (used != options.seed.size()) throw std::invalid_argument(options.seed);
  } catch (const std::exception&) {
    return give_up(fmt::format("--seed `{}`: expected a whole number", options.seed), Exit::usage);
  }
  prepared.service.answers = options.answer == "no"    ? adapters::Answers::no
                             : options.answer == "ask" ? adapters::Answers::ask
                                                       : adapters::Answers::yes;
  return prepared;
}

void print_end(const core::RolloutState& state, const Options& options, const Console& console) {
  if (options.output == "jsonl") return;
  console.line("");
  const char* outcome = "";
  switch (*state.outcome) {
    case core::Outcome::succeeded:
      outcome = "✓ succeeded";
      break;
    case core::Outcome::rolled_back:
      outcome = "✗ rolled back";
      break;
    case core::Outcome::aborted:
      outcome = "✗ aborted";
      break;
  }
  console.line(fmt::format("{} after {}, canary at {}", outcome,
                           adapters::format_duration_short(state.now - state.started),
                           adapters::format_percent(state.settled)));
  if (!state.breach.empty()) console.line("  because " + state.breach);
  if (!options.data.empty()) {
    console.suggest(fmt::format("rollbook log {} --data {}", state.id, options.data));
    console.suggest(fmt::format("rollbook replay {} {} --verify", options.data, state.id));
  } else {
    console.suggest(fmt::format("rollbook sandbox {} --data DIR   keeps the log, to look further",
                                options.file));
  }
}

Outcome<Exit> run(const Options& options, const Console& console) {
  if (!options.scenario.empty()) {
    return give_up("--scenario is not supported yet; say what goes wrong with --fault",
                   Exit::usage);
  }
  TRY(const double speed, parse_speed(options.speed));
  TRY(adapters::SandboxOptions prepared, prepare(options));
  TRY(const std::string text, read_runbook(options.file));
  const dsl::Compiler compiler;
  const runtime::Compiled compiled = compiler.compile(prepared.file, text, {});
  if (!compiled.plan) {
    for (const runtime::Diagnostic& found : compiled.diagnostics) {
      if (found.severity == runtime::Severity::error) console.say(dsl::render(found, text));
    }
    return give_up(fmt::format("`{}` has errors; `rollbook check {}` shows all findings",
                               options.file, options.file));
  }

  std::unique_ptr<runtime::EventLog> log = std::make_unique<store::MemoryEventLog>();
  if (!options.data.empty()) {
    auto opened = store::RocksEventLog::open(options.data);
    if (!opened) return give_up(opened.error().message, Exit::unreachable);
    log = std::move(*opened);
  }
  catch_interrupts();
  Screen screen(options, console, *log);
  const auto wall_begin = Wall::now();
  std::optional<core::Error> failed;
  prepared.on_turn = [&](const runtime::Committed& committed, const runtime::Shard& shard,
                         core::Time now) {
    if (const auto shown = screen.show(committed); !shown) failed = shown.error();
    screen.progress(shard, now);
    return !interrupted() && !failed;
  };
  prepared.before_moving = [&](core::Time next) {
    if (speed <= 0) return !interrupted();
    const auto passed = std::chrono::duration<double>(next - adapters::kSandboxBegin) / speed;
    const auto due = wall_begin + std::chrono::duration_cast<Wall::duration>(passed);
    while (Wall::now() < due && !interrupted()) {
      wait_for(std::min<core::Duration>(due - Wall::now(), 200ms));
    }
    return !interrupted();
  };
  prepared.ask = [&](const adapters::OpenQuestion& question, const std::string& role) {
    screen.wipe();
    return ask_at_terminal(question, role, console);
  };
  TRY(auto sandbox,
      adapters::Sandbox::make(*log, compiler, compiled.plan->machine, text, prepared));
  TRY(const std::optional<core::Outcome> outcome, sandbox->run());
  screen.wipe();
  if (failed) return give_up(failed->message);
  if (!outcome) {
    if (interrupted()) return Exit::interrupted;
    return give_up(fmt::format("the rollout has not ended by {}, in virtual time",
                               adapters::format_time(sandbox->now())),
                   Exit::waiting);
  }
  TRY(const Entry entry, find_rollout(*log, sandbox->rollout()));
  TRY(const Rollout rollout, Rollout::load(*log, entry.stream));
  print_end(rollout.state(), options, console);
  return exit_of(*outcome);
}

}  // namespace

Verb sandbox_verb() {
  auto o = std::make_shared<Options>();
  return {"sandbox",
          Group::operating,
          "run a runbook against a made-up service, on a clock of its own",
          {"rollbook sandbox plans/hal9-canary.runbook --fault \"errors 2% from 33h\"",
           "rollbook sandbox my.runbook --fault \"latency x3 from stage canary_25 + 1h for 10m\"",
           "rollbook sandbox my.runbook --speed 3600x --answer ask --data /tmp/run"},
          [o](OptionSet& set) {
            set.positional("FILE", o->file, "the runbook");
            set.options("--fault", "TEXT", o->faults,
                        "what goes wrong: errors SHARE, latency ×N, silence, shift fails; then "
                        "from TIME or from stage NAME + TIME, for, until, on canary|baseline|both");
            set.option("--scenario", "FILE", o->scenario, "not supported yet");
            set.option("--speed", "FACTOR", o->speed,
                       "3600x: an hour a second; max: as fast as it goes (default)");
            set.option("--seed", "N", o->seed, "the same seed gives the same log (default 1)");
            set.option("--data", "DIR", o->data, "keep the log there");
            set.choice("--answer", o->answer, {"yes", "no", "ask"},
                       "what people say when they are asked");
            set.choice("-o,--output", o->output, {"text", "jsonl"}, "sentences, or every event");
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
