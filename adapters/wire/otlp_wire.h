#pragma once
// OTLP data points read from their protobuf bytes without a heap block each: a message of a
// Collector holds thousands, and what protobuf's own parser allocates for them costs more than all
// the rest of their way. Field numbers and wire form as in otlp.proto; later fields win, unknown
// ones are passed over, as protobuf has it. For otlp_points.cc only.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace rollbook::adapters {

// What every kind of point has; views into the point's bytes.
struct OtlpPoint {
  std::vector<std::string_view> attributes;  // the bytes of KeyValues
  std::vector<std::string_view> exemplars;   // the bytes of Exemplars, kExemplarsOfPoint at most
  std::uint64_t start = 0, time = 0;         // ns; 0: not given
  std::uint32_t flags = 0;
  std::uint64_t count = 0;    // histograms
  std::optional<double> sum;  // histograms
};
struct OtlpNumber : OtlpPoint {
  std::optional<double> as_double;
  std::optional<std::int64_t> as_int;
};
struct OtlpHistogram : OtlpPoint {
  std::vector<std::uint64_t> bucket_counts;
  std::vector<double> explicit_bounds;
};
struct OtlpBuckets {
  std::int32_t offset = 0;
  std::vector<std::uint64_t> counts;
};
struct OtlpExponential : OtlpPoint {
  std::int32_t scale = 0;
  std::uint64_t zero_count = 0;
  double zero_threshold = 0;
  OtlpBuckets positive, negative;
};

struct OtlpExemplar {
  std::uint64_t time = 0;  // ns; 0: not given
  std::optional<double> as_double;
  std::optional<std::int64_t> as_int;
  std::string_view trace;
  std::vector<std::string_view> attributes;  // the bytes of KeyValues
};

// Each clears the point before; its lists keep their memory. False: the bytes are no such message.
bool read(std::string_view bytes, OtlpNumber& point);
bool read(std::string_view bytes, OtlpHistogram& point);
bool read(std::string_view bytes, OtlpExponential& point);
bool read(std::string_view bytes, OtlpExemplar& exemplar);

}  // namespace rollbook::adapters
