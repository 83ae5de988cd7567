#pragma once
// Loop: drives one shard with real time. Takes what the adapters' threads brought, folds it in,
// makes one turn durable, and only then hands out what must leave the process.
//
// Thread: run() owns the shard. Everything else talks to it through the InputQueue.

#include <atomic>
#include <functional>

#include "engine/runtime/engine_time.h"
#include "engine/runtime/input_queue.h"
#include "engine/runtime/shard.h"

namespace rollbook::runtime {

// What the loop tells the others, from its own thread, after a turn is durable. None may block.
struct LoopHooks {
  std::function<void(const Committed&)> on_committed;
  std::function<void()> ask_ends;                             // answered by an EndsInput
  std::function<void(const Shard&, core::Time now)> on_turn;  // gauges and projections
};

// The last message that a topic would not take as it was.
struct TooLarge {
  core::Time at{};
  std::string what;
};

class Loop {
 public:
  Loop(Shard& shard, InputQueue& queue, LoopHooks hooks);

  // Until the queue is closed. Error: the log's, or an input thread's; the process must end.
  core::Status run();

  core::Time now() const { return time_.now(); }
  // Written with every turn that is at least a second after the last: how a restart knows since
  // when it was away. Nothing when the directory is new.
  static core::Result<std::optional<core::Time>> last_heartbeat(const EventLog& log);
  // The position up to which the events topic has been published.
  static core::Result<Position> published(const EventLog& log);
  // Nothing when every message went out as it was.
  static core::Result<std::optional<TooLarge>> last_too_large(const EventLog& log);
  // Begins: the gap since the last heartbeat, and catching up to the ends of the inputs.
  void wake(std::optional<core::Time> heartbeat, std::vector<core::SourceOffset> ends);
  // No step forward before then: another engine may answer that it holds the topics.
  void hold_until(core::Time time) { held_until_ = time; }
  void set_published(Position position) { published_ = position; }

 private:
  void take(UrgentInput input);
  void watch_clock(core::Time now);
  void catch_up(std::vector<core::SourceOffset> ends);
  void look_whether_caught_up();
  core::Duration wait_until_due() const;
  core::Status turn(InputQueue::Drained drained);

  Shard& shard_;
  InputQueue& queue_;
  LoopHooks hooks_;
  EngineTime time_;
  core::Time last_turn_{};
  core::Time heartbeat_at_{};
  bool reachable_ = true;
  bool awaiting_ends_ = false;
  std::vector<core::SourceOffset> targets_;  // of catching up
  Position published_;
  core::Time held_until_{};
  std::optional<core::Error> fatal_;
};

}  // namespace rollbook::runtime
