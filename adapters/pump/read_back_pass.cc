#include "adapters/pump/read_back_pass.h"

#include <algorithm>

namespace rollbook::adapters {
namespace {

constexpr std::size_t kBatchBytes = 64 << 10;

std::int64_t until_of(const core::ReadBack& back, const runtime::Place& place) {
  for (const core::SourceOffset& offset : back.until) {
    if (offset.partition == place.partition && offset.topic == place.topic) return offset.next;
  }
  return 0;  // the live stream reads that partition from its beginning
}

}  // namespace

core::Result<std::unique_ptr<ReadBackPass>> ReadBackPass::open(
    runtime::Bus& bus, MetricSources sources, std::vector<runtime::PastRequest> requests) {
  std::unique_ptr<ReadBackPass> pass(new ReadBackPass(std::move(sources)));
  TRY_DO(pass->begin(bus, std::move(requests)));
  return pass;
}

core::Status ReadBackPass::begin(runtime::Bus& bus, std::vector<runtime::PastRequest> requests) {
  core::Time from = core::kDistantFuture;
  for (const runtime::PastRequest& request : requests) {
    from = std::min(from, core::reads_from(request.back.from, request.limits));
  }
  TRY(const std::vector<runtime::Place> places, bus.places(sources_.topics, from));
  std::vector<runtime::Span> spans;
  for (const runtime::Place& place : places) {
    Part& part = parts_.emplace_back();
    // Nothing older is there any more: what was removed may have been of the time that is asked
    // for. Of a partition that never lost a record all is known.
    part.cut = place.begin == place.at && place.begin > 0;
    part.span = {place.topic, place.partition, place.at, place.at};
    for (const runtime::PastRequest& request : requests) {
      part.span.to = std::max(part.span.to, until_of(request.back, place));
    }
    so_far_.total += part.span.to - part.span.from;
    spans.push_back(part.span);
  }
  for (runtime::PastRequest& request : requests) {
    Waiting& waiting = pasts_.emplace_back();
    for (const runtime::Place& place : places) {
      waiting.until.push_back(until_of(request.back, place));
    }
    for (const core::Metric& metric : request.plan->machine.metrics) {
      auto& asking = asked_[metric.selector];
      if (asking.empty() || asking.back() != pasts_.size() - 1) asking.push_back(pasts_.size() - 1);
    }
    waiting.past = std::make_unique<runtime::Past>(std::move(request));
  }
  TRY(reader_, bus.reader(spans));
  return {};
}

std::size_t ReadBackPass::part_of(std::string_view topic, std::int32_t partition) {
  const auto found = std::find_if(parts_.begin(), parts_.end(), [&](const Part& part) {
    return part.span.partition == partition && part.span.topic == topic;
  });
  ROLLBOOK_CHECK(found != parts_.end());
  return static_cast<std::size_t>(found - parts_.begin());
}

core::Result<std::size_t> ReadBackPass::step(core::Duration wait, std::size_t most) {
  bytes_ = 0;
  runtime::ConsumerEvents events;
  events.on_record = [this](const runtime::Record& record) { read(record); };
  events.on_gap = [this](const runtime::Gap& gap) {
    flush();
    parts_[part_of(gap.topic, gap.partition)].cut = true;
    so_far_.done += gap.to - gap.from;
  };
  TRY_DO(reader_->poll(wait, most, events));
  flush();
  return bytes_;
}

void ReadBackPass::read(const runtime::Record& record) {
  const bool fresh = batch_.next_offset == 0;
  const bool other = fresh || batch_.partition != record.partition || batch_.topic != record.topic;
  if (!fresh && (other || batch_.bytes >= kBatchBytes)) flush();
  if (other) part_ = part_of(record.topic, record.partition);
  Part& part = parts_[part_];
  if (part.cut) {
    part.cut = false;
    for (Waiting& waiting : pasts_) {
      if (waiting.past) waiting.past->lost_before(record.time);
    }
  }
  batch_.topic = record.topic;
  batch_.partition = record.partition;
  const auto format = sources_.formats.find(record.topic);
  decoder_.decode(record, batch_, letters_,
                  format == sources_.formats.end() ? MetricFormat::automatic : format->second);
  letters_.clear();  // the live stream has told of them, when they came
  batch_.next_offset = record.offset + 1;
  const std::size_t size = record.value.size() + 64;
  batch_.bytes += size;
  bytes_ += size;
  so_far_.done += record.offset + 1 - part.span.from;
  part.span.from = record.offset + 1;
}

void ReadBackPass::flush() {
  if (batch_.next_offset == 0) return;
  for (const runtime::SeriesName& name : batch_.new_series) learn(name);
  if (!batch_.new_layouts.empty()) {
    for (Waiting& waiting : pasts_) {
      if (waiting.past) waiting.past->learn(batch_.new_layouts);
    }
  }
  so_far_.points += static_cast<std::int64_t>(batch_.points.size());
  for (const runtime::MetricPoint& point : batch_.points) count(point);
  batch_ = runtime::PointBatch{};
}

void ReadBackPass::learn(const runtime::SeriesName& name) {
  if (fed_.size() <= name.number.value) fed_.resize(name.number.value + 1);
  const auto asking = asked_.find(name.name);
  if (asking == asked_.end()) return;
  for (const std::size_t i : asking->second) {
    if (!pasts_[i].past) continue;
    auto matches = pasts_[i].past->request().selector->match(name);
    if (matches.empty()) continue;
    pasts_[i].past->learn(name);
    fed_[name.number.value].push_back({i, std::move(matches)});
  }
}

void ReadBackPass::count(const runtime::MetricPoint& point) {
  for (const Fed& fed : fed_[point.series.value]) {
    Waiting& waiting = pasts_[fed.waiting];
    if (!waiting.past || point.offset >= waiting.until[part_]) continue;
    waiting.past->take(batch_, point, fed.matches);
  }
}

void ReadBackPass::drop(core::StreamId stream) {
  for (Waiting& waiting : pasts_) {
    if (waiting.past && waiting.past->request().stream == stream) waiting.past.reset();
  }
}

std::vector<core::StreamId> ReadBackPass::streams() const {
  std::vector<core::StreamId> streams;
  for (const Waiting& waiting : pasts_) {
    if (waiting.past) streams.push_back(waiting.past->request().stream);
  }
  return streams;
}

std::vector<std::unique_ptr<runtime::Past>> ReadBackPass::take() {
  std::vector<std::unique_ptr<runtime::Past>> found;
  for (Waiting& waiting : pasts_) {
    if (!waiting.past) continue;
    // Nothing was met behind the cut: nobody knows when what was removed came.
    for (const Part& part : parts_) {
      if (part.cut) waiting.past->lost_before(waiting.past->request().started);
    }
    found.push_back(std::move(waiting.past));
  }
  pasts_.clear();
  return found;
}

}  // namespace rollbook::adapters
