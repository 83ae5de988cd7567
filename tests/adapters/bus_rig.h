#pragma once
// What the suite of bus_suite.h needs of a bus beside the port itself: a topic to be made, messages
// of a given time, failures. One Rig for each implementation.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "engine/runtime/bus.h"

namespace rollbook::tests {

using core::Time;
using namespace std::chrono_literals;

// Times of a run of the tests: of today, for brokers remove what is older than their retention.
inline Time at(std::chrono::milliseconds since) {
  static const auto begin = std::chrono::floor<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch() - std::chrono::hours(1));
  return Time(begin) + since;
}

struct Abilities {
  int partitions = 1;         // of one topic, at most
  bool any_bytes = true;      // not only UTF-8
  bool waits = true;          // poll() waits for what is not there yet
  bool names_missing = true;  // a topic is there only after create_topic()
  bool can_be_cut = false;    // cut(), restore()
  bool can_remove = false;    // remove_before()
  bool can_widen = false;     // widen()
  bool can_drop = false;      // drop_topic()
  bool knows_times = true;    // places()
};

class Rig {
 public:
  virtual ~Rig() = default;
  // What this machine lacks to run it; hidden by rigs that may lack something.
  static std::string missing() { return ""; }
  virtual Abilities abilities() const = 0;
  virtual runtime::Bus& bus() = 0;
  // A name for this test alone.
  virtual std::string topic(const std::string& name) { return name; }
  virtual void create_topic(const std::string& topic, int partitions) = 0;
  // As another program would; readable after the next visible() at the latest.
  virtual void put(const std::string& topic, std::int32_t partition, Time time,
                   const std::string& key, const std::string& value) = 0;

  virtual void visible() {}

  virtual void cut() { FAIL() << "this bus cannot be cut"; }
  virtual void restore() { FAIL() << "this bus cannot be cut"; }
  virtual void remove_before(const core::SourceOffset&) { FAIL() << "nothing can be removed"; }
  virtual void widen(const std::string&, int) { FAIL() << "topics cannot be widened"; }
  virtual void drop_topic(const std::string&) { FAIL() << "topics cannot be dropped"; }
};

// A record that outlives its callback.
struct Kept {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  Time time{};
  std::string key;
  std::string value;
};

// All that a consumer told, in order of arrival.
struct Heard {
  std::vector<Kept> records;
  std::vector<runtime::Gap> gaps;
  std::vector<bool> reachable;

  runtime::ConsumerEvents events() {
    return {[this](const runtime::Record& record) {
              records.push_back({std::string(record.topic), record.partition, record.offset,
                                 record.time, std::string(record.key), std::string(record.value)});
            },
            [this](const runtime::Gap& gap) { gaps.push_back(gap); },
            [this](bool now) { reachable.push_back(now); }};
  }
  std::vector<std::string> values() const {
    std::vector<std::string> values;
    for (const Kept& record : records) values.push_back(record.value);
    return values;
  }
};

inline constexpr auto kPatience = 20s;

// Polls until `enough`, or fails the test.
inline void poll_until(runtime::Consumer& consumer, Heard& heard,
                       const std::function<bool()>& enough) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!enough()) {
    ASSERT_LT(std::chrono::steady_clock::now(), until)
        << "heard " << heard.records.size() << " records, " << heard.gaps.size() << " gaps, "
        << heard.reachable.size() << " changes";
    const auto count = consumer.poll(100ms, 10'000, heard.events());
    ASSERT_TRUE(count.has_value()) << count.error().message;
  }
}
inline void poll_records(runtime::Consumer& consumer, Heard& heard, std::size_t count) {
  poll_until(consumer, heard, [&] { return heard.records.size() >= count; });
}

template <class T>
T take(core::Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().message;
    std::abort();  // there is nothing to go on with
  }
  return std::move(*result);
}

}  // namespace rollbook::tests
