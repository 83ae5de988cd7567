#include "adapters/wire/metric_decoder.h"

#include <fmt/format.h>
#include <google/protobuf/arena.h>

#include <algorithm>
#include <array>
#include <string>

#include "adapters/wire/influx_lines.h"
#include "adapters/wire/json_points.h"
#include "adapters/wire/json_syntax.h"
#include "adapters/wire/otlp_damage.h"
#include "adapters/wire/otlp_json.h"
#include "adapters/wire/otlp_points.h"
#include "adapters/wire/text.h"
#include "engine/core/limits.h"

namespace rollbook::adapters {
namespace {

// A message of broken lines tells its reader nothing new after this many.
constexpr std::size_t kLettersPerMessage = 16;

constexpr std::array<std::string_view, 6> kFormats{"auto",       "otlp",   "otlp-json",
                                                   "prometheus", "influx", "rollbook"};

// A schema registry puts a zero byte and a schema's number before a message; before protobuf also
// the path to the message in its file, which for the first is one more zero.
constexpr std::size_t kFrameBytes = 5;
std::string_view without_frame(std::string_view message) {
  if (message.size() < kFrameBytes || message.front() != '\0') return message;
  message.remove_prefix(kFrameBytes);
  if (message.starts_with('\0')) message.remove_prefix(1);
  return message;
}

// A measurement, a blank, and the name of a field; a comment says nothing.
bool looks_like_influx(std::string_view message) {
  if (message.front() == '{' || message.front() == '[') return false;
  const std::string_view line = message.substr(0, message.find('\n'));
  const std::size_t blank = line.find(' ');
  return blank != std::string_view::npos && line.find('=', blank) != std::string_view::npos;
}

constexpr std::string_view kFirstJsonKey = "{\"resourceMetrics\"";

}  // namespace

std::span<const std::string_view> metric_formats() { return kFormats; }

std::optional<MetricFormat> metric_format(std::string_view name) {
  const auto* const found = std::find(kFormats.begin(), kFormats.end(), name);
  if (found == kFormats.end()) return std::nullopt;
  return static_cast<MetricFormat>(found - kFormats.begin());
}

class MetricDecoder::Impl {
 public:
  explicit Impl(const DecoderLimits& limits)
      : sink_{limits, SeriesTable(limits), nullptr, nullptr, {}, {}},
        json_points_(sink_),
        influx_(sink_),
        otlp_(sink_) {}

  void decode(const runtime::Record& record, runtime::PointBatch& batch,
              std::vector<DeadLetter>& letters, MetricFormat format) {
    if (batch.topic.empty()) {
      batch.topic = record.topic;
      batch.partition = record.partition;
    }
    ROLLBOOK_CHECK(batch.topic == record.topic && batch.partition == record.partition);
    batch.next_offset = record.offset + 1;
    batch.bytes += record.value.size();
    sink_.record = &record;
    sink_.batch = &batch;
    const std::string_view message = without_frame(record.value);
    if (record.value.size() > core::kMessageBytes) {
      return refuse(letters, fmt::format("a message of {} bytes, the limit is {}",
                                         record.value.size(), core::kMessageBytes));
    }
    const bool sniff = format == MetricFormat::automatic;
    if (format == MetricFormat::otlp || (sniff && message.starts_with('\x0A'))) {
      return decode_otlp(message, letters);
    }
    if (trim(message).empty()) return refuse(letters, "an empty message");
    format_ = format;
    if (sniff && looks_like_influx(trim(message))) format_ = MetricFormat::influx;
    buffer_.resize(message.size() + TokenReader::kPadding);
    message.copy(buffer_.data(), message.size());
    json_points_.use(buffer_);
    message_ = std::string_view(buffer_.data(), message.size());
    decode_lines(letters);
  }

 private:
  // The whole message.
  void refuse(std::vector<DeadLetter>& letters, std::string reason) {
    letters.push_back(make_dead_letter(*sink_.record, sink_.record->value, std::move(reason)));
  }

  void decode_otlp(std::string_view message, std::vector<DeadLetter>& letters) {
    google::protobuf::Arena arena(arena_options());
    auto* data = google::protobuf::Arena::CreateMessage<otlp::MetricsData>(&arena);
    if (!data->ParseFromArray(message.data(), static_cast<int>(message.size()))) {
      return refuse(letters, "no OTLP message: " + find_otlp_damage(message));
    }
    if (std::string reason = otlp_.take(*data); !reason.empty()) refuse(letters, std::move(reason));
  }

  // The first block of every arena is this one: most messages need no other.
  google::protobuf::ArenaOptions arena_options() {
    if (arena_block_.empty()) arena_block_.resize(256 << 10);
    google::protobuf::ArenaOptions options;
    options.initial_block = arena_block_.data();
    options.initial_block_size = arena_block_.size();
    options.max_block_size = 256 << 10;
    return options;
  }

