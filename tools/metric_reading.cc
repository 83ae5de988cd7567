#include "tools/metric_reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "adapters/wire/text.h"

namespace rollbook::tools {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Records before the end of a partition that are listened to too, so that what was just sent is
// seen.
constexpr std::int64_t kBack = 10'000;
// Reading what lies behind ends when nothing has come for so long: a partition without a leader.
constexpr core::Duration kSilence = 30s;
constexpr core::Duration kWait = 100ms;
constexpr std::size_t kRecords = 2000;  // between two looks at the clock

}  // namespace

core::Time wall_now() {
  return core::Time(std::chrono::duration_cast<core::Duration>(
      std::chrono::system_clock::now().time_since_epoch()));
}

MetricReading::MetricReading(const adapters::Config& config, OnBatch on_batch)
    : MetricReading(config, [take = std::move(on_batch)](const runtime::PointBatch& batch,
                                                         const Arrival&) { take(batch); }) {}

MetricReading::MetricReading(const adapters::Config& config, OnArrival on_arrival)
    : in_file_(config.file_bus()), on_arrival_(std::move(on_arrival)) {
  for (const adapters::MetricTopic& topic : config.metrics) {
    topics_.push_back(topic.topic);
    formats_[topic.topic] = *adapters::metric_format(topic.format);
  }
}

void MetricReading::take(const runtime::Record& record) {
  runtime::PointBatch batch;
  const auto format = formats_.find(record.topic);
  decoder_.decode(record, batch, letters_,
                  format == formats_.end() ? adapters::MetricFormat::automatic : format->second);
  ++records_;
  if (!letters_.empty() && first_unreadable_.empty()) {
    first_unreadable_ = fmt::format("{}/{}/{}: {}", record.topic, record.partition, record.offset,
                                    letters_.front().reason);
  }
  unreadable_ += static_cast<std::int64_t>(letters_.size());
  letters_.clear();
  on_arrival_(batch, arrival_of(record));
}

// A producer may stamp its records with its own clock, which is as wrong as that of its points.
Arrival MetricReading::arrival_of(const runtime::Record& record) const {
  const bool live = std::any_of(ends_.begin(), ends_.end(), [&](const core::SourceOffset& end) {
    return end.topic == record.topic && end.partition == record.partition &&
           record.offset >= end.next;
  });
  const std::string_view text = record.value;
  const std::size_t begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  const bool braces = begin < text.size() && (text[begin] == '{' || text[begin] == '\0');
  return {live ? wall_now() : record.time, in_file_ && !live, !braces};
}

Outcome<void> MetricReading::listen(runtime::Bus& bus, core::Duration duration) {
  auto from = bus.ends(topics_);
  if (!from) return give_up(from.error().message, Exit::unreachable);
  ends_ = *from;
  for (core::SourceOffset& offset : *from) {
    offset.next = std::max<std::int64_t>(0, offset.next - kBack);
  }
  auto consumer = bus.consumer(topics_, *from, true);
  if (!consumer) return give_up(consumer.error().message, Exit::unreachable);
  runtime::ConsumerEvents events;
  events.on_record = [this](const runtime::Record& record) { take(record); };
  events.on_gap = [](const runtime::Gap&) {};  // older records are gone: nothing is missed here
  events.on_reachable = [](bool) {};
  const auto until = Clock::now() + duration;
  while (!interrupted() && Clock::now() < until) {
    const auto left = until - Clock::now();
    const auto polled = (*consumer)->poll(std::min<core::Duration>(left, kWait), 1000, events);
    if (!polled) return give_up(polled.error().message, Exit::unreachable);
  }
  return {};
}

Outcome<void> MetricReading::read_back(runtime::Bus& bus, const std::string& topic,
                                       core::Time since, Progress& progress) {
  const auto places = bus.places({topic}, since);
  if (!places) return give_up(places.error().message, Exit::unreachable);
  std::vector<runtime::Span> spans;
  std::int64_t total = 0;
  for (const runtime::Place& place : *places) {
    spans.push_back({place.topic, place.partition, place.at, place.end});
    total += place.end - place.at;
  }
  const auto reader = bus.reader(spans);
  if (!reader) return give_up(reader.error().message, Exit::unreachable);
  std::int64_t done = 0;
  auto came = Clock::now();
  const auto advance = [&](std::int32_t partition, std::int64_t next) {
    for (runtime::Span& span : spans) {
      if (span.partition == partition) done += next - std::exchange(span.from, next);
    }
    came = Clock::now();
  };
  runtime::ConsumerEvents events;
  events.on_record = [&](const runtime::Record& record) {
    take(record);
    advance(record.partition, record.offset + 1);
  };
  // Removed by retention while it was read: what is left is looked at.
  events.on_gap = [&](const runtime::Gap& gap) { advance(gap.partition, gap.to); };
  while (!(*reader)->done() && !interrupted()) {
    const auto polled = (*reader)->poll(kWait, kRecords, events);
    if (!polled) return give_up(polled.error().message, Exit::unreachable);
    progress.show(static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(total));
    if (Clock::now() - came < kSilence) continue;
    return give_up(
        fmt::format("topic `{}`: nothing more has come for {}, {} of {} records are read; are its "
                    "brokers there?",
                    topic, adapters::format_duration(kSilence), done, total),
        Exit::unreachable);
  }
  return {};
}

}  // namespace rollbook::tools
