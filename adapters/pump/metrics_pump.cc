#include "adapters/pump/metrics_pump.h"

namespace rollbook::adapters {
namespace {

using namespace std::chrono_literals;

constexpr core::Duration kWait = 100ms;
constexpr std::size_t kRecords = 2000;         // handed over by one poll
constexpr std::size_t kBatchBytes = 64 << 10;  // a batch's records: a quarter of a turn
constexpr std::size_t kRecordBytes = 64;       // of a record, beside its value: about a point's

}  // namespace

MetricsPump::MetricsPump(std::unique_ptr<runtime::Consumer> consumer, runtime::InputQueue& queue,
                         OnLetters on_letters, MetricFormats formats)
    : consumer_(std::move(consumer)),
      queue_(queue),
      on_letters_(std::move(on_letters)),
      formats_(std::move(formats)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

MetricsPump::~MetricsPump() = default;

bool MetricsPump::flush() {
  bool open = true;
  if (batch_.next_offset > 0) {
    const std::size_t points = batch_.points.size();
    open = queue_.push(std::move(batch_));
    batch_ = runtime::PointBatch{};
    batch_.points.reserve(points);  // the next one is like it
  }
  if (!letters_.empty()) {
    on_letters_(std::move(letters_));
    letters_.clear();
  }
  return open;
}

void MetricsPump::run(const std::stop_token& stop) {
  bool open = true;
  runtime::ConsumerEvents events;
  events.on_record = [&](const runtime::Record& record) {
    const bool other = batch_.next_offset > 0 &&
                       (batch_.partition != record.partition || batch_.topic != record.topic);
    if (other || batch_.bytes >= kBatchBytes) open = flush() && open;
    const auto format = formats_.find(record.topic);
    decoder_.decode(record, batch_, letters_,
                    format == formats_.end() ? MetricFormat::automatic : format->second);
    batch_.topic = record.topic;
    batch_.partition = record.partition;
    batch_.next_offset = record.offset + 1;
    batch_.bytes += kRecordBytes;  // beside its value, which decode() has counted
  };
  events.on_gap = [&](const runtime::Gap& gap) {
    open = flush() && open;
    queue_.push(runtime::GapInput{core::SourceGap{gap.topic, gap.partition, gap.from, gap.to}});
  };
  events.on_reachable = [&](bool reachable) { queue_.push(runtime::ReachInput{reachable}); };
  while (!stop.stop_requested() && open) {
    const auto polled = consumer_->poll(kWait, kRecords, events);
    if (!polled) {
      queue_.push(runtime::FatalInput{polled.error()});
      return;
    }
    open = flush() && open;
    if (ends_asked_.exchange(false)) {
      if (auto ends = consumer_->ends()) {
        queue_.push(runtime::EndsInput{std::move(*ends)});
      } else {
        ends_asked_ = true;  // asked again at the next turn: the bus is not back yet
      }
    }
  }
}

}  // namespace rollbook::adapters