  void decode_lines(std::vector<DeadLetter>& letters) {
    std::vector<DeadLetter> broken;
    std::size_t good = 0;
    std::size_t bad = 0;
    for (std::size_t begin = 0; begin < message_.size();) {
      const std::size_t end = std::min(message_.find('\n', begin), message_.size());
      const std::string_view line = message_.substr(begin, end - begin);
      begin = end + 1;
      if (trim(line).empty()) continue;
      if (decode_line(line)) {
        ++good;
        if (sink_.flaw.at != nullptr && ++bad <= kLettersPerMessage) {
          broken.push_back(letter_of(line, sink_.flaw));
        }
        continue;
      }
      // One object may also be spread over the lines of a message.
      if (good + bad == 0 && begin < message_.size() && is_one_object()) {
        if (!decode_line(message_)) {
          letters.push_back(letter_of_refused(message_));
        } else if (sink_.flaw.at != nullptr) {
          letters.push_back(letter_of(message_, sink_.flaw));
        }
        return;
      }
      if (++bad <= kLettersPerMessage) broken.push_back(letter_of_refused(line));
    }
    if (bad == 0) return;
    if (good == 0) {  // no metrics at all: one letter with the whole of it
      letters.push_back(make_dead_letter(*sink_.record, message_, broken.front().reason));
      return;
    }
    if (bad > kLettersPerMessage) {
      broken.back().reason +=
          fmt::format(" (and {} more lines of this message)", bad - kLettersPerMessage);
    }
    std::move(broken.begin(), broken.end(), std::back_inserter(letters));
  }

  bool is_json() const { return format_ != MetricFormat::influx; }
  bool is_one_object() const { return is_json() && !find_syntax_error(message_); }

  // A letter for what decode_line() has just refused.
  DeadLetter letter_of_refused(std::string_view part) {
    const auto syntax = is_json() ? find_syntax_error(part) : std::nullopt;
    if (!syntax) return letter_of(part, sink_.problem);
    return letter_of(part, {part.data() + syntax->offset, syntax->reason});
  }
  DeadLetter letter_of(std::string_view part, const Problem& problem) {
    const char* const at = problem.at == nullptr ? part.data() : problem.at;
    const auto offset = static_cast<std::size_t>(at - message_.data());
    return make_dead_letter(*sink_.record, part, place(message_, offset) + ": " + problem.reason);
  }

  // False, with the sink's problem set (unless it is no JSON), when anything of it is no point.
  bool decode_line(std::string_view text) {
    sink_.flaw.at = nullptr;
    switch (format_) {
      case MetricFormat::influx:
        return influx_.decode(text);
      case MetricFormat::otlp_json:
        return decode_otlp_json(text);
      case MetricFormat::automatic:
        if (trim(text).starts_with(kFirstJsonKey)) return decode_otlp_json(text);
        break;
      case MetricFormat::otlp:
      case MetricFormat::prometheus:
      case MetricFormat::rollbook:
        break;
    }
    const JsonShape shape = json_points_.decode(text, format_);
    return shape == JsonShape::otlp ? decode_otlp_json(text) : shape == JsonShape::taken;
  }

  bool decode_otlp_json(std::string_view text) {
    google::protobuf::Arena arena(arena_options());
    auto* data = google::protobuf::Arena::CreateMessage<otlp::MetricsData>(&arena);
    const std::string_view from = text.substr(std::min(text.find('{'), text.size()), 0);
    std::string reason;
    if (!otlp_json_.read(text, *data, reason)) {
      return sink_.refuse(from, reason.empty() ? "not an object of resourceMetrics" : reason);
    }
    reason = otlp_.take(*data);
    return reason.empty() || sink_.refuse(from, std::move(reason));
  }

  PointSink sink_;
  JsonPoints json_points_;
  InfluxLines influx_;
  OtlpPoints otlp_;
  OtlpJson otlp_json_;
  std::vector<char> arena_block_;
  std::string buffer_;
  // Of the decode() under way.
  std::string_view message_;
  MetricFormat format_ = MetricFormat::automatic;
};

MetricDecoder::MetricDecoder(DecoderLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
MetricDecoder::~MetricDecoder() = default;
MetricDecoder::MetricDecoder(MetricDecoder&&) noexcept = default;
MetricDecoder& MetricDecoder::operator=(MetricDecoder&&) noexcept = default;

void MetricDecoder::decode(const runtime::Record& record, runtime::PointBatch& batch,
                           std::vector<DeadLetter>& letters, MetricFormat format) {
  impl_->decode(record, batch, letters, format);
}

}  // namespace rollbook::adapters
