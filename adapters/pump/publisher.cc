#include "adapters/pump/publisher.h"

#include <algorithm>

namespace rollbook::adapters {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kEvents = 200;     // read from the log at once
constexpr std::size_t kUnderWay = 2000;  // events not acknowledged: then the log waits
constexpr core::Duration kReports = 1ms;
constexpr core::Duration kFlush = 2s;

}  // namespace

Publisher::Publisher(std::unique_ptr<runtime::Producer> producer, const runtime::EventLog& log,
                     runtime::InputQueue& queue, Options options)
    : producer_(std::move(producer)),
      log_(log),
      queue_(queue),
      options_(std::move(options)),
      cursor_(options_.published),
      told_(options_.published),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Publisher::~Publisher() = default;

void Publisher::send(std::vector<runtime::OutboxRow> rows) {
  if (rows.empty()) return;
  const std::lock_guard lock(mutex_);
  for (runtime::OutboxRow& row : rows) {
    runtime::Outgoing message{std::move(row.topic), std::move(row.key), std::move(row.id),
                              std::move(row.type), std::move(row.payload)};
    waiting_.push_back(Waiting{std::move(message), runtime::OutboxKey{row.stream, row.sequence}});
  }
  woken_.notify_one();
}

void Publisher::cancel(const std::vector<runtime::OutboxKey>& keys) {
  if (keys.empty()) return;
  const std::lock_guard lock(mutex_);
  for (const runtime::OutboxKey& key : keys) {
    const auto is = [&](const Waiting& waiting) { return waiting.key == key; };
    // Neither here nor there: the producer has it, and may give it back.
    if (std::erase_if(waiting_, is) + std::erase_if(failed_, is) == 0) cancelled_.insert(key);
  }
}

void Publisher::take_back(Waiting waiting, bool first) {
  const std::lock_guard lock(mutex_);
  if (waiting.key && cancelled_.erase(*waiting.key) > 0) return;
  failed_.insert(first ? failed_.begin() : failed_.end(), std::move(waiting));
}

void Publisher::send(std::vector<DeadLetter> letters) {
  for (const DeadLetter& letter : letters) {
    send(runtime::Outgoing{options_.deadletter_topic, letter.topic, "", "", encode(letter)});
  }
}

void Publisher::send(runtime::Outgoing message) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(Waiting{std::move(message), std::nullopt});
  woken_.notify_one();
}

void Publisher::durable(runtime::Position position) {
  const std::lock_guard lock(mutex_);
  if (position <= durable_) return;
  durable_ = position;
  woken_.notify_one();
}

// False when the producer's buffer is full.
bool Publisher::send_waiting() {
  while (true) {
    Waiting next;
    {
      const std::lock_guard lock(mutex_);
      std::deque<Waiting>& from = failed_.empty() ? waiting_ : failed_;
      if (from.empty()) return true;
      next = std::move(from.front());
      from.pop_front();
    }
    const auto shared = std::make_shared<Waiting>(std::move(next));
    const bool taken =
        producer_->send(shared->message, [this, shared](std::optional<core::Error> error) {
          --in_flight_;
          if (error) {
            take_back(std::move(*shared), false);
          } else if (shared->key) {
            {
              const std::lock_guard lock(mutex_);
              cancelled_.erase(*shared->key);
            }
            queue_.push(runtime::DeliveredInput{*shared->key});
          }
        });
    if (!taken) {
      take_back(std::move(*shared), true);
      return false;
    }
    ++in_flight_;
  }
}

bool Publisher::send_events() {
  runtime::Position durable;
  {
    const std::lock_guard lock(mutex_);
    durable = durable_;
  }
  if (rewind_ && under_way_.empty()) {  // one failed: all after it go out again, in order
    rewind_ = false;
    cursor_ = told_;
  }
  if (rewind_ || cursor_ >= durable || under_way_.size() >= kUnderWay) return true;
  auto stored = log_.read_positions(cursor_, kEvents);
  if (!stored) {
    queue_.push(runtime::FatalInput{stored.error()});
    return true;
  }
  for (const runtime::StoredEvent& event : *stored) {
    if (event.position > durable) break;
    auto message = options_.render(event);
    if (!message) {
      queue_.push(runtime::FatalInput{message.error()});
      return true;
    }
    if (*message) {
      const runtime::Position position = event.position;
      const bool taken =
          producer_->send(**message, [this, position](std::optional<core::Error> error) {
            --in_flight_;
            under_way_.erase(position);
            if (error) rewind_ = true;
            if (!rewind_) acknowledged();
          });
      if (!taken) return false;
      ++in_flight_;
      under_way_.insert(position);
    }
    cursor_ = event.position;
  }
  acknowledged();
  return true;
}

void Publisher::acknowledged() {
  if (rewind_) return;
  const runtime::Position out =
      under_way_.empty() ? cursor_ : runtime::Position{under_way_.begin()->value - 1};
  if (out <= told_) return;
  told_ = out;
  queue_.push(runtime::PublishedInput{out});
}

void Publisher::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const bool room = send_waiting() && send_events();
    std::unique_lock lock(mutex_);
    const bool idle = waiting_.empty() && failed_.empty() && cursor_ >= durable_;
    const auto more = [&] { return !waiting_.empty() || cursor_ < durable_; };
    if (idle && in_flight_ == 0) {
      woken_.wait(lock, stop, more);
      continue;
    }
    // What is handed over leaves at once; delivery reports, for which nobody waits, a moment later.
    if (idle) woken_.wait_for(lock, stop, kReports, more);
    lock.unlock();
    producer_->poll(room ? 0ms : kReports);
  }
  send_waiting();
  producer_->flush(kFlush);
}

}  // namespace rollbook::adapters
