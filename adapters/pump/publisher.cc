#include "adapters/pump/publisher.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/shortened.h"

namespace rollbook::adapters {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kEvents = 200;     // read from the log at once
constexpr std::size_t kUnderWay = 2000;  // events not acknowledged: then the log waits
constexpr core::Duration kReports = 1ms;
constexpr core::Duration kFlush = 2s;
constexpr core::Duration kToldEvery = 10s;  // that something cannot be sent

std::string place_of(const runtime::Outgoing& message) {
  return message.topic + '\0' + message.key;
}

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
    const auto failed = std::find_if(failed_.begin(), failed_.end(), is);
    if (failed != failed_.end()) {
      std::rotate(failed_.begin(), failed, std::next(failed));
      take_failed();
    } else if (std::erase_if(waiting_, is) == 0) {
      cancelled_.insert(key);
    }
  }
}

void Publisher::take_back(Waiting waiting, bool first) {
  const std::lock_guard lock(mutex_);
  if (waiting.key && cancelled_.erase(*waiting.key) > 0) return;
  ++failing_[place_of(waiting.message)];
  failed_.insert(first ? failed_.begin() : failed_.end(), std::move(waiting));
}

Publisher::Waiting Publisher::take_failed() {
  Waiting taken = std::move(failed_.front());
  failed_.pop_front();
  const auto place = failing_.find(place_of(taken.message));
  if (--place->second == 0) failing_.erase(place);
  return taken;
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

// ---- Rows, letters, notices -----------------------------------------------------------------

std::optional<Publisher::Waiting> Publisher::next_waiting(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (!failed_.empty() && failed_.front().not_before <= now) return take_failed();
  // In the order of each key; another one waits for none of them.
  const auto is_free = [&](const Waiting& waiting) {
    return failing_.empty() || !failing_.contains(place_of(waiting.message));
  };
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), is_free);
  if (found == waiting_.end()) return std::nullopt;
  std::optional<Waiting> next = std::move(*found);
  waiting_.erase(found);
  return next;
}

// False when reports must come first: the producer's buffer is full, or one goes alone.
bool Publisher::send_waiting(Clock::time_point now) {
  while (!row_alone_) {
    std::optional<Waiting> next = next_waiting(now);
    if (!next) return true;
    const bool alone = next->fit != Fit::together;
    if (alone && rows_under_way_ > 0) {
      take_back(std::move(*next), true);
      return false;
    }
    const auto shared = std::make_shared<Waiting>(std::move(*next));
    const bool taken =
        producer_->send(shared->message, [this, shared](std::optional<runtime::SendError> error) {
          --rows_under_way_;
          row_alone_ = false;
          sent(std::move(*shared), std::move(error));
        });
    if (!taken) {
      take_back(std::move(*shared), true);
      return false;
    }
    ++rows_under_way_;
    row_alone_ = alone;
  }
  return false;
}

void Publisher::sent(Waiting waiting, std::optional<runtime::SendError> error) {
  if (error && error->too_large) return refit(std::move(waiting), std::move(*error));
  if (error) {
    tell_failure(error->message);
    waiting.not_before = Clock::now() + options_.retry_after;
    return take_back(std::move(waiting), false);
  }
  if (waiting.fit == Fit::shortened) tell_too_large(waiting, true);
  if (!waiting.key) return;
  {
    const std::lock_guard lock(mutex_);
    cancelled_.erase(*waiting.key);
  }
  queue_.push(runtime::DeliveredInput{*waiting.key});
}

void Publisher::refit(Waiting waiting, runtime::SendError error) {
  const Fit before = waiting.fit;
  if (before == Fit::together) {
    waiting.fit = Fit::alone;
    return take_back(std::move(waiting), false);
  }
  auto shorter = before == Fit::alone ? shortened(waiting.message.payload) : std::nullopt;
  if (before == Fit::alone) waiting.refusal = std::move(error.message);
  if (shorter) {
    waiting.fit = Fit::shortened;
    waiting.message.payload = std::move(*shorter);
    return take_back(std::move(waiting), true);
  }
  {
    const std::lock_guard lock(mutex_);
    if (waiting.key && cancelled_.erase(*waiting.key) > 0) return;
  }
  tell_too_large(waiting, false);
}

// ---- Events ---------------------------------------------------------------------------------

Publisher::Fit Publisher::fit_of(runtime::Position position) const {
  if (position == misfit_.position) return misfit_.fit;
  return position <= alone_until_ ? Fit::alone : Fit::together;
}

