#include "adapters/wire/otlp_json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>
#include <limits>

#include "adapters/wire/point_exemplars.h"

namespace rollbook::adapters {
namespace {

namespace dom = simdjson::dom;

constexpr int kNestingMost = 32;  // of an attribute's lists and maps

template <class Int>
bool whole_of(dom::element element, Int& out) {
  if (std::string_view text; element.get(text) == simdjson::SUCCESS) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty();
  }
  if constexpr (std::is_signed_v<Int>) {
    std::int64_t wide = 0;
    if (element.get(wide) != simdjson::SUCCESS || wide > std::numeric_limits<Int>::max() ||
        wide < std::numeric_limits<Int>::min()) {
      return false;
    }
    out = static_cast<Int>(wide);
  } else {
    std::uint64_t wide = 0;
    if (element.get(wide) != simdjson::SUCCESS || wide > std::numeric_limits<Int>::max()) {
      return false;
    }
    out = static_cast<Int>(wide);
  }
  return true;
}

bool double_of(dom::element element, double& out) {
  std::string_view text;
  if (element.get(text) != simdjson::SUCCESS) return element.get(out) == simdjson::SUCCESS;
  if (text == "NaN") {
    out = std::numeric_limits<double>::quiet_NaN();
  } else if (text == "Infinity" || text == "-Infinity") {
    out = (text[0] == '-' ? -1 : 1) * std::numeric_limits<double>::infinity();
  } else {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty();
  }
  return true;
}

bool temporality_of(dom::element element, otlp::AggregationTemporality& out) {
  std::int32_t number = 0;
  std::string_view name;
  if (element.get(name) == simdjson::SUCCESS) {
    constexpr std::string_view kNames[] = {"AGGREGATION_TEMPORALITY_UNSPECIFIED",
                                           "AGGREGATION_TEMPORALITY_DELTA",
                                           "AGGREGATION_TEMPORALITY_CUMULATIVE"};
    const auto* known = std::find(std::begin(kNames), std::end(kNames), name);
    if (known == std::end(kNames)) return false;
    number = static_cast<std::int32_t>(known - std::begin(kNames));
  } else if (!whole_of(element, number)) {
    return false;
  }
  out = static_cast<otlp::AggregationTemporality>(number);  // an unknown one is refused later
  return true;
}

// The first thing that is wrong, with the path to it, put together on the way out.
struct Wrong {
  std::string path;
  std::string what;
};

class Filler {
 public:
  Wrong wrong;

  bool fill(dom::object object, otlp::MetricsData& out) {
    return each(object, "resourceMetrics", [&](dom::object entry) {
      otlp::ResourceMetrics& resource = *out.add_resource_metrics();
      return inside(entry, "resource",
                    [&](dom::object of) {
                      return attributes(of, *resource.mutable_resource()->mutable_attributes());
                    }) &&
             each(entry, "scopeMetrics",
                  [&](dom::object of) { return fill(of, *resource.add_scope_metrics()); });
    });
  }

 private:
  bool refuse(std::string_view key, std::string_view what) {
    wrong = {std::string(key), std::string(what)};
    return false;
  }
  bool within(const std::string& step) {
    wrong.path = step + (wrong.path.empty() ? "" : ".") + wrong.path;
    return false;
  }

  // A field that is there and not null.
  static bool find(dom::object object, std::string_view key, dom::element& out) {
    return object[key].get(out) == simdjson::SUCCESS && !out.is_null();
  }
  template <class Take>
  bool inside(dom::object object, std::string_view key, Take take) {
    dom::element element;
    if (!find(object, key, element)) return true;
    dom::object inner;
    if (element.get(inner) != simdjson::SUCCESS) return refuse(key, "is not an object");
    return take(inner) || within(std::string(key));
  }
  template <class Take>
  bool each_element(dom::object object, std::string_view key, Take take) {
    dom::element element;
    if (!find(object, key, element)) return true;
    dom::array list;
    if (element.get(list) != simdjson::SUCCESS) return refuse(key, "is not a list");
    std::size_t index = 0;
    for (const dom::element entry : list) {
      if (!take(entry)) return within(fmt::format("{}[{}]", key, index));
      ++index;
    }
    return true;
  }
  template <class Take>
  bool each(dom::object object, std::string_view key, Take take) {
    return each_element(object, key, [&](dom::element entry) {
      dom::object inner;
      return entry.get(inner) == simdjson::SUCCESS ? take(inner) : refuse("", "is not an object");
    });
  }
  // What is not there keeps its default, as in protobuf.
  template <class Int, class Set>
  bool whole(dom::object object, std::string_view key, Set set) {
    dom::element element;
    Int number = 0;
    if (!find(object, key, element)) return true;
    if (!whole_of(element, number)) return refuse(key, "is not a whole number that fits");
    set(number);
    return true;
  }
  template <class Set>
  bool real(dom::object object, std::string_view key, Set set) {
    dom::element element;
    double number = 0;
    if (!find(object, key, element)) return true;
    if (!double_of(element, number)) return refuse(key, "is not a number");
    set(number);
    return true;
  }
  template <class Set>
  bool text(dom::object object, std::string_view key, Set set) {
    dom::element element;
    std::string_view read;
    if (!find(object, key, element)) return true;
    if (element.get(read) != simdjson::SUCCESS) return refuse(key, "is not a text");
    set(read);
    return true;
  }
  template <class Set>
  bool flag(dom::object object, std::string_view key, Set set) {
    dom::element element;
    bool read = false;
    if (!find(object, key, element)) return true;
    if (element.get(read) != simdjson::SUCCESS) return refuse(key, "is not true or false");
    set(read);
    return true;
  }

