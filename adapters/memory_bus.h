#pragma once
// MemoryBus: runtime::Bus inside one process and one thread. The sandbox runs on it (`now` is its
// virtual clock, so the same run gives the same messages) and tests inject failures through it.
// Nothing waits: poll() hands over what is there and returns, whatever `wait` says.
//
//   MemoryBus bus({.now = [&] { return clock; }});
//   bus.create_topic("metrics", 3);
//   bus.append("metrics", 0, "flat", line);     // as any program outside would
//
// Consumers and producers share the messages with the bus and may outlive it.

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/runtime/bus.h"

namespace rollbook::adapters {

struct MemoryMessage {
  core::Time time{};
  std::string key;
  std::string value;
};

struct MemoryBusOptions {
  std::function<core::Time()> now;  // stamps messages
  // Messages that every present consumer of their topic has read are dropped: 62 virtual hours of
  // metrics need no memory then.
  bool forget_read = false;
};

class MemoryBus : public runtime::Bus {
 public:
  explicit MemoryBus(MemoryBusOptions options);
  ~MemoryBus() override;

  core::Result<std::unique_ptr<runtime::Consumer>> consumer(
      const std::vector<std::string>& topics, const std::vector<core::SourceOffset>& from,
      bool new_from_end) override;
  core::Result<std::unique_ptr<runtime::Producer>> producer() override;
  core::Result<std::vector<core::SourceOffset>> ends(
      const std::vector<std::string>& topics) override;
  core::Result<std::vector<runtime::Place>> places(const std::vector<std::string>& topics,
                                                   core::Time time) override;
  core::Result<std::unique_ptr<runtime::SpanReader>> reader(
      const std::vector<runtime::Span>& spans) override;
  core::Status ensure_topics(const std::vector<std::string>& topics) override;

  // ---- Seen from outside ----------------------------------------------------------------------

  // Makes a topic, or makes it wider.
  void create_topic(const std::string& topic, int partitions);
  void delete_topic(const std::string& topic);
  // Stamped with now(). The topic and partition must be there.
  void append(const std::string& topic, std::int32_t partition, std::string key, std::string value);
  // While false nothing is read, and what is sent waits.
  void set_reachable(bool reachable);
  // Removes all records below `offset.next`, as retention does.
  void remove_before(const core::SourceOffset& offset);
  // What a partition still holds.
  const std::deque<MemoryMessage>& messages(const std::string& topic,
                                            std::int32_t partition = 0) const;

  struct Broker;

 private:
  std::shared_ptr<Broker> broker_;  // with its consumers and producers, which may outlive it
};

}  // namespace rollbook::adapters
