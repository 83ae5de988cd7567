#pragma once
// CommandClient: sends a command over the bus and waits for the engine's answer on the events
// topic, as any other program would.
//
//   TRY(auto client, CommandClient::connect(config));
//   TRY(const Answer answer, client->send(command, 10s));

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/config.h"
#include "engine/core/command.h"
#include "engine/runtime/bus.h"
#include "tools/cli.h"

namespace rollbook::tools {

// An event as it stands on the events topic, as far as this program reads it.
struct SeenEvent {
  std::string type;  // "commanded", "transitioned", …
  std::string rollout;
  std::uint64_t sequence = 0;
  std::string command;         // commanded, rejected, rollout_started
  std::string command_source;  // commanded, rejected
  std::string reason, detail;  // rejected: its reason; commanded: the person's
  std::string from, to;        // transitioned
  std::string because;
  std::string outcome;                      // rollout_finished, effect_settled
  std::string kind, item;                   // asked
  std::uint64_t question = 0;               // asked, confirmed, decided
  std::vector<std::string> roles, options;  // asked
  std::string json;                         // the event's `data`
};
// Nothing for what is no event of ours.
std::optional<SeenEvent> read_event(std::string_view message);

struct Answer {
  bool accepted = false;
  SeenEvent event;
};

class CommandClient {
 public:
  // Error: exit code 6 when the bus cannot be reached or has no such topics.
  static Outcome<std::unique_ptr<CommandClient>> connect(const adapters::Config& config);

  // Error: exit code 6 when it cannot be delivered or nobody answers within `timeout`.
  Outcome<Answer> send(const core::Command& command, core::Duration timeout);

  // Calls `visit` with each event that has not been visited yet, of those that came since
  // connect(), until it returns false; then true. False when `timeout` has passed. Error: the bus,
  // or exit code 130 when somebody interrupts.
  Outcome<bool> follow(std::optional<core::Duration> timeout,
                       const std::function<bool(const SeenEvent&)>& visit);

  // All events of the topic up to its present end.
  // False: the end was not reached within a minute.
  Outcome<bool> history(const std::function<void(const SeenEvent&)>& visit);

 private:
  CommandClient(const adapters::Config& config, std::unique_ptr<runtime::Bus> bus)
      : config_(config), bus_(std::move(bus)) {}

  const adapters::Config config_;
  std::unique_ptr<runtime::Bus> bus_;
  std::unique_ptr<runtime::Consumer> events_;
  std::unique_ptr<runtime::Producer> producer_;
  std::deque<SeenEvent> unread_;  // came with the last that was visited
};

// A key that no other command has.
core::CommandKey new_key();
// ROLLBOOK_ACTOR, else the user who runs this.
std::string default_actor();

}  // namespace rollbook::tools
