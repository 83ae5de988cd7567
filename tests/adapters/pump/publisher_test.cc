// What leaves: in order, at least once, again when it failed, and never what was cancelled.

#include "adapters/pump/publisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>

#include "store/memory_event_log.h"

namespace rollbook::adapters {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

// What the tests see of a producer, and what they do to it.
struct Wire {
  std::mutex mutex;  // guards all below
  std::vector<std::string> sent, acknowledged;
  std::map<std::string, std::string> bodies;
  std::set<std::string> failing;  // ids whose deliveries fail
  // A message of more bytes is refused, with all that went in one request with it.
  std::size_t most_bytes = std::string::npos;
  bool full = false;    // nothing is taken
  bool silent = false;  // no delivery is reported
  std::size_t attempts = 0;
  std::size_t failures = 0;  // reported
  bool hold = false;         // send() waits
  std::size_t held = 0;
  std::condition_variable released;
};

class FakeProducer : public runtime::Producer {
 public:
  explicit FakeProducer(Wire& wire) : wire_(wire) {}
  bool send(const runtime::Outgoing& message, runtime::OnSent delivered) override {
    std::unique_lock lock(wire_.mutex);
    wire_.held += wire_.hold;
    wire_.released.wait(lock, [&] { return !wire_.hold; });
    ++wire_.attempts;
    if (wire_.full) return false;
    wire_.sent.push_back(message.id);
    wire_.bodies[message.id] = message.payload;
    open_.push_back({message.id, message.topic, message.payload.size(), std::move(delivered)});
    return true;
  }
  void poll(core::Duration) override {
    decltype(open_) reports;
    std::vector<std::optional<runtime::SendError>> errors;
    {
      const std::lock_guard lock(wire_.mutex);
      if (wire_.silent) return;
      reports.swap(open_);
      std::set<std::string> refused;  // topics: what is open for one is one request
      for (const Open& one : reports) {
        if (one.bytes > wire_.most_bytes) refused.insert(one.topic);
      }
      for (const Open& one : reports) {
        errors.push_back(error_of(one, refused));
        if (!errors.back()) wire_.acknowledged.push_back(one.id);
        wire_.failures += errors.back().has_value();
      }
    }
    for (std::size_t i = 0; i < reports.size(); ++i) reports[i].delivered(std::move(errors[i]));
  }
  std::size_t flush(core::Duration wait) override {
    poll(wait);
    return open_.size();
  }

 private:
  struct Open {
    std::string id, topic;
    std::size_t bytes = 0;
    runtime::OnSent delivered;
  };
  std::optional<runtime::SendError> error_of(const Open& one,
                                             const std::set<std::string>& refused) const {
    if (refused.contains(one.topic)) return runtime::SendError{{"too large"}, true};
    if (wire_.failing.contains(one.id)) return runtime::SendError{{"timed out"}};
    return std::nullopt;
  }

