#pragma once
// Fault: what goes wrong in the sandbox, and when, as `rollbook sandbox --fault` takes it.
//
//   errors 2% from 33h                              that share of the canary's requests fails
//   errors 1% of type "oom" from 33h                and these with that label, which no other has
//   latency x3 from stage canary_25 + 1h for 10m    its latencies are three times the healthy ones
//   silence from 30h until 31h on both              no metrics arrive
//   shift fails | shift hangs                       traffic: settled as failed, or never
//   shift to 25% fails                              only the shift to that weight
//   rollback fails, run fails, checkpoint hangs     the same of a rollback's shift, runs,
//   checkpoints; `run suite fails` is that action's alone, `checkpoint "before" fails` that one's
//
// `from T`, `until T` and `for D` are optional; T is a time since the start of the rollout, or
// `stage NAME [+ D]`, counted from the stage's shift. `on canary|baseline|both`: canary by default.

#include <optional>
#include <string>
#include <string_view>

#include "engine/core/types.h"

namespace rollbook::adapters {

enum class FaultKind : std::uint8_t {
  errors,
  latency,
  silence,
  shift,     // a forward traffic effect
  rollback,  // a rollback's traffic effect
  run,
  checkpoint
};

struct FaultTime {
  std::string stage;  // "": the start of the rollout
  core::Duration after{};
  bool operator==(const FaultTime&) const = default;
};

struct Fault {
  FaultKind kind = FaultKind::errors;
  core::Fixed amount;              // errors: share of requests; latency: factor
  bool hangs = false;              // effects: never settled, else settled as failed
  std::optional<core::Weight> to;  // shift: to that weight alone
  std::string name;                // run, checkpoint: of that name alone; "": of any
  std::string label, value;        // errors: of a kind that a healthy service has not; ""
  bool on_canary = true;
  bool on_baseline = false;
  FaultTime from;
  std::optional<FaultTime> until;  // at most one of these two
  std::optional<core::Duration> lasts;
  std::string text;  // as written, for messages
  bool operator==(const Fault&) const = default;
};

// Error: what is wrong with it, and an example.
core::Result<Fault> parse_fault(std::string_view text);

}  // namespace rollbook::adapters
