#include "adapters/wire/metric_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "adapters/wire/json_syntax.h"
#include "adapters/wire/metric_tokens.h"
#include "adapters/wire/series_table.h"
#include "adapters/wire/text.h"
#include "engine/core/limits.h"

namespace rollbook::adapters {
namespace {

using core::Fixed;
using runtime::PointKind;

// A message of broken lines tells its reader nothing new after this many.
constexpr std::size_t kLettersPerMessage = 16;

constexpr std::string_view kKinds[] = {"counter", "counter_delta", "gauge", "histogram",
                                       "histogram_delta"};

// The inside of a text that has no escapes; nothing for any other token.
std::optional<std::string_view> plain_text(std::string_view token) {
  if (token.size() < 2 || token.front() != '"' || token.back() != '"') return std::nullopt;
  token = token.substr(1, token.size() - 2);
  if (token.find('\\') != std::string_view::npos) return std::nullopt;
  return token;
}

}  // namespace

class MetricDecoder::Impl {
 public:
  explicit Impl(const DecoderLimits& limits) : limits_(limits), table_(limits) {}

  void decode(const runtime::Record& record, runtime::PointBatch& batch,
              std::vector<DeadLetter>& letters, MetricFormat format) {
    if (batch.topic.empty()) {
      batch.topic = record.topic;
      batch.partition = record.partition;
    }
    ROLLBOOK_CHECK(batch.topic == record.topic && batch.partition == record.partition);
    batch.next_offset = record.offset + 1;
    batch.bytes += record.value.size();
    record_ = &record;
    batch_ = &batch;
    if (auto reason = refuse_whole(record.value, format); !reason.empty()) {
      letters.push_back(make_dead_letter(record, record.value, std::move(reason)));
      return;
    }
    buffer_.resize(record.value.size() + TokenReader::kPadding);
    record.value.copy(buffer_.data(), record.value.size());
    reader_.use(buffer_);
    message_ = std::string_view(buffer_.data(), record.value.size());
    decode_lines(letters);
  }

 private:
  // What a message is refused for without a look at its lines; "" when it is worth one.
  static std::string refuse_whole(std::string_view message, MetricFormat format) {
    if (message.size() > core::kMessageBytes) {
      return fmt::format("a message of {} bytes, the limit is {}", message.size(),
                         core::kMessageBytes);
    }
    if (format == MetricFormat::automatic && !message.empty()) {
      if (message[0] == '\x0A') return "otlp is not supported yet";
      if (message[0] == '\0') return "schema registry frames are not supported yet";
    }
    if (trim(message).empty()) return "an empty message";
    return {};
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
      if (decode_object(line)) {
        ++good;
        continue;
      }
      // One object may also be spread over the lines of a message.
      if (good + bad == 0 && begin < message_.size() && is_one_object()) {
        if (!decode_object(message_)) letters.push_back(letter_of(message_));
        return;
      }
      if (++bad <= kLettersPerMessage) broken.push_back(letter_of(line));
    }
    if (bad == 0) return;
    if (good == 0) {  // no metrics at all: one letter with the whole of it
      letters.push_back(make_dead_letter(*record_, message_, broken.front().reason));
      return;
    }
    if (bad > kLettersPerMessage) {
      broken.back().reason +=
          fmt::format(" (and {} more lines of this message)", bad - kLettersPerMessage);
    }
    std::move(broken.begin(), broken.end(), std::back_inserter(letters));
  }

  bool is_one_object() const { return !find_syntax_error(message_); }

  // A letter for what decode_object() has just refused.
  DeadLetter letter_of(std::string_view part) {
    const auto base = static_cast<std::size_t>(part.data() - message_.data());
    std::string reason;
    if (const auto syntax = find_syntax_error(part)) {
      reason = place(message_, base + syntax->offset) + ": " + syntax->reason;
    } else {
      const std::size_t at =
          problem_.at == nullptr ? base : static_cast<std::size_t>(problem_.at - message_.data());
      reason = place(message_, at) + ": " + problem_.reason;
    }
    return make_dead_letter(*record_, part, std::move(reason));
  }

  // False, with problem_ set (unless it is no JSON), when `text` is no point.
  bool decode_object(std::string_view text) {
    problem_ = {text.data() + std::min(text.find('{'), text.size()), "not an object of a metric"};
    Tokens tokens;
    return reader_.read(text, tokens, problem_) && build(tokens);
  }

  bool refuse(std::string_view at, std::string reason) {
    problem_ = {at.data(), std::move(reason)};
    return false;
  }

  // ---- From tokens to a point --------------------------------------------------------------

