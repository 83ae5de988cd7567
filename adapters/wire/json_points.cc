#include "adapters/wire/json_points.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "adapters/wire/bucket_histograms.h"
#include "adapters/wire/json_exemplars.h"
#include "adapters/wire/text.h"
#include "engine/core/limits.h"

namespace rollbook::adapters {

using core::Fixed;
using runtime::PointKind;

namespace {

constexpr std::string_view kKinds[] = {"counter", "counter_delta", "gauge", "histogram",
                                       "histogram_delta"};

}  // namespace

class JsonPoints::Impl {
 public:
  explicit Impl(PointSink& sink) : sink_(sink), histograms_(sink), exemplars_(sink, reader_) {}

  void use(std::string_view buffer) { reader_.use(buffer); }

  JsonShape decode(std::string_view text, MetricFormat format) {
    sink_.problem.at = text.data() + std::min(text.find('{'), text.size());
    sink_.problem.reason = "not an object of a metric";  // in the memory that it has
    Tokens tokens;
    if (!reader_.read(text, tokens, sink_.problem)) return JsonShape::refused;
    if (format == MetricFormat::automatic && tokens.of[kMetric].empty()) {
      if (tokens.otlp) return JsonShape::otlp;
      if (!tokens.of[kName].empty() && !tokens.of[kTimestamp].empty()) {
        format = MetricFormat::prometheus;
      }
    }
    const bool taken =
        format == MetricFormat::prometheus ? build_prometheus(tokens) : build(tokens);
    return taken ? JsonShape::taken : JsonShape::refused;
  }

 private:
  // ---- prometheus-kafka-adapter ------------------------------------------------------------

  bool build_prometheus(const Tokens& tokens) {
    const std::string_view everything(sink_.problem.at, 0);
    for (const Field field : {kName, kTimestamp, kValue}) {
      if (!tokens.of[field].empty()) continue;
      return sink_.refuse(everything, fmt::format("`{}` is missing", kFieldNames[field]));
    }
    runtime::MetricPoint point;
    point.kind = PointKind::untyped;  // remote write does not say what a number is
    point.offset = sink_.record->offset;
    counts_.clear();
    const std::string_view token = tokens.of[kValue];
    const auto text = plain_text(token);
    if (!text) return sink_.refuse(token, "`value` is not a text");
    if (!read_time(tokens.of[kTimestamp], kTimestamp, point.end)) return false;
    // Prometheus' mark that a series has ended, or a 0/0 of a recording rule: nothing was recorded.
    if (*text == "NaN") return end_series(tokens, point.end);
    if (text->empty() || !read_number(*text, "value", point.value)) {
      return text->empty() ? sink_.refuse(token, "`value` is empty") : false;
    }
    if (!read_series(kName, tokens, point)) return false;
    sink_.batch->points.push_back(point);
    return histograms_.take(point, tokens.of[kName]);
  }

  // No series becomes known by its end.
  bool end_series(const Tokens& tokens, core::Time time) {
    spell_series(kName, tokens);
    const auto* known = sink_.table.find_spelling(spelling_);
    return known == nullptr || histograms_.end(*known, time, tokens.of[kName]);
  }

  // ---- Rollbook JSON -------------------------------------------------------------------------

  bool build(const Tokens& tokens) {
    const std::string_view everything(sink_.problem.at, 0);
    if (tokens.of[kMetric].empty()) return sink_.refuse(everything, "`metric` is missing");
    if (tokens.of[kKind].empty()) return sink_.refuse(everything, "`kind` is missing");
    runtime::MetricPoint point;
    point.offset = sink_.record->offset;
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
    point.first_bucket = static_cast<std::uint32_t>(sink_.batch->buckets.size());
    if (!histogram) point.first_bucket = 0;
    sink_.batch->buckets.insert(sink_.batch->buckets.end(), counts_.begin(), counts_.end());
    sink_.batch->points.push_back(point);
    if (!tokens.of[kExemplars].empty()) exemplars_.take(tokens.of[kExemplars]);
    return true;
  }

