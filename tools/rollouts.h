#pragma once
// Rollouts as the log has them: found by name, folded up to a moment, ready to be told. What
// `status`, `show`, `list`, `log`, `metrics` and `replay` stand on; nothing but evolve() is called.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "adapters/wire/event_json.h"
#include "engine/core/state.h"
#include "engine/runtime/event_log.h"
#include "tools/cli.h"

namespace rollbook::tools {

// Up to and including this sequence, or all events at or before this time.
using Until = std::variant<std::monostate, core::Sequence, core::Time>;
// "42", "2026-01-05T10:00:00Z". Error: neither.
Outcome<Until> parse_until(const std::string& text);

struct Entry {
  std::string rollout;
  core::StreamId stream;
  core::Time started{};
};
// All rollouts of a log, oldest first.
Outcome<std::vector<Entry>> list_rollouts(const runtime::EventLog& log);
// Error: no such rollout, with the nearest; an empty name takes the only active one.
Outcome<Entry> find_rollout(const runtime::EventLog& log, const std::string& name);

// What a reader adds before anything is folded.
struct Prepare {
  // Windows and criteria of its own, behind the runbook's, which keep their indices.
  std::function<void(core::Machine&)> machine = {};
  // To evidence, what the log leaves open; in order. After `machine`.
  std::function<void(core::Observed&)> observed = {};
};

// A rollout folded from its first event on. `log` must outlive it.
class Rollout {
 public:
  static Outcome<Rollout> load(const runtime::EventLog& log, core::StreamId stream,
                               const Until& until = {}, Prepare prepare = {});
  // Folds what was appended since.
  Outcome<std::size_t> advance();

  const core::Machine& machine() const { return plan_->machine; }
  const runtime::Plan& plan() const { return *plan_; }
  const core::RolloutState& state() const { return *state_; }
  core::StreamId stream() const { return stream_; }
  // Its events up to the last that was folded, in order, until `visit` says false.
  core::Status each_event(const std::function<bool(const core::Event&)>& visit) const;
  // For telling its events; remembers earlier ones by reading the log.
  adapters::EventContext context() const;

 private:
  Rollout(const runtime::EventLog& log, core::StreamId stream, Prepare prepare)
      : log_(&log), stream_(stream), prepare_(std::move(prepare)) {}
  Outcome<std::size_t> fold(const Until& until);
  void evolve(const core::Event& event);

  const runtime::EventLog* log_;
  core::StreamId stream_;
  Prepare prepare_;
  // Behind pointers: contexts point to the machine, and a Rollout may be moved.
  std::shared_ptr<runtime::Plan> plan_;
  std::shared_ptr<core::RolloutState> state_;
};

// 0 succeeded, 3 rolled back, 1 aborted.
Exit exit_of(core::Outcome outcome);
// Now, by the wall clock.
core::Time wall_clock();
// The moment that is shown, for ages: the asked one; of a rollout that runs on now, for a log that
// stands still is as old as the wall clock says; else that of its last event.
core::Time moment_of(const Rollout& rollout, const Until& until);

}  // namespace rollbook::tools
