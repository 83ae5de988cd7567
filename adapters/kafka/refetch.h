#pragma once
// Refetch: when librdkafka must be woken to go on fetching a partition. While enough of it waits in
// the client, version 2.0 leaves it alone, and looks again a second later only, unless something
// else wakes the broker's thread. A backlog would be read in bursts, one a second. Internal to
// adapters/kafka; one for each partition.

#include <chrono>
#include <cstddef>
#include <optional>

namespace rollbook::adapters::kafka {

class Refetch {
 public:
  using Clock = std::chrono::steady_clock;

  // True: wake it now. `waiting`: messages in the client; `enough`: as many as it stops at, its
  // queued.min.messages; `more`: there are some in the topic behind them.
  bool is_due(std::size_t waiting, std::size_t enough, bool more, Clock::time_point now);
  // When it must be asked again; nothing: when messages come.
  std::optional<Clock::time_point> at() const { return hungry_at_; }

 private:
  bool stopped_ = false;  // as many waited as it stops at
  // It also stops for the bytes that wait, which it does not tell: nothing comes though there is
  // more, and then it is time.
  std::optional<Clock::time_point> hungry_at_;
};

}  // namespace rollbook::adapters::kafka
