#pragma once
// Feeds: which rollouts a series feeds. A series is matched once, against the few metrics that an
// index by name and one equality matcher leaves, so ten thousand rollouts that select the same
// name by `{service="…"}` cost a new series no more than one does. The loop's thread.

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/core/event.h"
#include "engine/runtime/selector.h"

namespace rollbook::runtime {

struct Feed {
  static constexpr std::uint32_t kUnknown = 0xffffffff;
  core::StreamId stream;
  Match match;
  // Of a breakdown the set, else the sender: shares.h and senders.h fill it in with the first
  // point.
  std::uint32_t number = kUnknown;
};

class Feeds {
 public:
  // From now on the rollout is fed, also by series known before.
  void add(core::StreamId stream, const core::Machine& machine,
           std::shared_ptr<const Selector> selector);
  void remove(core::StreamId stream);
  void learn(const SeriesName& name);

  const SeriesName& name(SeriesNumber number) const { return names_[number.value]; }
  // The series that feed a rollout.
  std::vector<SeriesNumber> fed(core::StreamId stream) const {
    const auto found = fed_.find(stream.value);
    return found == fed_.end() ? std::vector<SeriesNumber>{} : found->second;
  }
  const std::vector<Feed>& of(SeriesNumber number) const { return by_series_[number.value]; }
  std::vector<Feed>& of(SeriesNumber number) { return by_series_[number.value]; }

 private:
  using Key = std::string;
  static std::vector<Key> keys_of(const core::Machine& machine);
  static std::vector<Key> keys_of(const SeriesName& name);
  void match(SeriesNumber number, const SeriesName& name, core::StreamId stream);

  std::vector<std::vector<Feed>> by_series_;
  std::vector<SeriesName> names_;
  std::unordered_map<Key, std::vector<core::StreamId>> streams_;  // by what a metric asks for
  std::unordered_map<Key, std::vector<SeriesNumber>> series_;     // by what a series offers
  std::unordered_map<std::uint64_t, std::shared_ptr<const Selector>> selectors_;  // by stream
  std::unordered_map<std::uint64_t, std::vector<SeriesNumber>> fed_;              // by stream
  std::unordered_map<std::uint64_t, std::vector<Key>> asked_;                     // by stream
};

}  // namespace rollbook::runtime