  Wire& wire_;
  std::vector<Open> open_;
};

runtime::OutboxRow row(std::uint64_t sequence) {
  runtime::OutboxRow made;
  made.stream = core::StreamId{1};
  made.sequence = core::Sequence{sequence};
  made.id = "effect-" + std::to_string(sequence);
  made.topic = "effects";
  made.payload = "body of " + made.id;
  return made;
}
runtime::OutboxKey key(std::uint64_t sequence) {
  return {core::StreamId{1}, core::Sequence{sequence}};
}

class PublisherTest : public testing::Test {
 protected:
  void SetUp() override {
    runtime::Turn turn;
    for (std::uint64_t i = 1; i <= 10; ++i) {
      turn.events.push_back(core::Event{core::StreamId{1},
                                        core::Sequence{i},
                                        core::Time{std::chrono::seconds(i)},
                                        {},
                                        core::Resumed{}});
    }
    ASSERT_TRUE(log_.append(turn, nullptr).has_value());
    Publisher::Options options;
    options.render = [this](const runtime::StoredEvent& stored) {
      const std::string id = std::to_string(stored.event.sequence.value);
      const auto body = bodies_.find(id);
      return std::optional(runtime::Outgoing{"events", "r", id, "",
                                             body == bodies_.end() ? "event " + id : body->second});
    };
    options.retry_after = 1ms;
    options.on_trouble = [this](const std::string& what) {
      const std::lock_guard lock(wire_.mutex);
      troubles_.push_back(what);
    };
    publisher_ =
        std::make_unique<Publisher>(std::make_unique<FakeProducer>(wire_), log_, queue_, options);
  }
  void TearDown() override {
    change([](Wire& wire) {
      wire.hold = false;
      wire.released.notify_all();
    });
  }
  template <class Change>
  void change(const Change& what) {
    const std::lock_guard lock(wire_.mutex);
    what(wire_);
  }
  // Until the condition on the wire holds, taking what comes back to the loop.
  template <class Condition>
  void wait_for(const Condition& condition) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < until) {
      {
        const std::lock_guard lock(wire_.mutex);
        if (condition(wire_)) return;
      }
      take(queue_.drain(1ms, 1));
    }
    FAIL() << "it does not come to that";
  }
  void take(const runtime::InputQueue::Drained& drained) {
    for (const runtime::UrgentInput& input : drained.urgent) {
      if (const auto* out = std::get_if<runtime::PublishedInput>(&input)) {
        published_.push_back(out->position.value);
      } else if (const auto* row_out = std::get_if<runtime::DeliveredInput>(&input)) {
        delivered_.push_back(row_out->key.sequence.value);
      } else if (const auto* large = std::get_if<runtime::TooLargeInput>(&input)) {
        too_large_.push_back(*large);
      }
    }
  }
  void wait_until_published(std::uint64_t position) {
    wait_for([&](const Wire&) { return !published_.empty() && published_.back() >= position; });
  }

  // While the producer takes nothing: whatever the publisher had in its hand is back.
  void wait_until_tried_again() {
    change([](Wire& wire) { wire.attempts = 0; });
    wait_for([](const Wire& wire) { return wire.attempts > 2; });
  }

  store::MemoryEventLog log_;
  runtime::InputQueue queue_{1 << 20};
  Wire wire_;
  std::vector<std::uint64_t> published_, delivered_;
  std::vector<runtime::TooLargeInput> too_large_;
  std::vector<std::string> troubles_;          // guarded by the wire's mutex
  std::map<std::string, std::string> bodies_;  // of events, by id; set before any is sent
  std::unique_ptr<Publisher> publisher_;
};

TEST_F(PublisherTest, SendsTheEventsThatAreDurableInOrder) {
  publisher_->durable(runtime::Position{4});
  wait_until_published(4);
  EXPECT_THAT(wire_.acknowledged, ElementsAre("1", "2", "3", "4"));
  publisher_->durable(runtime::Position{10});
  wait_until_published(10);
  EXPECT_EQ(wire_.acknowledged.size(), 10U);
  EXPECT_TRUE(std::is_sorted(published_.begin(), published_.end()));
}

TEST_F(PublisherTest, AfterOneThatFailedAllGoOutAgainFromThereOn) {
  change([](Wire& wire) { wire.failing = {"4"}; });
  publisher_->durable(runtime::Position{10});
  // Tried again and again; what came behind it counts as not sent.
  wait_for(
      [](const Wire& wire) { return std::count(wire.sent.begin(), wire.sent.end(), "4") >= 3; });
  take(queue_.drain(1ms, 1));
  for (const std::uint64_t position : published_) EXPECT_LT(position, 4U);
  change([](Wire& wire) {
    wire.failing.clear();
    wire.acknowledged.clear();
  });
  wait_until_published(10);
  // From the fourth on once more, in order; a reader that drops what it has seen misses nothing.
  const auto fourth = std::find(wire_.acknowledged.begin(), wire_.acknowledged.end(), "4");
  EXPECT_EQ(std::vector<std::string>(fourth, wire_.acknowledged.end()),
            (std::vector<std::string>{"4", "5", "6", "7", "8", "9", "10"}));
}

