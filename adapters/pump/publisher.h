#pragma once
// Publisher: the thread that everything leaves by. Sends outbox rows and dead letters as they are
// handed over, and the events of the log from a cursor on, in order, at least once. A row that
// was acknowledged comes back to the loop, which closes it; the cursor is remembered there too.
//
// What a topic refuses for its size would be refused for ever, and all behind it with it: it is
// sent alone (a broker refuses the whole request it came in), then shortened, then passed over, and
// the loop and people are told which message it was.

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
    // What people should hear of, from the publisher's thread.
    std::function<void(const std::string&)> on_trouble = {};
    core::Duration retry_after = std::chrono::seconds(1);  // of what failed, but not for its size
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
  using Clock = std::chrono::steady_clock;
  // How a message goes out next.
  enum class Fit : std::uint8_t { together, alone, shortened, none };
  struct Waiting {
    runtime::Outgoing message;
    std::optional<runtime::OutboxKey> key;
    Fit fit = Fit::together;
    std::string refusal = {};           // why it does not go as it was
    Clock::time_point not_before = {};  // after a failure
  };
  void run(const std::stop_token& stop);
  bool send_waiting(Clock::time_point now);
  std::optional<Waiting> next_waiting(Clock::time_point now);
  void sent(Waiting waiting, std::optional<runtime::SendError> error);
  void refit(Waiting waiting, runtime::SendError error);
  bool send_events(Clock::time_point now);
  bool send_event(runtime::Position position, runtime::Outgoing message);
  void event_sent(runtime::Position position, const runtime::Outgoing& message, Fit fit,
                  std::optional<runtime::SendError> error);
  Fit fit_of(runtime::Position position) const;
  // What the producer did not take or could not deliver: to be sent again, unless it was cancelled.
  void take_back(Waiting waiting, bool first);
  // Out of failed_, at its front.
  Waiting take_failed();
  void acknowledged();
  void tell_failure(const std::string& what);
  void tell_too_large(const Waiting& waiting, bool out);

  std::unique_ptr<runtime::Producer> producer_;
  const runtime::EventLog& log_;
  runtime::InputQueue& queue_;
  Options options_;

  std::mutex mutex_;  // guards the next six
  std::condition_variable_any woken_;
  std::deque<Waiting> waiting_;
  std::deque<Waiting> failed_;                  // to be sent again, before what else has their keys
  std::map<std::string, std::size_t> failing_;  // how many of those, by topic and key
  std::set<runtime::OutboxKey> cancelled_;      // while the producer had them
  runtime::Position durable_;

  // Of the thread alone.
  runtime::Position cursor_;               // events handed to the producer up to here
  std::set<runtime::Position> under_way_;  // not acknowledged yet
  runtime::Position told_;
  std::size_t rows_under_way_ = 0;
  bool row_alone_ = false, event_alone_ = false;  // the one under way
  bool rewind_ = false;
  Clock::time_point rewind_not_before_{};
  runtime::Position alone_until_;  // events up to here were refused with others
  struct Misfit {
    runtime::Position position;  // of the event that was refused alone
    Fit fit = Fit::together;
    std::string refusal;
  };
  Misfit misfit_;
  Clock::time_point failure_told_{};
  std::jthread thread_;  // last: it uses all above
};

}  // namespace rollbook::adapters