  bool build(const Tokens& tokens) {
    const std::string_view everything(problem_.at, 0);
    if (tokens.of[kMetric].empty()) {
      return refuse(everything,
                    tokens.other_format ? "otlp-json is not supported yet" : "`metric` is missing");
    }
    if (tokens.of[kKind].empty()) return refuse(everything, "`kind` is missing");
    runtime::MetricPoint point;
    point.offset = record_->offset;
    counts_.clear();
    if (!read_kind(tokens.of[kKind], point.kind) || !read_times(tokens, point)) return false;
    const bool histogram =
        point.kind == PointKind::histogram || point.kind == PointKind::histogram_delta;
    if (!(histogram ? read_histogram(tokens, everything, point)
                    : read_value(tokens, everything, point))) {
      return false;
    }
    // What may grow a table comes last: a refused line leaves nothing behind.
    if (!read_series(tokens, point)) return false;
    if (histogram && !read_layout(tokens.of[kBounds], point)) return false;
    point.first_bucket = static_cast<std::uint32_t>(batch_->buckets.size());
    if (!histogram) point.first_bucket = 0;
    batch_->buckets.insert(batch_->buckets.end(), counts_.begin(), counts_.end());
    batch_->points.push_back(point);
    return true;
  }

  bool read_kind(std::string_view token, PointKind& kind) {
    const auto text = plain_text(token);
    if (!text) return refuse(token, "`kind` is not a text");
    for (std::size_t i = 0; i < std::size(kKinds); ++i) {
      if (kKinds[i] == *text) {
        kind = static_cast<PointKind>(i);
        return true;
      }
    }
    return refuse(token, fmt::format("`{}` is no kind of metric{}", printable(*text),
                                     did_you_mean(*text, kKinds)));
  }

  bool read_times(const Tokens& tokens, runtime::MetricPoint& point) {
    point.end = record_->time;
    if (!tokens.of[kTime].empty() && !read_time(tokens.of[kTime], kTime, point.end)) return false;
    if (tokens.of[kStart].empty()) return true;
    if (!read_time(tokens.of[kStart], kStart, point.start)) return false;
    if (point.start > point.end) return refuse(tokens.of[kStart], "`start` lies after `time`");
    return true;
  }

  bool read_time(std::string_view token, Field field, core::Time& time) {
    if (token == time_text_) {  // many points of a scrape have one time
      time = time_;
      return true;
    }
    const auto text = plain_text(token);
    const auto read = text ? parse_time(*text) : parse_time_or_nanos(token);
    if (!read) {
      return refuse(token, fmt::format("`{}` is neither RFC 3339 nor integer nanoseconds",
                                       kFieldNames[field]));
    }
    if (*read < core::Time{}) {
      return refuse(token, fmt::format("`{}` lies before 1970", kFieldNames[field]));
    }
    time_text_.assign(token);
    time_ = time = *read;
    return true;
  }

  bool read_number(std::string_view token, std::string_view name, Fixed& value) {
    const auto read = parse_fixed(token);
    if (!read) {
      return refuse(token,
                    token.front() == '-' || (token.front() >= '0' && token.front() <= '9')
                        ? fmt::format("`{}` is beyond the limit of {}", name, core::kValueMax)
                        : fmt::format("`{}` is not a number", name));
    }
    value = *read;
    return true;
  }

  bool read_value(const Tokens& tokens, std::string_view everything, runtime::MetricPoint& point) {
    const std::string_view token = tokens.of[kValue];
    if (token.empty()) return refuse(everything, "`value` is missing");
    for (const Field field : {kBounds, kCounts, kSum}) {
      if (tokens.of[field].empty()) continue;
      return refuse(tokens.of[field],
                    fmt::format("`{}` belongs to a histogram, this is a {}", kFieldNames[field],
                                kKinds[static_cast<std::size_t>(point.kind)]));
    }
    if (!read_number(token, "value", point.value)) return false;
    if (point.kind != PointKind::gauge && point.value.nanos < 0) {
      return refuse(token, "`value` of a counter is negative");
    }
    return true;
  }

  bool read_histogram(const Tokens& tokens, std::string_view everything,
                      runtime::MetricPoint& point) {
    if (!tokens.of[kValue].empty()) {
      return refuse(tokens.of[kValue], "`value` does not belong to a histogram");
    }
    if (tokens.of[kBounds].empty()) return refuse(everything, "`bounds` is missing");
    if (tokens.of[kCounts].empty()) return refuse(everything, "`counts` is missing");
    if (!tokens.of[kSum].empty() && !read_number(tokens.of[kSum], "sum", point.value)) return false;
    std::size_t bounds = 0;
    if (const auto* known = table_.find_layout(tokens.of[kBounds])) {
      bounds = known->bounds;
    } else if (!read_bounds(tokens.of[kBounds])) {
      return false;
    } else {
      bounds = bounds_.size();
    }
    return read_counts(tokens.of[kCounts], bounds);
  }

