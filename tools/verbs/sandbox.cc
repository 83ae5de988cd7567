#include "adapters/sandbox/sandbox.h"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "adapters/sandbox/fault_clock.h"
#include "adapters/sandbox/label_sets.h"
#include "adapters/wire/text.h"
#include "dsl/compiler.h"
#include "dsl/diagnostics.h"
#include "tools/files.h"
#include "tools/rollouts.h"
#include "tools/runbook_source.h"
#include "tools/scenario/meters.h"
#include "tools/scenario/suite.h"
#include "tools/scenario/verdict.h"
#include "tools/shell_words.h"
#include "tools/verbs.h"
#include "tools/virtual_run.h"

namespace rollbook::tools {
namespace {

constexpr const char* kSeedUsual = "1";
constexpr const char* kAnswerUsual = "yes";

struct Options {
  std::string file;
  std::vector<std::string> faults;
  std::vector<std::string> params;
  std::string scenario;
  std::string speed = "max";
  std::string seed = kSeedUsual;
  std::string data;
  std::string answer;
  std::string output;
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

// ---- A scenario ------------------------------------------------------------------------------

// "plans/hal9.scenario", "plans/hal9.scenario:34" (a line of the one that is meant).
struct ScenarioPlace {
  std::string path;
  std::uint32_t line = 0;
};
ScenarioPlace place_of(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon + 1 == text.size() ||
      text.find_first_not_of("0123456789", colon + 1) != std::string::npos ||
      text.size() - colon > 9) {
    return {text, 0};
  }
  return {text.substr(0, colon), static_cast<std::uint32_t>(std::stoul(text.substr(colon + 1)))};
}

Outcome<dsl::scenario::Scenario> pick(const std::vector<dsl::scenario::Scenario>& all,
                                      const ScenarioPlace& place) {
  if (all.size() == 1 && place.line == 0) return all.front();
  const dsl::scenario::Scenario* found = nullptr;
  for (const dsl::scenario::Scenario& one : all) {
    if (one.span.line <= place.line) found = &one;
  }
  if (found != nullptr) return *found;
  std::string list;
  for (const dsl::scenario::Scenario& one : all) {
    list += fmt::format("\n  {}:{}  {}", place.path, one.span.line, one.title.value);
  }
  return give_up(
      fmt::format("{} holds several scenarios; say which by its line:{}", place.path, list),
      Exit::usage);
}

void say_all(const dsl::Sink& sink, const std::string& text, const Console& console) {
  for (const runtime::Diagnostic& found : sink.diagnostics()) {
    console.say(dsl::render(found, text));
  }
}

Outcome<Script> read_script(const Options& options, const Console& console) {
  const ScenarioPlace place = place_of(options.scenario);
  TRY(const std::string text, read_runbook(place.path));
  dsl::Sink sink(place.path);
  const auto all = dsl::scenario::parse(text, sink);
  std::optional<Script> script;
  if (!sink.has_errors()) {
    TRY(const dsl::scenario::Scenario scenario, pick(all, place));
    TRY(const std::vector<core::Argument> params, parse_params(options.params));
    TRY(runtime::Plan plan, compile_plan(options.file, params_of(scenario, params), console));
    script = make_script(scenario, std::make_shared<const runtime::Plan>(std::move(plan)), sink);
  }
  say_all(sink, text, console);
  if (!script) return give_up(fmt::format("`{}` has errors", place.path));
  for (const std::string& written : options.faults) {
    auto fault = adapters::parse_fault(written);
    if (!fault) return give_up(fault.error().message, Exit::usage);
    adapters::add_kind(script->machine(), *fault, script->healthy);
    const auto shows = adapters::check_fault_of_figures(script->machine(), *fault, script->healthy);
    if (!shows) return give_up(shows.error().message, Exit::usage);
    script->faults.push_back(std::move(*fault));
  }
  return std::move(*script);
}

// What did not come as expected, on stderr: the timeline stands above.
bool say_unmet(const Script& script, const Seen& seen, const Console& console) {
  const std::vector<Unmet> unmet = failures_of(script, seen);
  for (const Unmet& one : unmet) {
    console.say(
        fmt::format("line {}: {}\n  instead: {}", one.span.line, one.expected, one.instead));
  }
  return unmet.empty();
}

// The same run once more, but for how fast it is shown.
// Empty where the runbook came from standard input, which is read.
std::string again_of(const Options& options) {
  if (options.file == "-") return "";
  std::string command = "rollbook sandbox " + shell_word(options.file);
  add_option(command, "--scenario", options.scenario);
  add_option(command, "--fault", options.faults);
  add_option(command, "--param", options.params);
  if (options.seed != kSeedUsual) add_option(command, "--seed", options.seed);
  if (options.answer != kAnswerUsual) add_option(command, "--answer", options.answer);
  return command;
}

Outcome<Exit> run_scenario(const Options& options, const Console& console) {
  if (options.seed != kSeedUsual || options.answer != kAnswerUsual) {
    return give_up("--seed and --answer belong to the made-up service; the scenario says it all",
                   Exit::usage);
  }
  TRY(const double speed, parse_speed(options.speed));
  TRY(const Script script, read_script(options, console));
  TRY(const auto log, new_log(options.data));
  catch_interrupts();
  Screen screen(options.output == "jsonl", console, *log);
  const Pace pace(speed, kPlayBegin);
  std::optional<core::Error> failed;
  PlayOptions how;
  how.on_turn = [&](const runtime::Committed& committed, const runtime::Shard& shard,
                    core::Time now) {
    if (const auto shown = screen.show(committed); !shown) failed = shown.error();
    screen.progress(shard, now);
    return !interrupted() && !failed;
  };
  how.before_moving = [&](core::Time next) { return pace.wait(next); };
  Meters meters(script, kPlayBegin);
  TRY(const Seen seen, play(*log, script, meters, how));
  screen.wipe();
  if (failed) return give_up(failed->message);
  if (interrupted()) return Exit::interrupted;
  if (seen.outcome && options.output != "jsonl") {
    TRY(const Rollout rollout, Rollout::load(*log, seen.stream));
    print_end(rollout, {again_of(options), options.data}, console);
  }
  if (!say_unmet(script, seen, console)) return Exit::error;
  if (seen.refused) {
    console.say(fmt::format("the start was rejected as {}, as expected: {}", seen.refused->reason,
                            seen.refused->detail));
    return Exit::done;
  }
  return seen.outcome ? exit_of(*seen.outcome) : Exit::waiting;
}

// ---- A made-up service -----------------------------------------------------------------------

Outcome<Exit> has_not_ended(const core::RolloutState& state, core::Time now) {
  if (!state.halted) {
    return give_up(
        fmt::format("the rollout has not ended by {}, in virtual time", adapters::format_time(now)),
        Exit::waiting);
  }
  return give_up(fmt::format("the rollout is halted, and nobody here resumes it or takes it back: "
                             "{}\n  a scenario says who does, and when: `at 4h resume`",
                             state.halted_because),
                 Exit::waiting);
}

Outcome<Exit> run(const Options& options, const Console& console) {
  if (!options.scenario.empty()) return run_scenario(options, console);
  TRY(const double speed, parse_speed(options.speed));
  TRY(adapters::SandboxOptions prepared, prepare(options));
  TRY(const runtime::Plan plan, compile_plan(options.file, options.params, console));
  TRY(const auto log, new_log(options.data));
  catch_interrupts();
  Screen screen(options.output == "jsonl", console, *log);
  const Pace pace(speed, adapters::kSandboxBegin);
  std::optional<core::Error> failed;
  prepared.on_turn = [&](const runtime::Committed& committed, const runtime::Shard& shard,
                         core::Time now) {
    if (const auto shown = screen.show(committed); !shown) failed = shown.error();
    screen.progress(shard, now);
    return !interrupted() && !failed;
  };
  prepared.before_moving = [&](core::Time next) { return pace.wait(next); };
  prepared.ask = [&](const adapters::OpenQuestion& question, const std::string& role) {
    screen.wipe();
    return ask_at_terminal(question, role, console);
  };
  const dsl::Compiler compiler;
  TRY(auto sandbox, adapters::Sandbox::make(*log, compiler, plan.machine, plan.expanded, prepared));
  TRY(const std::optional<core::Outcome> outcome, sandbox->run());
  screen.wipe();
  if (failed) return give_up(failed->message);
  if (!outcome && interrupted()) return Exit::interrupted;
  TRY(const Entry entry, find_rollout(*log, sandbox->rollout()));
  TRY(const Rollout rollout, Rollout::load(*log, entry.stream));
  if (!outcome) return has_not_ended(rollout.state(), sandbox->now());
  if (options.output != "jsonl") {
    print_end(rollout, {again_of(options), options.data}, console);
  }
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
                        "what goes wrong: errors SHARE [at random], latency xN, silence, shift "
                        "fails, gaps SHARE, duplicates SHARE, collector restarts, partitions "
                        "double; then from TIME or from stage NAME + TIME, for, until, on "
                        "canary|baseline|both");
            set.options("--param", "NAME=VALUE", o->params, "of the runbook, as for `start`");
            set.option("--scenario", "FILE[:LINE]", o->scenario,
                       "what is sent, done and expected, from a scenario file; with several in it, "
                       "the one at that line");
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
