#pragma once
// Sandbox: engine, bus and synthetic service in one thread, on discrete-event time. The clock moves
// to the next due moment only when queue and effects are idle, so every speed gives the same log;
// the same seed gives it byte for byte. What the runbook must come `after` has succeeded. Bytes go
// through the same decoders and encoders as on Kafka.
//
//   TRY(auto sandbox, Sandbox::make(log, compiler, text, options));
//   TRY(auto outcome, sandbox->run());

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/sandbox/synthetic_service.h"
#include "engine/runtime/plan_compiler.h"
#include "engine/runtime/shard.h"

namespace rollbook::adapters {

struct SandboxOptions {
  std::string file;  // of the runbook, for messages
  SyntheticOptions service;
  std::string rollout;                                // "": made from the runbook's name
  core::Duration most = std::chrono::hours(24 * 60);  // of virtual time
  // A rollout that is halted waits for people to resume it or to take it back, and those here only
  // answer questions. After so long without that any fault begins or ends, the run ends.
  core::Duration halted_most = std::chrono::hours(24);
  // Called after every turn; may wait to pace the clock. False ends the run.
  std::function<bool(const runtime::Committed&, const runtime::Shard&, core::Time now)> on_turn;
  // Called before the clock moves to `next`. False ends the run.
  std::function<bool(core::Time next)> before_moving;
  // Answers::ask: the answer to give for a role; "" ends the run.
  std::function<std::string(const OpenQuestion&, const std::string& role)> ask;
};

// 2026-01-05T00:00Z, so that the same run is the same whenever it is made.
inline constexpr core::Time kSandboxBegin{std::chrono::seconds(1767571200)};

class Sandbox {
 public:
  // `machine` is the runbook's, compiled by the caller to show its diagnostics.
  static core::Result<std::unique_ptr<Sandbox>> make(runtime::EventLog& log,
                                                     const runtime::PlanCompiler& compiler,
                                                     const core::Machine& machine,
                                                     const std::string& runbook,
                                                     SandboxOptions options);
  ~Sandbox();

  // Until the rollout has ended. Nothing: it was ended by a hook, is halted, or did not end within
  // `most`.
  // Error: the log's; or the start was refused, with the reason.
  core::Result<std::optional<core::Outcome>> run();
  core::Time now() const;
  const std::string& rollout() const;  // its id, once it has started

 private:
  class Impl;
  explicit Sandbox(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rollbook::adapters
