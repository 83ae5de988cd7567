#include "engine/runtime/refusals.h"

#include <algorithm>

#include "engine/runtime/bytes.h"

namespace rollbook::runtime {
namespace {

using namespace std::chrono_literals;

constexpr core::Duration kRewrite = 10s;  // of numbers that only grow

// `latency{instance="a",version="new"}`
std::string text_of(const SeriesName& sender) {
  return sender.labels.empty() ? sender.name : sender.name + "{" + labels_text(sender) + "}";
}

}  // namespace

std::string refusals_name(core::StreamId stream) {
  return "refused/" + std::to_string(stream.value);
}

std::string encode(const std::vector<RefusedSeries>& refused) {
  Bytes bytes;
  bytes.number(refused.size());
  for (const RefusedSeries& one : refused) {
    bytes.number(one.series.value);
    bytes.time(one.since);
    bytes.time(one.last);
    bytes.number(one.points);
    bytes.text(one.sender);
    bytes.text(one.why);
  }
  return std::move(bytes.data);
}

std::vector<RefusedSeries> decode_refusals(std::string_view data) {
  BytesReader bytes(data);
  std::vector<RefusedSeries> refused;
  for (std::uint64_t count = bytes.number(); count > 0 && !bytes.failed; --count) {
    RefusedSeries& one = refused.emplace_back();
    one.series.value = static_cast<std::uint32_t>(bytes.number());
    one.since = bytes.time();
    one.last = bytes.time();
    one.points = bytes.number();
    one.sender = bytes.text();
    one.why = bytes.text();
  }
  if (bytes.failed) refused.clear();
  return refused;
}

const RefusedSeries* Refusals::note(const FoldInput& input, const SeriesName& sender) {
  changed_ = true;
  auto known = std::find_if(refused_.begin(), refused_.end(), [&](const RefusedSeries& one) {
    return one.series == input.match.series;
  });
  const bool begins = known == refused_.end() || !goes_on(*known, input.now, input.state.limits);
  if (known == refused_.end()) known = refused_.emplace(known);
  if (begins) {
    *known = {input.match.series, input.now, input.now, 0, text_of(sender), refusal_of(input)};
    write_at_ = core::kDistantPast;
  }
  known->last = input.now;
  ++known->points;
  return begins ? &*known : nullptr;
}

std::optional<Value> Refusals::due(core::StreamId stream, core::Time now) {
  if (!changed_ || now < write_at_) return std::nullopt;
  changed_ = false;
  write_at_ = now + kRewrite;
  return Value{refusals_name(stream), encode(refused_)};
}

}  // namespace rollbook::runtime
