#pragma once
// TokenReader: one JSON object of a metric taken apart into the tokens of its fields, with simdjson
// and without a copy. What the tokens mean is json_points.cc's business.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/types.h"

namespace rollbook::adapters {

enum Field : std::size_t {
  kMetric,
  kLabels,
  kKind,
  kValue,
  kBounds,
  kCounts,
  kSum,
  kTime,
  kStart,
  kExemplars,
  kTraceId,  // of an exemplar, with `labels`, `value` and `time`
  kName,     // prometheus-kafka-adapter's, with `labels` and `value`
  kTimestamp
};
inline constexpr std::string_view kFieldNames[] = {
    "metric", "labels", "kind",      "value",    "bounds", "counts",   "sum",
    "time",   "start",  "exemplars", "trace_id", "name",   "timestamp"};
inline constexpr std::size_t kFields = std::size(kFieldNames);

// The tokens of one object, as they stand in the buffer. An empty view: not given.
struct Tokens {
  std::string_view of[kFields];
  bool otlp = false;  // it has OTLP's outermost key
};

// Why a line that is good JSON is no point, and at which byte of the buffer.
struct Problem {
  const char* at = nullptr;
  std::string reason;
};

using Labels = std::vector<std::pair<std::string, std::string>>;

std::string_view trim(std::string_view text);
// The inside of a text that has no escapes; nothing for any other token.
std::optional<std::string_view> plain_text(std::string_view token);
// Errors go on from the name of a field: "is not a number".
core::Result<core::Time> time_of(std::string_view token);
core::Result<core::Fixed> number_of(std::string_view token);

class TokenReader {
 public:
  // simdjson reads so far beyond the end of a text; every text below lies in such a buffer.
  static const std::size_t kPadding;

  TokenReader();
  ~TokenReader();

  // Texts are views into `buffer` from now on; it holds kPadding bytes behind them.
  void use(std::string_view buffer) { buffer_ = buffer; }

  // False when `text` is no object of such fields; `problem` is set unless it is no JSON at all.
  bool read(std::string_view text, Tokens& tokens, Problem& problem);
  // The elements of a list, `most` at most; false when it is none.
  bool read_list(std::string_view token, std::size_t most, std::vector<std::string_view>& elements);
  // What a text token spells; false when it is none.
  bool spell(std::string_view token, std::string& out);
  // The pairs of an object of texts, as they stand; none is longer than its limit.
  struct LabelLimits {
    std::size_t labels, name_bytes, value_bytes;
  };
  bool read_labels(std::string_view token, const LabelLimits& limits, Labels& labels,
                   Problem& problem);

 private:
  struct Parsers;
  std::unique_ptr<Parsers> parsers_;
  std::string_view buffer_;
};

}  // namespace rollbook::adapters
