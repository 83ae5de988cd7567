#pragma once
// MetricsPump: a thread that reads metric topics, decodes them and pushes batches into the loop's
// queue. A full queue stops its polling, which is all the back-pressure there is.

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "adapters/wire/metric_decoder.h"
#include "engine/runtime/bus.h"
#include "engine/runtime/input_queue.h"

namespace rollbook::adapters {

class MetricsPump {
 public:
  using OnLetters = std::function<void(std::vector<DeadLetter>)>;
  MetricsPump(std::unique_ptr<runtime::Consumer> consumer, runtime::InputQueue& queue,
              OnLetters on_letters, MetricFormats formats = {});
  ~MetricsPump();

  // Asks for an EndsInput: where the topics end now. Any thread.
  void ask_ends() { ends_asked_ = true; }

 private:
  void run(const std::stop_token& stop);
  bool flush();

  std::unique_ptr<runtime::Consumer> consumer_;
  runtime::InputQueue& queue_;
  OnLetters on_letters_;
  MetricFormats formats_;
  MetricDecoder decoder_;
  runtime::PointBatch batch_;
  std::vector<DeadLetter> letters_;
  std::atomic<bool> ends_asked_ = false;
  std::jthread thread_;  // last: it uses all above
};

}  // namespace rollbook::adapters
