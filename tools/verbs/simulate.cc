#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "adapters/sandbox/fault_clock.h"
#include "adapters/wire/status.h"
#include "adapters/wire/text.h"
#include "tools/rollouts.h"
#include "tools/scenario/play.h"
#include "tools/scenario/recording.h"
#include "tools/shell_words.h"
#include "tools/verbs.h"
#include "tools/virtual_run.h"

namespace rollbook::tools {
namespace {

constexpr const char* kAnswerUsual = "yes";

struct Options {
  std::string file;
  std::string metrics;
  std::vector<std::string> faults;
  std::vector<std::string> params;
  std::string speed = "max";
  std::string answer;
  std::string data;
  std::string output;
};

Outcome<std::string> read_metrics(const std::string& path) {
  if (path.empty()) {
    return give_up("--metrics FILE is missing: what was recorded, a line a record", Exit::usage);
  }
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return give_up(fmt::format("{}: no such file", path));
  }
  if (std::filesystem::is_directory(path, error)) {
    return give_up(fmt::format("{}: a directory, not a recording", path));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return give_up(fmt::format("{}: cannot be read, permission denied?", path));
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

// What people say and what goes wrong; everything else was recorded. What must come before has.
Outcome<Script> make_simulation(const Options& options, runtime::Plan plan, Recording& recording) {
  Script script;
  script.plan = std::make_shared<const runtime::Plan>(std::move(plan));
  dsl::scenario::Answering every;
  every.words.push_back({options.answer, {}});
  script.scenario.answers.push_back(std::move(every));
  for (const std::string& runbook : script.machine().after) {
    script.scenario.predecessors.push_back({{runbook, {}}, {}});
  }
  TRY(const auto series, adapters::healthy_series(script.machine(), 1));
  bool errors = false;
  for (const std::string& text : options.faults) {
    auto fault = adapters::parse_fault(text);
    if (!fault) return give_up(fault.error().message, Exit::usage);
    if (!fault->label.empty()) {
      return give_up("`" + text +
                         "`: a kind of error cannot be laid over what was recorded; give "
                         "its series in a scenario",
                     Exit::usage);
    }
    const auto shows = adapters::check_fault_of_figures(script.machine(), *fault, series);
    if (!shows) return give_up(shows.error().message, Exit::usage);
    errors = errors || fault->kind == adapters::FaultKind::errors;
    const std::string metric = recording.exponential();
    if (fault->kind == adapters::FaultKind::latency && !metric.empty()) {
      return give_up("`" + text + "`: the histograms of `" + metric +
                         "` are exponential ones; latency is laid over explicit buckets only",
                     Exit::usage);
    }
    script.faults.push_back(std::move(*fault));
  }
  if (errors) TRY_DO(recording.lay_over_errors());
  return script;
}

// ", which stands still: no points of `latency` of the canary for 9m"; "" where it goes on.
Outcome<std::string> stillness_of(const runtime::EventLog& log, const Rollout& rollout) {
  adapters::Beside beside;
  TRY(const auto refused, log.value(runtime::refusals_name(rollout.stream())));
  if (refused) beside.refused = runtime::decode_refusals(*refused);
  const core::RolloutState& state = rollout.state();
  const auto status = adapters::status_of(rollout.machine(), state, state.now, beside);
  const std::string why = adapters::stillness_text(status);
  return why.empty() ? why : ", which stands still: " + why;
}

// The same run once more, but for how fast it is shown.
// Empty where the runbook came from standard input, which is read.
std::string again_of(const Options& options) {
  if (options.file == "-") return "";
  std::string command = "rollbook simulate " + shell_word(options.file);
  add_option(command, "--metrics", options.metrics);
  add_option(command, "--fault", options.faults);
  add_option(command, "--param", options.params);
  if (options.answer != kAnswerUsual) add_option(command, "--answer", options.answer);
  return command;
}

Outcome<Exit> run(const Options& options, const Console& console) {
  TRY(const double speed, parse_speed(options.speed));
  TRY(runtime::Plan plan, compile_plan(options.file, options.params, console));
  TRY(const std::string text, read_metrics(options.metrics));
  const core::Machine machine = plan.machine;
  auto recorded = Recording::read(machine, text);
  if (!recorded) return give_up(fmt::format("{}: {}", options.metrics, recorded.error().message));
  for (const std::string& metric : recorded->unfed()) {
    console.say(fmt::format("{}: nothing there feeds metric `{}`", options.metrics, metric));
  }
  TRY(const Script script, make_simulation(options, std::move(plan), *recorded));
  TRY(const auto log, new_log(options.data));
  catch_interrupts();
  Screen screen(options.output == "jsonl", console, *log);
  const Pace pace(speed, recorded->begin());
  std::optional<core::Error> failed;
  PlayOptions how;
  how.begin = recorded->begin();
  // No further than what was recorded: silence after its end says nothing about the service.
  how.most = recorded->end() - recorded->begin();
  how.on_turn = [&](const runtime::Committed& committed, const runtime::Shard& shard,
                    core::Time now) {
    if (const auto shown = screen.show(committed); !shown) failed = shown.error();
    screen.progress(shard, now);
    return !interrupted() && !failed;
  };
  how.before_moving = [&](core::Time next) { return pace.wait(next); };
  TRY(const Seen seen, play(*log, script, *recorded, how));
  screen.wipe();
  if (failed) return give_up(failed->message);
  if (interrupted()) return Exit::interrupted;
  TRY(const Rollout rollout, Rollout::load(*log, seen.stream));
  if (!seen.outcome) {
    TRY(const std::string stillness, stillness_of(*log, rollout));
    return give_up(
        fmt::format("the recording ends at {}, {} after its begin, with the rollout in {}{}",
                    adapters::format_time(recorded->end()),
                    adapters::format_duration_short(recorded->end() - seen.begin),
                    machine.at(rollout.state().active).name, stillness),
        Exit::waiting);
  }
  if (options.output != "jsonl") {
    print_end(rollout, {again_of(options), options.data}, console);
  }
  return exit_of(*seen.outcome);
}

}  // namespace

Verb simulate_verb() {
  auto o = std::make_shared<Options>();
  return {"simulate",
          Group::authoring,
          "run recorded metrics through a runbook: what had it done?",
          {"rollbook simulate my.runbook --metrics recorded.jsonl",
           "rollbook simulate my.runbook --metrics week.jsonl --fault \"errors 2% from 3h\"",
           "rollbook simulate my.runbook --metrics week.jsonl --speed 3600x --answer no"},
          [o](OptionSet& set) {
            set.positional("FILE", o->file, "the runbook");
            set.option("--metrics", "FILE", o->metrics,
                       "what was recorded, in any of the formats that metrics come in (each line a "
                       "record); points need their own times");
            set.options("--fault", "TEXT", o->faults,
                        "laid over the recording, as for `rollbook sandbox`, of one target "
                        "too: \"errors 2% in eu from 3h\"");
            set.options("--param", "NAME=VALUE", o->params, "of the runbook, as for `start`");
            set.option("--speed", "FACTOR", o->speed,
                       "3600x: an hour a second; max: as fast as it goes (default)");
            set.choice("--answer", o->answer, {"yes", "no", "nothing"},
                       "what people say when they are asked");
            set.option("--data", "DIR", o->data, "keep the log there");
            set.choice("-o,--output", o->output, {"text", "jsonl"}, "sentences, or every event");
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
