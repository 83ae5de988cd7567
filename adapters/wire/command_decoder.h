#pragma once
// Bytes from the topic rollbook.commands → what they ask. CloudEvents 1.0, structured JSON
// (contract.md, Commands in). Two kinds of failure are kept apart: what is no command at all goes
// to the dead letters, a command with a wrong field is answered with `rejected`.
//
//   std::visit(overloaded{…}, decode_command(record));

#include <string>
#include <variant>

#include "engine/core/command.h"
#include "engine/core/types.h"
#include "engine/runtime/bus.h"

namespace rollbook::adapters {

// No CloudEvent, or one of a type that is no command: a dead letter.
struct NotACloudEvent {
  std::string reason;  // "line 1, column 2: expected a key"
  bool operator==(const NotACloudEvent&) const = default;
};
// Rejected{partial, "invalid", detail}. `partial` has key, verb, sent, and what else could be
// read; its rollout is "" when what was given is no rollout's name.
struct BadCommand {
  core::Command partial;
  std::string detail;  // "`question` is a text, expected a whole number"
  bool operator==(const BadCommand&) const = default;
};
// Two engines on the same topics (log-and-bus.md): `claim` asks whether another one runs, `held`
// says so. `run` is a number that each start of an engine makes anew.
struct EngineNotice {
  enum class Kind : std::uint8_t { claim, held };
  Kind kind = Kind::claim;
  std::string run;
  core::Time sent{};
  bool operator==(const EngineNotice&) const = default;
};

using Incoming = std::variant<core::Command, EngineNotice, BadCommand, NotACloudEvent>;

// Never throws, for any bytes.
Incoming decode_command(const runtime::Record& record);
Incoming decode_command(std::string_view json, core::Time sent);

}  // namespace rollbook::adapters
