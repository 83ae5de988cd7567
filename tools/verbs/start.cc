#include <fmt/format.h>

#include <filesystem>

#include "adapters/wire/command_encoder.h"
#include "adapters/wire/text.h"
#include "tools/act.h"
#include "tools/rollouts.h"
#include "tools/runbook_source.h"
#include "tools/same_place.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

struct Options : ActOptions {
  std::string file;
  std::vector<std::string> params;
  std::string version;
  std::vector<std::string> weights;
  bool wait = false;
  std::string wait_timeout;
};

// What an author can mend is said here, with carets, before anything is sent.
Outcome<Exit> check(const RunbookSource& source, const core::Command& command,
                    const Console& console) {
  const runtime::Compiled compiled = source.compile(command.params);
  if (compiled.plan) return Exit::done;
  for (const runtime::Diagnostic& found : compiled.diagnostics) {
    if (found.severity == runtime::Severity::error) {
      console.say(source.render(found));
    }
  }
  return give_up(fmt::format("{}: not valid, nothing was sent", source.file()));
}

// A line for each step, until the rollout has ended.
Outcome<Exit> wait_for_end(CommandClient& client, const std::string& rollout,
                           std::optional<core::Duration> timeout, const Console& console) {
  Exit exit = Exit::done;
  bool waiting = false;
  TRY(const bool ended, client.follow(timeout, [&](const SeenEvent& event) {
    if (event.rollout != rollout) return true;
    if (event.type == "asked") {
      waiting = true;
      console.say(adapters::printable(fmt::format("asked: {} \"{}\" by {}", event.kind, event.item,
                                                  fmt::join(event.roles, ", "))));
    } else if (event.type == "transitioned") {
      waiting = false;
      console.say(adapters::printable(
          fmt::format("{}{}", event.to, event.because.empty() ? "" : ": " + event.because)));
    } else if (event.type == "rollout_finished") {
      console.say(adapters::printable(
          fmt::format("{}{}", event.outcome, event.because.empty() ? "" : ": " + event.because)));
      exit = event.outcome == "succeeded"     ? Exit::done
             : event.outcome == "rolled_back" ? Exit::rolled_back
                                              : Exit::error;
      return false;
    }
    return true;
  }));
  if (ended) return exit;
  return give_up(
      fmt::format("`{}` has not ended within {}", rollout, adapters::format_duration(*timeout)),
      waiting ? Exit::waiting : Exit::error);
}

Outcome<core::Command> make_start(const Options& options, const RunbookSource& source) {
  TRY(core::Command command, make_command(core::Verb::start, options));
  command.runbook = source.text();
  TRY(command.params, parse_params(options.params));
  command.file = std::filesystem::path(options.file).filename().string();
  command.version = options.version;
  for (const std::string& given : options.weights) {
    const std::size_t equals = given.find('=');
    const bool named = equals != std::string::npos;
    const auto weight = adapters::parse_weight(named ? given.substr(equals + 1) : given);
    if (!weight) return give_up("--weight: " + weight.error().message, Exit::usage);
    if (named) {
      command.weights.push_back({given.substr(0, equals), *weight});
    } else {
      command.weight = *weight;
    }
  }
  return command;
}

Outcome<Exit> run(const Options& options, const Console& console) {
  TRY(const core::Duration timeout, duration_option("--timeout", options.timeout));
  std::optional<core::Duration> wait_timeout;
  if (!options.wait_timeout.empty()) {
    TRY(wait_timeout, duration_option("--wait-timeout", options.wait_timeout));
  }
  TRY(const RunbookSource source, RunbookSource::load(options.file));
  TRY(const core::Command command, make_start(options, source));
  TRY_DO(check(source, command, console));
  if (options.dry_run) {
    console.line(adapters::encode(command));
    return Exit::done;
  }
  TRY(const adapters::LoadedConfig loaded, options.settings.load(console));
  catch_interrupts();
  TRY(const auto client, CommandClient::connect(loaded.config));
  TRY(const Answer answer, client->send(command, timeout));
  if (!answer.accepted) return give_up(refusal(answer.event));
  const std::string& rollout = answer.event.rollout;
  if (options.output == "json") {
    console.line(answer.event.json);
  } else if (options.output == "id") {
    console.line(rollout);
  } else {
    console.line(fmt::format("started {}", rollout));
  }
  console.flush();
  if (options.wait) return wait_for_end(*client, rollout, wait_timeout, console);
  if (options.output == "text") {
    console.suggest("rollbook status " + rollout + " -w" + log_beside(options.settings));
  }
  return Exit::done;
}

}  // namespace

Verb start_verb() {
  auto o = std::make_shared<Options>();
  return {
      "start",
      Group::operating,
      "begin a rollout of a runbook",
      {"rollbook start my.runbook --version sha256:4f1c --reason \"release 41\"",
       "rollbook status $(rollbook start my.runbook -o id) -w",
       "rollbook start my.runbook --wait || echo \"not released\""},
      [o](OptionSet& set) {
        set.positional("FILE", o->file, "a runbook; - is stdin");
        set.option("--rollout", "ID", o->rollout, "its id (default: made from the name)");
        set.options("--param", "NAME=VALUE", o->params,
                    "of the runbook: a value in place of a default");
        set.option("--version", "TEXT", o->version,
                   "what is rolled out, such as an image's digest");
        set.options("--weight", "[TARGET=]WEIGHT", o->weights,
                    "the canary's share now, when it was changed by hand");
        set.flag("--wait", o->wait, "until it ends; exit 0 succeeded, 3 rolled back, 1 aborted");
        set.option("--wait-timeout", "DURATION", o->wait_timeout,
                   "of --wait; exit 4 if people are waited for");
        set.choice("-o,--output", o->output, {"text", "id", "json"}, "how the answer is printed");
        o->declare(set);
      },
      [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