  // ---- Attributes ---------------------------------------------------------------------------

  template <class Attributes>
  bool attributes(dom::object object, Attributes& out) {
    return attributes(object, "attributes", out);
  }
  template <class Attributes>
  bool attributes(dom::object object, std::string_view key, Attributes& out) {
    return each(object, key, [&](dom::object entry) {
      otlp::KeyValue attribute;
      return fill(entry, attribute, 0) && attribute.SerializeToString(out.Add());
    });
  }
  bool fill(dom::object object, otlp::KeyValue& out, int depth) {
    return text(object, "key", [&](auto key) { out.set_key(std::string(key)); }) &&
           inside(object, "value",
                  [&](dom::object of) { return fill(of, *out.mutable_value(), depth); });
  }
  bool fill(dom::object object, otlp::AnyValue& out, int depth) {
    if (depth > kNestingMost) return refuse("", "nests too deep");
    return text(object, "stringValue",
                [&](auto read) { out.set_string_value(std::string(read)); }) &&
           flag(object, "boolValue", [&](bool read) { out.set_bool_value(read); }) &&
           whole<std::int64_t>(object, "intValue", [&](auto read) { out.set_int_value(read); }) &&
           real(object, "doubleValue", [&](double read) { out.set_double_value(read); }) &&
           // Base64, and only compared: it stays as it is written.
           text(object, "bytesValue",
                [&](auto read) { out.set_string_value(std::string(read)); }) &&
           inside(object, "arrayValue",
                  [&](dom::object of) {
                    otlp::ArrayValue& list = *out.mutable_array_value();
                    return each(of, "values", [&](dom::object entry) {
                      return fill(entry, *list.add_values(), depth + 1);
                    });
                  }) &&
           inside(object, "kvlistValue", [&](dom::object of) {
             otlp::KeyValueList& map = *out.mutable_kvlist_value();
             return each(of, "values", [&](dom::object entry) {
               return fill(entry, *map.add_values(), depth + 1);
             });
           });
  }

  // ---- Metrics ------------------------------------------------------------------------------

