#pragma once
// Fault: what goes wrong in the sandbox, and when.
//
//   parse_fault("errors 2% from 33h")
//   parse_fault("latency x3 from stage canary_25 + 1h for 10m on both")
//   parse_fault("silence from 30h until 31h on canary")
//   parse_fault("shift fails from stage canary_10")

#include <optional>
#include <string>

#include "engine/core/types.h"

namespace rollbook::adapters {

enum class FaultKind : std::uint8_t { errors, latency, silence, shift_fails };
enum class FaultArm : std::uint8_t { canary, baseline, both };

struct Fault {
  FaultKind kind = FaultKind::errors;
  FaultArm on = FaultArm::canary;
  core::Fixed share;                    // errors: of requests
  core::Fixed factor;                   // latency: × every value
  std::string stage;                    // "": times count from the start of the rollout
  core::Duration from{};                // after the start, or after the stage's shift
  std::optional<core::Duration> lasts;  // none: to the end
};

// Error: names the word that is not understood, with an example of one that is.
core::Result<Fault> parse_fault(const std::string& text);

}  // namespace rollbook::adapters
