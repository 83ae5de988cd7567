#include "tools/act.h"

#include <fmt/format.h>

#include "adapters/wire/command_encoder.h"
#include "adapters/wire/text.h"
#include "engine/core/limits.h"
#include "tools/same_place.h"

namespace rollbook::tools {

void ActOptions::declare(OptionSet& set) {
  set.option("--actor", "NAME", actor, "who asks (default: $ROLLBOOK_ACTOR, else the user)");
  set.option("--reason", "TEXT", reason, "why; it is kept in the log");
  settings.declare_bus(set);
  set.option("--timeout", "DURATION", timeout, "for the engine's answer (default 10s)");
  set.flag("--dry-run", dry_run, "print the message that would be sent");
}

void ActOptions::declare_severe(OptionSet& set) {
  declare(set);
  set.flag("-y,--yes", yes, "do not ask first");
}

Outcome<core::Command> make_command(core::Verb verb, const ActOptions& options) {
  if (!options.rollout.empty() && !adapters::is_rollout_name(options.rollout)) {
    return give_up(fmt::format("`{}` is no rollout's id, which has up to 63 of a-z, 0-9 and -",
                               adapters::printable(options.rollout)),
                   Exit::usage);
  }
  core::Command command;
  command.key = new_key();
  command.verb = verb;
  command.rollout = options.rollout;
  command.actor = options.actor.empty() ? default_actor() : options.actor;
  command.reason = options.reason;
  if (command.actor.size() > core::kTextBytes || command.reason.size() > core::kTextBytes) {
    return give_up(fmt::format("--actor and --reason have at most {} bytes", core::kTextBytes),
                   Exit::usage);
  }
  return command;
}

std::string refusal(const SeenEvent& event) {
  // A refused runbook brings a line for each diagnostic.
  std::string detail;
  for (std::size_t begin = 0; begin < event.detail.size();) {
    const std::size_t end = std::min(event.detail.find('\n', begin), event.detail.size());
    detail += (begin == 0 ? "" : "\n  ") +
              adapters::printable(std::string_view(event.detail).substr(begin, end - begin));
    begin = end + 1;
  }
  return fmt::format("rejected as {}{}", adapters::printable(event.reason),
                     detail.empty() ? "" : ": " + detail);
}

Outcome<Exit> act(const core::Command& command, const ActOptions& options, const Telling& telling,
                  const Console& console) {
  TRY(const core::Duration timeout, duration_option("--timeout", options.timeout));
  if (options.dry_run) {
    console.line(adapters::encode(command));
    return Exit::done;
  }
  TRY(const adapters::LoadedConfig loaded, options.settings.load(console));
  catch_interrupts();
  TRY(const auto client, CommandClient::connect(loaded.config));
  TRY(const Answer answer, client->send(command, timeout));
  if (!answer.accepted) return give_up(refusal(answer.event));
  console.say(fmt::format("{}: {}", command.rollout, telling.done));
  const std::string where =
      telling.next_acts ? same_bus(options.settings) : log_beside(options.settings);
  if (!telling.next.empty()) console.suggest(telling.next + where);
  return Exit::done;
}

Outcome<Exit> ask_first(const std::string& question, const ActOptions& options,
                        const Console& console) {
  if (options.yes || options.dry_run) return Exit::done;
  if (!console.look().in_is_terminal) {
    return give_up("there is no terminal to ask on; say --yes", Exit::usage);
  }
  if (!console.confirm(question)) return give_up("nothing was done");
  return Exit::done;
}

Outcome<core::Duration> duration_option(const std::string& name, const std::string& text) {
  const auto duration = adapters::parse_duration(text);
  if (!duration) return give_up(fmt::format("{}: {}", name, duration.error().message), Exit::usage);
  if (*duration == core::Duration::zero()) {
    return give_up(fmt::format("{}: `{}` is no time at all", name, text), Exit::usage);
  }
  return *duration;
}

}  // namespace rollbook::tools
