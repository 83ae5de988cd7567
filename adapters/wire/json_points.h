#pragma once
// JsonPoints: metrics of which a JSON object each is one point: Rollbook JSON (contract.md), and
// what prometheus-kafka-adapter makes of Prometheus' remote write. For metric_decoder.cc only.

#include <memory>
#include <string_view>

#include "adapters/wire/metric_tokens.h"
#include "adapters/wire/point_sink.h"

namespace rollbook::adapters {

enum class JsonShape : std::uint8_t {
  taken,
  refused,  // with the sink's problem set, unless it is no JSON
  otlp,     // an object of another shape; nothing was taken
};

class JsonPoints {
 public:
  explicit JsonPoints(PointSink& sink);
  ~JsonPoints();

  // Texts are views into `buffer` from now on, with TokenReader::kPadding bytes behind them.
  void use(std::string_view buffer);
  // `format`: automatic tells the shapes apart by their keys.
  JsonShape decode(std::string_view text, MetricFormat format);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rollbook::adapters
