#pragma once
// InputQueue: where adapters' threads meet the loop. Metric points are bounded by bytes: a push
// waits until there is room, which stops the consumer's polling. Everything else has places of
// its own and is taken first, so an abort never waits behind metrics.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/runtime/metric_point.h"
#include "engine/runtime/shard.h"

namespace rollbook::runtime {

struct DeliveredInput {
  OutboxKey key;
};
// The bus was lost or came back; with its present ends when it came back.
struct ReachInput {
  bool reachable = true;
};
// Where catching up ends: the ends of all inputs at the moment they were asked for.
struct EndsInput {
  std::vector<core::SourceOffset> ends;
};
// A record of the commands topic that is no command; its offset counts as read.
struct SkippedInput {
  core::SourceOffset position;
};
struct GapInput {
  core::SourceGap gap;
  bool commands = false;
};
// What a topic would not take, however short, or only shortened.
struct TooLargeInput {
  std::string what;              // for people: which message, how large, what became of it
  std::optional<OutboxKey> row;  // an effect that did not go out
  std::string effect;            // its id
};
// The publisher has sent all events up to here.
struct PublishedInput {
  Position position;
};
// An input thread cannot go on; the engine ends with this error.
struct FatalInput {
  core::Error error;
};
// What a rollout has read back, and on the way how far it is.
struct RecalledInput {
  std::unique_ptr<Past> past;
};
struct ReadSoFarInput {
  core::StreamId stream;
  ReadSoFar so_far;
};
using UrgentInput =
    std::variant<CommandInput, DeliveredInput, ReachInput, EndsInput, SkippedInput, GapInput,
                 TooLargeInput, PublishedInput, FatalInput, RecalledInput, ReadSoFarInput>;

class InputQueue {
 public:
  explicit InputQueue(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  // False once closed.
  bool push(PointBatch batch);
  bool push(UrgentInput input);
  void close();

  struct Drained {
    std::vector<UrgentInput> urgent;
    std::vector<PointBatch> points;
    bool closed = false;
  };
  // Waits up to `wait` for anything, then takes everything urgent and up to `most_bytes` of points.
  Drained drain(core::Duration wait, std::size_t most_bytes);

 private:
  const std::size_t most_bytes_;
  std::mutex mutex_;  // guards all below
  std::condition_variable filled_;
  std::condition_variable drained_;
  std::deque<UrgentInput> urgent_;
  std::deque<PointBatch> points_;
  std::size_t bytes_ = 0;
  bool closed_ = false;
};

}  // namespace rollbook::runtime