TEST_F(PublisherTest, ARowThatFailedGoesOutAgainAsItWas) {
  change([](Wire& wire) { wire.failing = {"effect-2"}; });
  publisher_->send({row(1), row(2), row(3)});
  wait_for([](const Wire& wire) {
    return std::count(wire.sent.begin(), wire.sent.end(), "effect-2") >= 2;
  });
  change([](Wire& wire) { wire.failing.clear(); });
  wait_for([](const Wire& wire) { return wire.acknowledged.size() == 3; });
  wait_for([&](const Wire&) { return delivered_.size() == 3; });
  EXPECT_EQ(wire_.bodies["effect-2"], "body of effect-2");
  std::sort(delivered_.begin(), delivered_.end());
  EXPECT_THAT(delivered_, ElementsAre(1, 2, 3));
}

TEST_F(PublisherTest, WhatHasTheKeyOfARowThatFailedWaitsForItAndNothingElseDoes) {
  change([](Wire& wire) { wire.failing = {"effect-1"}; });
  publisher_->send({row(1)});
  wait_for([](const Wire& wire) { return wire.failures > 0; });
  runtime::OutboxRow other = row(3);
  other.key = "another rollout";
  publisher_->send({row(2), other});
  wait_for([](const Wire& wire) { return wire.acknowledged.size() == 1; });
  EXPECT_THAT(wire_.acknowledged, ElementsAre("effect-3"));
  change([](Wire& wire) { wire.failing.clear(); });
  wait_for([](const Wire& wire) { return wire.acknowledged.size() == 3; });
  EXPECT_THAT(wire_.acknowledged, ElementsAre("effect-3", "effect-1", "effect-2"));
}

TEST_F(PublisherTest, ACancelledRowThatWaitsIsNeverSent) {
  change([](Wire& wire) { wire.full = true; });
  publisher_->send({row(1), row(2), row(3)});
  wait_for([](const Wire& wire) { return wire.attempts > 0; });
  publisher_->cancel({key(1), key(2)});  // the first was held out already, and not taken
  wait_until_tried_again();
  change([](Wire& wire) { wire.full = false; });
  wait_for([](const Wire& wire) { return !wire.acknowledged.empty(); });
  wait_for([&](const Wire&) { return !delivered_.empty(); });
  EXPECT_THAT(wire_.sent, ElementsAre("effect-3"));
}

TEST_F(PublisherTest, ACancelledRowThatFailedIsNotSentAgain) {
  // Two shifts cannot be delivered; a rollback cancels the second before it is tried again.
  change([](Wire& wire) { wire.silent = true; });
  publisher_->send({row(1), row(2)});
  wait_for([](const Wire& wire) { return wire.sent.size() == 2; });
  change([](Wire& wire) {
    wire.silent = false;
    wire.failing = {"effect-1", "effect-2"};
    wire.hold = true;
  });
  wait_for([](const Wire& wire) { return wire.held == 1; });  // the first, for the second time
  publisher_->cancel({key(2)});
  change([](Wire& wire) {
    wire.failing.clear();
    wire.hold = false;
    wire.released.notify_all();
  });
  wait_for([&](const Wire&) { return delivered_.size() == 1; });
  publisher_->send({row(3)});
  wait_for([&](const Wire&) { return delivered_.size() == 2; });
  EXPECT_THAT(wire_.sent, ElementsAre("effect-1", "effect-2", "effect-1", "effect-3"));
  EXPECT_THAT(delivered_, ElementsAre(1, 3));
}

TEST_F(PublisherTest, ACancelledRowThatFailsAfterwardsIsNotSentAgain) {
  change([](Wire& wire) { wire.silent = true; });
  publisher_->send({row(1)});
  wait_for([](const Wire& wire) { return wire.sent.size() == 1; });
  publisher_->cancel({key(1)});  // the producer has it
  change([](Wire& wire) {
    wire.silent = false;
    wire.failing = {"effect-1"};
  });
  wait_for([](const Wire& wire) { return wire.failures == 1; });
  publisher_->send({row(2)});
  wait_for([&](const Wire&) { return !delivered_.empty(); });
  EXPECT_THAT(wire_.sent, ElementsAre("effect-1", "effect-2"));
  EXPECT_THAT(delivered_, ElementsAre(2));
}

