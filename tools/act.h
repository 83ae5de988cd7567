#pragma once
// Acts: the verbs that ask the engine for something. They share their options, the sending, and
// how the answer is told.

#include <string>

#include "engine/core/command.h"
#include "tools/command_client.h"
#include "tools/settings.h"

namespace rollbook::tools {

struct ActOptions {
  Settings settings;
  std::string rollout;
  std::string actor;
  std::string reason;
  std::string timeout = "10s";
  std::string output;
  bool dry_run = false;
  bool yes = false;  // severe acts only

  // The options that all acts have; `rollout` is the first positional.
  void declare(OptionSet& set);
  // Those of an act that is asked about before it is done.
  void declare_severe(OptionSet& set);
};

// A command of this verb with a new key, the rollout, actor and reason.
Outcome<core::Command> make_command(core::Verb verb, const ActOptions& options);

// Sends the command and tells the answer: exit code 1 when it is rejected. `done` is what to say
// when it was taken: "paused"; `next` the command to suggest, without where: it looks at the log.
struct Telling {
  std::string done;
  std::string next;
  bool next_acts = false;  // it goes to the bus instead
};
Outcome<Exit> act(const core::Command& command, const ActOptions& options, const Telling& telling,
                  const Console& console);

// The sentence for a rejected command.
std::string refusal(const SeenEvent& event);

// Asks first, unless --yes or --dry-run. Error: no terminal to ask on, or the answer was no.
Outcome<Exit> ask_first(const std::string& question, const ActOptions& options,
                        const Console& console);

// "2h" → a duration. Error: exit code 2, naming the option.
Outcome<core::Duration> duration_option(const std::string& name, const std::string& text);

}  // namespace rollbook::tools