  bool read_kind(std::string_view token, PointKind& kind) {
    const auto text = plain_text(token);
    if (!text) return sink_.refuse(token, "`kind` is not a text");
    for (std::size_t i = 0; i < std::size(kKinds); ++i) {
      if (kKinds[i] == *text) {
        kind = static_cast<PointKind>(i);
        return true;
      }
    }
    return sink_.refuse(token, fmt::format("`{}` is no kind of metric{}", printable(*text),
                                           did_you_mean(*text, kKinds)));
  }

  bool read_times(const Tokens& tokens, runtime::MetricPoint& point) {
    point.end = sink_.record->time;
    if (!tokens.of[kTime].empty() && !read_time(tokens.of[kTime], kTime, point.end)) return false;
    if (tokens.of[kStart].empty()) return true;
    if (!read_time(tokens.of[kStart], kStart, point.start)) return false;
    if (point.start > point.end)
      return sink_.refuse(tokens.of[kStart], "`start` lies after `time`");
    return true;
  }

  bool read_time(std::string_view token, Field field, core::Time& time) {
    if (token == time_text_) {  // many points of a scrape have one time
      time = time_;
      return true;
    }
    const auto read = time_of(token);
    if (!read) {
      return sink_.refuse(token, fmt::format("`{}` {}", kFieldNames[field], read.error().message));
    }
    time_text_.assign(token);
    time_ = time = *read;
    return true;
  }

  bool read_number(std::string_view token, std::string_view name, Fixed& value) {
    const auto read = number_of(token);
    if (!read) return sink_.refuse(token, fmt::format("`{}` {}", name, read.error().message));
    value = *read;
    return true;
  }

  bool read_value(const Tokens& tokens, std::string_view everything, runtime::MetricPoint& point) {
    const std::string_view token = tokens.of[kValue];
    if (token.empty()) return sink_.refuse(everything, "`value` is missing");
    for (const Field field : {kBounds, kCounts, kSum}) {
      if (tokens.of[field].empty()) continue;
      return sink_.refuse(
          tokens.of[field],
          fmt::format("`{}` belongs to a histogram, this is a {}", kFieldNames[field],
                      kKinds[static_cast<std::size_t>(point.kind)]));
    }
    if (!read_number(token, "value", point.value)) return false;
    if (point.kind != PointKind::gauge && point.value.nanos < 0) {
      return sink_.refuse(token, "`value` of a counter is negative");
    }
    return true;
  }

