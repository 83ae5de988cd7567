#pragma once
// Command: what people and programs ask of the engine, decoded from CloudEvents (contract.md).
// One flat struct: each verb reads its own fields and ignores the others.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/machine.h"
#include "engine/core/types.h"

namespace rollbook::core {

enum class Verb : std::uint8_t {
  start,
  confirm,
  decide,
  pause,
  resume,
  promote,
  extend,
  rollback,
  abort,
  settle,
  rebalance
};
inline constexpr std::string_view kVerbNames[] = {"start",  "confirm", "decide",   "pause",
                                                  "resume", "promote", "extend",   "rollback",
                                                  "abort",  "settle",  "rebalance"};
constexpr std::string_view name_of(Verb verb) { return kVerbNames[static_cast<std::size_t>(verb)]; }

// A CloudEvent's source and id: the same pair acts once.
struct CommandKey {
  std::string source;
  std::string id;
  auto operator<=>(const CommandKey&) const = default;
};

// The canary's weight in one target.
struct TargetWeight {
  std::string target;
  Weight weight;
  bool operator==(const TargetWeight&) const = default;
};

enum class RollbackHow : std::uint8_t { immediate, gradual };

struct Command {
  CommandKey key;
  Verb verb = Verb::start;
  std::string rollout;  // start: may be "" (the engine makes one)
  std::string actor;
  std::string reason;
  Time sent{};  // the record's timestamp: `too_old` is judged by it

  // confirm, decide
  std::string item;
  std::string role;
  bool yes = true;
  std::uint64_t question = 0;  // 0: the open question of that text
  std::string option;

  // pause `for`, extend `by`, rollback `over`
  std::optional<Duration> duration;

  // rollback
  RollbackHow how = RollbackHow::immediate;
  Weight to = kNoTraffic;
  std::string target;

  // settle
  std::string effect;  // the public id
  bool succeeded = true;
  std::string detail;
  std::string result;  // JSON text

  // start
  std::string runbook;
  std::string file;  // for messages
  std::vector<Argument> params;
  std::string version;
  std::string digest;
  std::optional<Weight> weight;
  std::vector<TargetWeight> weights;  // of those that are named; goes before `weight`

  bool operator==(const Command&) const = default;
};

}  // namespace rollbook::core
