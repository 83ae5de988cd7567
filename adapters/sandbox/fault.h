#pragma once
// Fault: what goes wrong in the sandbox, and when, as `rollbook sandbox --fault` takes it.
//
//   errors 2% from 33h                              that share of the canary's requests fails
//   errors 1% of type "oom" from 33h                and these with that label, which no other has
//   latency x3 from stage canary_25 + 1h for 10m    its latencies are three times the healthy ones
//   errors 0.002% at random on both                 the same, as chance has it; else evenly
//   silence from 30h until 31h on both              no metrics arrive
//   shift fails | shift hangs                       traffic: settled as failed, or never
//   shift to 25% fails                              only the shift to that weight
//   rollback fails, run fails, checkpoint hangs     the same of a rollback's shift, runs,
//   checkpoints; `run suite fails` is that action's alone, `checkpoint "before" fails` that one's
//   start backfill hangs                            the same of what `hold until` waits for
// And how metrics are delivered, which changes nothing of what happened:
//   gaps 20% from 26h for 2h on both                that share of the scrapes is lost
//   duplicates 10% from 26h on both                 of the batches comes twice, at once or late
//   collector restarts from 30h for 40s             nothing arrives; then all series begin anew
//   partitions double from 40h                      of the metrics topic
//
// `in NAME`: in that target alone. `from T`, `until T` and `for D` are optional; T is a time since
// the start of the rollout, or `stage NAME [+ D]`, counted from the stage's shift. `on
// canary|baseline|both`: canary by default.

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
  start,  // that something waits for
  checkpoint,
  gaps,
  duplicates,
  collector,
  partitions
};

struct FaultTime {
  std::string stage;  // "": the start of the rollout
  core::Duration after{};
  bool operator==(const FaultTime&) const = default;
};

struct Fault {
  FaultKind kind = FaultKind::errors;
  core::Fixed amount;              // a share: of requests, scrapes, batches; latency: factor
  bool at_random = false;          // errors
  bool hangs = false;              // effects: never settled, else settled as failed
  std::optional<core::Weight> to;  // shift: to that weight alone
  std::string target;              // in that one alone; "": in all
  std::string label, value;        // errors: of a kind that a healthy service has not; ""
  std::string name;                // run, start, checkpoint: of that name alone; "": of any
  bool on_canary = true;
  bool on_baseline = false;
  FaultTime from;
  std::optional<FaultTime> until;  // at most one of these two
  std::optional<core::Duration> lasts;
  std::string text;  // as written, for messages
  bool operator==(const Fault&) const = default;
};

// Whether it is of how metrics are delivered, not of what they say.
bool is_of_delivery(FaultKind kind);

// Error: what is wrong with it, and an example.
core::Result<Fault> parse_fault(std::string_view text);

}  // namespace rollbook::adapters