// A CloudEvent whose text is so long.
std::string event_of(std::size_t bytes, const std::string& more = "") {
  return R"({"id":"x","data":{"text":")" + std::string(bytes, 'a') + "\"" + more + "}}";
}

TEST_F(PublisherTest, AnEventThatIsTooLargeGoesOutShortenedAndHoldsUpNoOther) {
  bodies_["4"] = event_of(5000);
  change([](Wire& wire) { wire.most_bytes = 2000; });
  publisher_->durable(runtime::Position{10});
  wait_until_published(10);
  const std::lock_guard lock(wire_.mutex);
  // Those that were refused with it in one request go out, too, each as it was.
  EXPECT_THAT(wire_.acknowledged, ElementsAre("1", "2", "3", "4", "5", "6", "7", "8", "9", "10"));
  EXPECT_EQ(wire_.bodies["4"], R"({"id":"x","data":{"text":")" + std::string(1000, 'a') +
                                   R"x(… (5000 bytes)","shortened":5029}})x");
  EXPECT_EQ(wire_.bodies["5"], "event 5");
  EXPECT_THAT(troubles_, ElementsAre("message `4`: too large; it went out shortened, raise "
                                     "`max.message.bytes` of the topic"));
  ASSERT_EQ(too_large_.size(), 1U);
  EXPECT_EQ(too_large_[0].what, troubles_[0]);
  EXPECT_FALSE(too_large_[0].row);
}

TEST_F(PublisherTest, AnEventThatIsTooLargeHoweverShortIsPassedOverAndNamed) {
  // The arguments of an action are never cut.
  bodies_["4"] = event_of(10, R"(,"arguments":{"a":")" + std::string(5000, 'b') + "\"}");
  bodies_["9"] = event_of(5000);
  change([](Wire& wire) { wire.most_bytes = 900; });
  publisher_->durable(runtime::Position{10});
  wait_until_published(10);
  const std::lock_guard lock(wire_.mutex);
  EXPECT_THAT(wire_.acknowledged, ElementsAre("1", "2", "3", "5", "6", "7", "8", "10"));
  EXPECT_THAT(troubles_, ElementsAre("message `4`: too large; it did not go out, raise "
                                     "`max.message.bytes` of the topic",
                                     "message `9`: too large; it did not go out, raise "
                                     "`max.message.bytes` of the topic"));
}

TEST_F(PublisherTest, ARowThatIsTooLargeGoesOutShortenedAndCountsAsDelivered) {
  runtime::OutboxRow large = row(2);
  large.payload = event_of(5000);
  change([](Wire& wire) { wire.most_bytes = 2000; });
  publisher_->send({row(1), large, row(3)});
  wait_for([&](const Wire&) { return delivered_.size() == 3 && too_large_.size() == 1; });
  const std::lock_guard lock(wire_.mutex);
  EXPECT_LT(wire_.bodies["effect-2"].size(), 2000U);
  EXPECT_EQ(wire_.bodies["effect-3"], "body of effect-3");
  EXPECT_FALSE(too_large_[0].row);
}

TEST_F(PublisherTest, ARowThatNoTopicTakesComesBackAsOneThatDidNotGoOut) {
  runtime::OutboxRow large = row(2);
  large.payload = std::string(5000, 'x');
  change([](Wire& wire) { wire.most_bytes = 2000; });
  publisher_->send({row(1), large, row(3)});
  wait_for([&](const Wire&) { return delivered_.size() == 2 && too_large_.size() == 1; });
  EXPECT_THAT(delivered_, ElementsAre(1, 3));
  EXPECT_EQ(too_large_[0].row, key(2));
  EXPECT_EQ(too_large_[0].effect, "effect-2");
}

TEST_F(PublisherTest, SaysThatSomethingCannotBeSent) {
  change([](Wire& wire) { wire.failing = {"4"}; });
  publisher_->durable(runtime::Position{10});
  wait_for([&](const Wire&) { return !troubles_.empty(); });
  EXPECT_EQ(troubles_[0], "timed out; it is sent again until it is taken");
}

}  // namespace
}  // namespace rollbook::adapters