  bool read_histogram(const Tokens& tokens, std::string_view everything,
                      runtime::MetricPoint& point) {
    if (!tokens.of[kValue].empty()) {
      return sink_.refuse(tokens.of[kValue], "`value` does not belong to a histogram");
    }
    if (tokens.of[kBounds].empty()) return sink_.refuse(everything, "`bounds` is missing");
    if (tokens.of[kCounts].empty()) return sink_.refuse(everything, "`counts` is missing");
    if (!tokens.of[kSum].empty() && !read_number(tokens.of[kSum], "sum", point.value)) return false;
    std::size_t bounds = 0;
    if (const auto* known = sink_.table.find_layout(tokens.of[kBounds])) {
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
    if (token.front() != '[') return sink_.refuse(token, fmt::format("`{}` is not a list", name));
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
        return sink_.refuse(
            element, fmt::format("`bounds` must rise, {} comes after {}", format_fixed(bound),
                                 format_fixed(bounds_.back())));
      }
      if (bounds_.size() + 1 == core::kBucketsMax) {
        return sink_.refuse(element, fmt::format("more than {} buckets", core::kBucketsMax));
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
        return sink_.refuse(element,
                            fmt::format("`counts` is beyond the limit of {}", core::kValueMax));
      }
      if (error != std::errc{} || stopped != end) {
        return sink_.refuse(element, "`counts` holds what is not a whole number");
      }
      if (count < 0) return sink_.refuse(element, "`counts` holds a negative number");
      all += count;
      if (all > core::kValueMax) {
        return sink_.refuse(element,
                            fmt::format("`counts` sum up to more than {}", core::kValueMax));
      }
      if (counts_.size() == core::kBucketsMax) {
        return sink_.refuse(element, fmt::format("more than {} buckets", core::kBucketsMax));
      }
      counts_.push_back(count);
      return true;
    });
    if (!good) return false;
    if (counts_.size() == bounds + 1) return true;
    return sink_.refuse(token, fmt::format("`counts` has {} entries, {} `bounds` need {}",
                                           counts_.size(), bounds, bounds + 1));
  }

  bool read_layout(std::string_view token, runtime::MetricPoint& point) {
    if (const auto* known = sink_.table.find_layout(token)) {
      point.layout = known->number;
      return true;
    }
    const auto layout = sink_.table.intern_layout(token, bounds_, *sink_.batch);
    if (!layout) return sink_.refuse(token, layout.error().message);
    point.layout = layout->number;
    return true;
  }

  bool read_series(const Tokens& tokens, runtime::MetricPoint& point) {
    return read_series(kMetric, tokens, point);
  }

  // The two formats that come here keep their series apart: one of them is put together.
  void spell_series(Field field, const Tokens& tokens) {
    spelling_.assign(field == kName ? "\x04" : "");
    spelling_ += tokens.of[field];
    spelling_ += tokens.of[kLabels];
  }

  // The name stands in the field `metric`, or in `name`.
  bool read_series(Field field, const Tokens& tokens, runtime::MetricPoint& point) {
    const std::string_view labels = tokens.of[kLabels];
    spell_series(field, tokens);
    if (const auto* known = sink_.table.find_spelling(spelling_)) {
      point.series = *known;
      return true;
    }
    std::string name;
    Labels pairs;
    if (!read_name(tokens.of[field], field, name)) return false;
    if (!labels.empty() &&
        !reader_.read_labels(labels, label_limits(sink_.limits), pairs, sink_.problem)) {
      return false;
    }
    // Prometheus repeats the name among the labels.
    if (field == kName) {
      std::erase_if(pairs, [](const auto& pair) { return pair.first == "__name__"; });
    }
    const auto number = sink_.table.intern(spelling_, name, pairs, *sink_.batch);
    if (!number) {
      return sink_.refuse(labels.empty() ? tokens.of[field] : labels, number.error().message);
    }
    point.series = *number;
    if (field == kName) histograms_.learn(*number, name, pairs);
    return true;
  }

  bool read_name(std::string_view token, Field field, std::string& name) {
    if (!reader_.spell(token, name)) return refuse_name(token, field, "is not a text");
    if (name.empty()) return refuse_name(token, field, "is empty");
    if (name.size() <= sink_.limits.name_bytes) return true;
    return refuse_name(token, field,
                       fmt::format("is longer than {} bytes", sink_.limits.name_bytes));
  }

  bool refuse_name(std::string_view token, Field field, std::string_view what) {
    return sink_.refuse(token, fmt::format("`{}` {}", kFieldNames[field], what));
  }

  PointSink& sink_;
  BucketHistograms histograms_;
  TokenReader reader_;
  JsonExemplars exemplars_;
  std::string spelling_;
  std::string time_text_;
  core::Time time_{};
  std::vector<Fixed> bounds_;
  std::vector<std::int64_t> counts_;
};

JsonPoints::JsonPoints(PointSink& sink) : impl_(std::make_unique<Impl>(sink)) {}
JsonPoints::~JsonPoints() = default;

void JsonPoints::use(std::string_view buffer) { impl_->use(buffer); }

JsonShape JsonPoints::decode(std::string_view text, MetricFormat format) {
  return impl_->decode(text, format);
}

}  // namespace rollbook::adapters