// False when reports must come first.
bool Publisher::send_events(Clock::time_point now) {
  runtime::Position durable;
  {
    const std::lock_guard lock(mutex_);
    durable = durable_;
  }
  if (rewind_) {  // one failed: all after it go out again, in order
    if (!under_way_.empty() || now < rewind_not_before_) return false;
    rewind_ = false;
    cursor_ = told_;
  }
  if (cursor_ >= durable) return true;
  if (event_alone_ || under_way_.size() >= kUnderWay) return false;
  auto stored = log_.read_positions(cursor_, cursor_ < alone_until_ ? 1 : kEvents);
  if (!stored) {
    queue_.push(runtime::FatalInput{stored.error()});
    return true;
  }
  for (const runtime::StoredEvent& event : *stored) {
    if (event.position > durable || event_alone_) break;
    auto message = options_.render(event);
    if (!message) {
      queue_.push(runtime::FatalInput{message.error()});
      return true;
    }
    if (*message && !send_event(event.position, std::move(**message))) return false;
    cursor_ = event.position;
  }
  acknowledged();
  return true;
}

bool Publisher::send_event(runtime::Position position, runtime::Outgoing message) {
  Fit fit = fit_of(position);
  if (fit != Fit::together && !under_way_.empty()) return false;
  if (fit == Fit::shortened) {
    if (auto shorter = shortened(message.payload)) {
      message.payload = std::move(*shorter);
    } else {
      fit = Fit::none;
    }
  }
  if (fit == Fit::none) {
    tell_too_large(Waiting{std::move(message), std::nullopt, fit, misfit_.refusal}, false);
    return true;
  }
  const auto shared = std::make_shared<const runtime::Outgoing>(std::move(message));
  const bool taken = producer_->send(
      *shared, [this, position, shared, fit](std::optional<runtime::SendError> error) {
        event_sent(position, *shared, fit, std::move(error));
      });
  if (!taken) return false;
  under_way_.insert(position);
  event_alone_ = fit != Fit::together;
  return true;
}

void Publisher::event_sent(runtime::Position position, const runtime::Outgoing& message, Fit fit,
                           std::optional<runtime::SendError> error) {
  under_way_.erase(position);
  event_alone_ = false;
  if (!error) {
    if (fit == Fit::shortened) {
      tell_too_large(Waiting{message, std::nullopt, fit, misfit_.refusal}, true);
    }
    return acknowledged();
  }
  rewind_ = true;
  if (!error->too_large) {
    tell_failure(error->message);
    rewind_not_before_ = Clock::now() + options_.retry_after;
  } else if (fit == Fit::together) {
    alone_until_ = std::max(alone_until_, position);
  } else if (fit == Fit::alone) {
    misfit_ = {position, Fit::shortened, std::move(error->message)};
  } else {
    misfit_.fit = Fit::none;
  }
}

void Publisher::acknowledged() {
  if (rewind_) return;
  const runtime::Position out =
      under_way_.empty() ? cursor_ : runtime::Position{under_way_.begin()->value - 1};
  if (out <= told_) return;
  told_ = out;
  queue_.push(runtime::PublishedInput{out});
}

// ---- What people hear -----------------------------------------------------------------------

void Publisher::tell_failure(const std::string& what) {
  const auto now = Clock::now();
  if (!options_.on_trouble || now < failure_told_) return;
  failure_told_ = now + kToldEvery;
  options_.on_trouble(what + "; it is sent again until it is taken");
}

void Publisher::tell_too_large(const Waiting& waiting, bool out) {
  const runtime::Outgoing& message = waiting.message;
  const std::string what =
      fmt::format("message `{}`: {}; it {}, raise `max.message.bytes` of the topic",
                  message.id.empty() ? message.key : message.id, waiting.refusal,
                  out ? "went out shortened" : "did not go out");
  if (options_.on_trouble) options_.on_trouble(what);
  queue_.push(runtime::TooLargeInput{what, out ? std::nullopt : waiting.key, message.id});
}

void Publisher::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto now = Clock::now();
    const bool rows = send_waiting(now);
    const bool room = send_events(now) && rows;
    std::unique_lock lock(mutex_);
    const bool idle = waiting_.empty() && failed_.empty() && cursor_ >= durable_ && !rewind_;
    const bool later = !failed_.empty();  // it is not yet time
    const auto more = [&] { return !waiting_.empty() || cursor_ < durable_; };
    if (idle && rows_under_way_ == 0 && under_way_.empty()) {
      woken_.wait(lock, stop, more);
      continue;
    }
    // What is handed over leaves at once; delivery reports, for which nobody waits, a moment later.
    if (idle) woken_.wait_for(lock, stop, kReports, more);
    lock.unlock();
    producer_->poll(room && !later ? 0ms : kReports);
  }
  send_waiting(Clock::time_point::max());
  producer_->flush(kFlush);
}

}  // namespace rollbook::adapters
