#include "engine/runtime/feeds.h"

#include <algorithm>

namespace rollbook::runtime {
namespace {

std::string key(const std::string& name, const std::string& label, const std::string& value) {
  return name + '\0' + label + '\0' + value;
}

}  // namespace

// One key a metric: its name, with its first `label="value"` where it has one.
std::vector<Feeds::Key> Feeds::keys_of(const core::Machine& machine) {
  std::vector<Key> keys;
  for (const core::Metric& metric : machine.metrics) {
    Key wanted = metric.selector;
    for (const core::LabelMatcher& matcher : metric.matchers) {
      if (matcher.kind == core::MatchKind::equal && !matcher.value.empty()) {
        wanted = key(metric.selector, matcher.label, matcher.value);
        break;
      }
    }
    if (std::find(keys.begin(), keys.end(), wanted) == keys.end()) keys.push_back(wanted);
  }
  return keys;
}

// Every key that some metric might ask for: the name, and the name with each of its labels.
std::vector<Feeds::Key> Feeds::keys_of(const SeriesName& name) {
  std::vector<Key> keys{name.name};
  for (const auto& [label, value] : name.labels) keys.push_back(key(name.name, label, value));
  return keys;
}

void Feeds::match(SeriesNumber number, const SeriesName& name, core::StreamId stream) {
  const std::vector<Match> matches = selectors_.at(stream.value)->match(name);
  if (matches.empty()) return;
  auto& feeds = by_series_[number.value];
  // A rollout may be found by several keys of a series; it is fed once.
  if (std::any_of(feeds.begin(), feeds.end(),
                  [&](const Feed& feed) { return feed.stream == stream; })) {
    return;
  }
  for (const Match& match : matches) feeds.push_back(Feed{stream, match});
  fed_[stream.value].push_back(number);
}

void Feeds::add(core::StreamId stream, const core::Machine& machine,
                std::shared_ptr<const Selector> selector) {
  selectors_[stream.value] = std::move(selector);
  const auto& asked = asked_[stream.value] = keys_of(machine);
  for (const Key& wanted : asked) {
    streams_[wanted].push_back(stream);
    const auto known = series_.find(wanted);
    if (known == series_.end()) continue;
    for (const SeriesNumber number : known->second) match(number, names_[number.value], stream);
  }
}

void Feeds::remove(core::StreamId stream) {
  for (const SeriesNumber number : fed_[stream.value]) {
    std::erase_if(by_series_[number.value],
                  [&](const Feed& feed) { return feed.stream == stream; });
  }
  fed_.erase(stream.value);
  selectors_.erase(stream.value);
  for (const Key& wanted : asked_[stream.value]) std::erase(streams_[wanted], stream);
  asked_.erase(stream.value);
}

void Feeds::learn(const SeriesName& name) {
  const std::size_t number = name.number.value;
  if (by_series_.size() <= number) {
    by_series_.resize(number + 1);
    names_.resize(number + 1);
  }
  names_[number] = name;
  for (const Key& offered : keys_of(name)) {
    series_[offered].push_back(name.number);
    const auto known = streams_.find(offered);
    if (known == streams_.end()) continue;
    for (const core::StreamId stream : known->second) match(name.number, name, stream);
  }
}

}  // namespace rollbook::runtime
