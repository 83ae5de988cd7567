#pragma once
// ReadBackPump: the one reader of metrics of before a start, on a thread of its own. Who asks while
// it reads waits for its next pass; all that wait then share it. It is throttled, so that live
// metrics and other rollouts do not feel it, and goes on trying while the bus is away.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "adapters/pump/read_back_pass.h"
#include "engine/runtime/input_queue.h"

namespace rollbook::adapters {

struct ReadBackOptions {
  std::size_t bytes_per_second = 50'000'000;  // of records
  // From its thread: why it does not get on, once each time that it changes.
  std::function<void(const std::string&)> on_trouble = {};
};

class ReadBackPump {
 public:
  ReadBackPump(runtime::Bus& bus, MetricSources sources, runtime::InputQueue& queue,
               ReadBackOptions options);
  ~ReadBackPump();

  // Any thread; none blocks.
  void add(runtime::PastRequest request);
  void cancel(core::StreamId stream);

 private:
  using Clock = std::chrono::steady_clock;

  void run(const std::stop_token& stop);
  std::vector<runtime::PastRequest> await_requests(const std::stop_token& stop);
  core::Status read(const std::stop_token& stop, const std::vector<runtime::PastRequest>& requests);
  std::size_t records_of_step(std::size_t bytes, const runtime::ReadSoFar& so_far) const;
  void tell(const ReadBackPass& pass);
  void trouble(const std::string& message);
  void pause_for(core::Duration time, const std::stop_token& stop);

  runtime::Bus& bus_;
  const MetricSources sources_;
  runtime::InputQueue& queue_;
  const ReadBackOptions options_;

  std::mutex mutex_;  // guards the next three
  std::condition_variable_any woken_;
  std::vector<runtime::PastRequest> waiting_;
  std::set<core::StreamId> cancelled_;  // of the pass under way

  Clock::time_point told_{};  // of the thread alone, as the next
  std::string trouble_;
  std::jthread thread_;  // last: it uses all above
};

}  // namespace rollbook::adapters
