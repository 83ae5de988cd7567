#pragma once
// Recompute: does a log's every decision follow from what came before it? Each input is found in
// the events it left (a command, a settle, the passing of time, evidence), put to the core again,
// and what the core answers must be the events of the log, word for word.
//
//   Recompute recompute(log);
//   auto found = recompute.run(progress);      // no divergence: every decision was recomputed

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/core/decide.h"
#include "engine/runtime/event_log.h"

namespace rollbook::tools {

struct Divergence {
  core::StreamId stream;
  std::string rollout;
  core::Sequence sequence;  // of the first event that does not follow
  std::string message;      // what the log has, and what the core says
};

class Recompute {
 public:
  explicit Recompute(const runtime::EventLog& log) : log_(log) {}

  // Stops at the first divergence. Error: the log cannot be read.
  core::Result<std::optional<Divergence>> run(
      const std::function<void(std::uint64_t done, std::uint64_t total)>& progress);

  std::uint64_t events() const { return events_; }
  // State hashes at the end, by rollout.
  std::map<std::string, std::uint64_t> hashes() const;

 private:
  struct Running {
    std::shared_ptr<const runtime::Plan> plan;
    core::RolloutState state;
  };
  using Events = std::span<const core::Event>;
  // How many events at the beginning follow from one input; 0: none does.
  core::Result<std::size_t> take(Events events);
  core::Result<std::size_t> begin(Events events);
  std::size_t follow(Running& running, Events events);
  Divergence divergence_at(const core::Event& event) const;

  const runtime::EventLog& log_;
  std::map<std::string, core::ServiceState> services_;
  std::map<core::StreamId, Running> rollouts_;
  std::uint64_t events_ = 0;
  // How many of what one input brought about follow, by the input that explains the most of it.
  std::size_t furthest_ = 0;
};

}  // namespace rollbook::tools