  // Calls `take` with each element of an array of scalars; stops when it returns false.
  template <class Take>
  bool each_element(std::string_view token, std::string_view name, Take take) {
    if (token.front() != '[') return refuse(token, fmt::format("`{}` is not a list", name));
    std::string_view inside = token.substr(1, token.size() - 2);
    if (trim(inside).empty()) return true;
    while (true) {
      const std::size_t comma = inside.find(',');
      const std::string_view element = trim(inside.substr(0, comma));
      if (element.empty() || !take(element)) return false;
      if (comma == std::string_view::npos) return true;
      inside.remove_prefix(comma + 1);
    }
  }

  bool read_bounds(std::string_view token) {
    bounds_.clear();
    return each_element(token, "bounds", [&](std::string_view element) {
      Fixed bound;
      if (!read_number(element, "bounds", bound)) return false;
      if (!bounds_.empty() && bound <= bounds_.back()) {
        return refuse(element, fmt::format("`bounds` must rise, {} comes after {}",
                                           format_fixed(bound), format_fixed(bounds_.back())));
      }
      if (bounds_.size() + 1 == core::kBucketsMax) {
        return refuse(element, fmt::format("more than {} buckets", core::kBucketsMax));
      }
      bounds_.push_back(bound);
      return true;
    });
  }

  bool read_counts(std::string_view token, std::size_t bounds) {
    std::int64_t all = 0;
    const bool good = each_element(token, "counts", [&](std::string_view element) {
      std::int64_t count = 0;
      const char* end = element.data() + element.size();
      const auto [stopped, error] = std::from_chars(element.data(), end, count);
      if (error == std::errc::result_out_of_range || count > core::kValueMax) {
        return refuse(element, fmt::format("`counts` is beyond the limit of {}", core::kValueMax));
      }
      if (error != std::errc{} || stopped != end) {
        return refuse(element, "`counts` holds what is not a whole number");
      }
      if (count < 0) return refuse(element, "`counts` holds a negative number");
      all += count;
      if (all > core::kValueMax) {
        return refuse(element, fmt::format("`counts` sum up to more than {}", core::kValueMax));
      }
      if (counts_.size() == core::kBucketsMax) {
        return refuse(element, fmt::format("more than {} buckets", core::kBucketsMax));
      }
      counts_.push_back(count);
      return true;
    });
    if (!good) return false;
    if (counts_.size() == bounds + 1) return true;
    return refuse(token, fmt::format("`counts` has {} entries, {} `bounds` need {}", counts_.size(),
                                     bounds, bounds + 1));
  }

  bool read_layout(std::string_view token, runtime::MetricPoint& point) {
    if (const auto* known = table_.find_layout(token)) {
      point.layout = known->number;
      return true;
    }
    const auto layout = table_.intern_layout(token, bounds_, *batch_);
    if (!layout) return refuse(token, layout.error().message);
    point.layout = layout->number;
    return true;
  }

  bool read_series(const Tokens& tokens, runtime::MetricPoint& point) {
    const std::string_view labels = tokens.of[kLabels];
    spelling_.assign(tokens.of[kMetric]);
    spelling_ += labels;
    if (const auto* known = table_.find_spelling(spelling_)) {
      point.series = *known;
      return true;
    }
    std::string name;
    Labels pairs;
    if (!read_name(tokens.of[kMetric], name)) return false;
    const TokenReader::LabelLimits limits{limits_.labels, limits_.name_bytes, core::kTextBytes};
    if (!labels.empty() && !reader_.read_labels(labels, limits, pairs, problem_)) return false;
    const auto number = table_.intern(spelling_, std::move(name), std::move(pairs), *batch_);
    if (!number) {
      return refuse(labels.empty() ? tokens.of[kMetric] : labels, number.error().message);
    }
    point.series = *number;
    return true;
  }

  bool read_name(std::string_view token, std::string& name) {
    if (!reader_.spell(token, name)) return refuse(token, "`metric` is not a text");
    if (name.empty()) return refuse(token, "`metric` is empty");
    if (name.size() <= limits_.name_bytes) return true;
    return refuse(token, fmt::format("`metric` is longer than {} bytes", limits_.name_bytes));
  }

  DecoderLimits limits_;
  SeriesTable table_;
  TokenReader reader_;
  std::string buffer_;
  std::string spelling_;
  std::string time_text_;
  core::Time time_{};
  std::vector<Fixed> bounds_;
  std::vector<std::int64_t> counts_;
  Problem problem_;
  // Of the decode() under way.
  const runtime::Record* record_ = nullptr;
  runtime::PointBatch* batch_ = nullptr;
  std::string_view message_;
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
