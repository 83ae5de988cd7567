#pragma once
// Publisher: the thread that everything leaves by. Sends outbox rows and dead letters as they are
// handed over, and the events of the log from a cursor on, in order, at least once. A row that
// was acknowledged comes back to the loop, which closes it; the cursor is remembered there too.

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "adapters/wire/dead_letter.h"
#include "engine/runtime/bus.h"
#include "engine/runtime/event_log.h"
#include "engine/runtime/input_queue.h"

namespace rollbook::adapters {

// The message of an event for the events topic; nothing for those that are not published.
using RenderEvent =
    std::function<core::Result<std::optional<runtime::Outgoing>>(const runtime::StoredEvent&)>;

class Publisher {
 public:
  struct Options {
    std::string deadletter_topic = "rollbook.deadletter";
    RenderEvent render;
    runtime::Position published;  // events up to here are out
  };
  Publisher(std::unique_ptr<runtime::Producer> producer, const runtime::EventLog& log,
            runtime::InputQueue& queue, Options options);
  // Sends what is waiting for up to two seconds, then ends.
  ~Publisher();

  // Any thread; none blocks.
  void send(std::vector<runtime::OutboxRow> rows);
  void cancel(const std::vector<runtime::OutboxKey>& keys);
  void send(std::vector<DeadLetter> letters);
  void send(runtime::Outgoing message);
  // The log is durable up to here.
  void durable(runtime::Position position);

 private:
  struct Waiting {
    runtime::Outgoing message;
    std::optional<runtime::OutboxKey> key;
  };
  void run(const std::stop_token& stop);
  bool send_waiting();
  bool send_events();
  // What the producer did not take or could not deliver: to be sent again, unless it was cancelled.
  void take_back(Waiting waiting, bool first);
  void acknowledged();

  std::unique_ptr<runtime::Producer> producer_;
  const runtime::EventLog& log_;
  runtime::InputQueue& queue_;
  Options options_;

  std::mutex mutex_;  // guards the next five
  std::condition_variable_any woken_;
  std::deque<Waiting> waiting_;
  std::deque<Waiting> failed_;              // to be sent again, first
  std::set<runtime::OutboxKey> cancelled_;  // while the producer had them
  runtime::Position durable_;

  // Of the thread alone.
  runtime::Position cursor_;               // events handed to the producer up to here
  std::set<runtime::Position> under_way_;  // not acknowledged yet
  runtime::Position told_;
  std::size_t in_flight_ = 0;
  bool rewind_ = false;
  std::jthread thread_;  // last: it uses all above
};

}  // namespace rollbook::adapters