  bool fill(dom::object object, otlp::ScopeMetrics& out) {
    return inside(object, "scope",
                  [&](dom::object of) {
                    return attributes(of, *out.mutable_scope()->mutable_attributes());
                  }) &&
           each(object, "metrics", [&](dom::object of) { return fill(of, *out.add_metrics()); });
  }
  bool fill(dom::object object, otlp::Metric& out) {
    dom::element unit;
    std::string_view read;
    // It is for people: one that is no text makes no message unreadable.
    if (find(object, "unit", unit) && unit.get(read) == simdjson::SUCCESS) {
      out.set_unit(std::string(read));
    }
    return text(object, "name", [&](auto name) { out.set_name(std::string(name)); }) &&
           inside(object, "gauge",
                  [&](dom::object of) {
                    return points<otlp::NumberDataPoint>(of, *out.mutable_gauge());
                  }) &&
           inside(object, "sum",
                  [&](dom::object of) {
                    otlp::Sum& sum = *out.mutable_sum();
                    return temporality(of, sum) && points<otlp::NumberDataPoint>(of, sum) &&
                           flag(of, "isMonotonic", [&](bool is) { sum.set_is_monotonic(is); });
                  }) &&
           inside(object, "histogram",
                  [&](dom::object of) {
                    return temporality(of, *out.mutable_histogram()) &&
                           points<otlp::HistogramDataPoint>(of, *out.mutable_histogram());
                  }) &&
           inside(object, "exponentialHistogram",
                  [&](dom::object of) {
                    return temporality(of, *out.mutable_exponential_histogram()) &&
                           points<otlp::ExponentialHistogramDataPoint>(
                               of, *out.mutable_exponential_histogram());
                  }) &&
           inside(object, "summary", [&](dom::object) {
             out.mutable_summary();
             return true;
           });
  }
  template <class Data>
  bool temporality(dom::object object, Data& out) {
    dom::element element;
    otlp::AggregationTemporality read = otlp::AGGREGATION_TEMPORALITY_UNSPECIFIED;
    if (!find(object, "aggregationTemporality", element)) return true;
    if (!temporality_of(element, read)) {
      return refuse("aggregationTemporality", "is no temporality");
    }
    out.set_aggregation_temporality(read);
    return true;
  }
  template <class Point, class Data>
  bool points(dom::object object, Data& out) {
    return each(object, "dataPoints", [&](dom::object of) {
      Point point;
      return attributes(of, *point.mutable_attributes()) &&
             whole<std::uint64_t>(of, "startTimeUnixNano",
                                  [&](auto time) { point.set_start_time_unix_nano(time); }) &&
             whole<std::uint64_t>(of, "timeUnixNano",
                                  [&](auto time) { point.set_time_unix_nano(time); }) &&
             whole<std::uint32_t>(of, "flags", [&](auto flags) { point.set_flags(flags); }) &&
             exemplars(of, point) && fill(of, point) &&
             point.SerializeToString(out.add_data_points());
    });
  }
  // What has no trace that can be read says nothing, and is left out further on.
  template <class Point>
  bool exemplars(dom::object object, Point& out) {
    return each(object, "exemplars", [&](dom::object of) {
      otlp::Exemplar exemplar;
      return whole<std::uint64_t>(of, "timeUnixNano",
                                  [&](auto time) { exemplar.set_time_unix_nano(time); }) &&
             real(of, "asDouble", [&](double read) { exemplar.set_as_double(read); }) &&
             whole<std::int64_t>(of, "asInt", [&](auto read) { exemplar.set_as_int(read); }) &&
             text(of, "traceId",
                  [&](auto hex) {
                    const auto trace = trace_of(hex);
                    if (trace) exemplar.set_trace_id(trace->data(), trace->size());
                  }) &&
             attributes(of, "filteredAttributes", *exemplar.mutable_filtered_attributes()) &&
             exemplar.SerializeToString(out.add_exemplars());
    });
  }
  bool fill(dom::object object, otlp::NumberDataPoint& out) {
    return real(object, "asDouble", [&](double read) { out.set_as_double(read); }) &&
           whole<std::int64_t>(object, "asInt", [&](auto read) { out.set_as_int(read); });
  }
  bool fill(dom::object object, otlp::HistogramDataPoint& out) {
    return count_and_sum(object, out) &&
           counts(object, [&](std::uint64_t count) { out.add_bucket_counts(count); }) &&
           each_element(object, "explicitBounds", [&](dom::element entry) {
             double bound = 0;
             if (!double_of(entry, bound)) return refuse("", "is not a number");
             out.add_explicit_bounds(bound);
             return true;
           });
  }
  bool fill(dom::object object, otlp::ExponentialHistogramDataPoint& out) {
    const auto side = [&](std::string_view key, auto& buckets) {
      return inside(object, key, [&](dom::object of) {
        return whole<std::int32_t>(of, "offset", [&](auto read) { buckets().set_offset(read); }) &&
               counts(of, [&](std::uint64_t count) { buckets().add_bucket_counts(count); });
      });
    };
    const auto positive = [&]() -> auto& { return *out.mutable_positive(); };
    const auto negative = [&]() -> auto& { return *out.mutable_negative(); };
    return count_and_sum(object, out) &&
           whole<std::int32_t>(object, "scale", [&](auto read) { out.set_scale(read); }) &&
           whole<std::uint64_t>(object, "zeroCount",
                                [&](auto read) { out.set_zero_count(read); }) &&
           real(object, "zeroThreshold", [&](double read) { out.set_zero_threshold(read); }) &&
           side("positive", positive) && side("negative", negative);
  }
  template <class Data>
  bool count_and_sum(dom::object object, Data& out) {
    return whole<std::uint64_t>(object, "count", [&](auto read) { out.set_count(read); }) &&
           real(object, "sum", [&](double read) { out.set_sum(read); });
  }
  template <class Add>
  bool counts(dom::object object, Add add) {
    return each_element(object, "bucketCounts", [&](dom::element entry) {
      std::uint64_t count = 0;
      if (!whole_of(entry, count)) return refuse("", "is not a whole number that fits");
      add(count);
      return true;
    });
  }
};

}  // namespace

class OtlpJson::Impl {
 public:
  bool read(std::string_view text, otlp::MetricsData& data, std::string& reason) {
    reason.clear();
    dom::element root;
    if (parser_.parse(text.data(), text.size(), false).get(root) != simdjson::SUCCESS) return false;
    dom::object object;
    Filler filler;
    if (root.get(object) != simdjson::SUCCESS) {
      reason = "not an object of resourceMetrics";
      return false;
    }
    if (dom::element metrics; object["resourceMetrics"].get(metrics) != simdjson::SUCCESS) {
      reason = "`resourceMetrics` is missing";
      return false;
    }
    if (filler.fill(object, data)) return true;
    reason = filler.wrong.path + " " + filler.wrong.what;
    return false;
  }

 private:
  dom::parser parser_;
};

OtlpJson::OtlpJson() : impl_(std::make_unique<Impl>()) {}
OtlpJson::~OtlpJson() = default;

bool OtlpJson::read(std::string_view text, otlp::MetricsData& data, std::string& reason) {
  return impl_->read(text, data, reason);
}

}  // namespace rollbook::adapters
