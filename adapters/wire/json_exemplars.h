#pragma once
// JsonExemplars: `exemplars` of a line of Rollbook JSON (docs/metrics.md). One that is none leaves
// its point, and the others, as they are: the sink's flaw says what was left out and why. For
// json_points.cc only.
//
//   {"value":0.12,"time":"2026-01-05T10:00:00Z","trace_id":"0af7651916cd43dd8448eb211c80319c"}

#include <string>
#include <string_view>
#include <vector>

#include "adapters/wire/metric_tokens.h"
#include "adapters/wire/point_exemplars.h"
#include "adapters/wire/point_sink.h"

namespace rollbook::adapters {

class JsonExemplars {
 public:
  JsonExemplars(PointSink& sink, TokenReader& reader) : sink_(sink), reader_(reader) {}

  // Those of the batch's last point.
  void take(std::string_view list);

 private:
  bool read(std::string_view element, const runtime::MetricPoint& point,
            runtime::PointExemplar& exemplar, Problem& problem);
  bool read_trace(std::string_view token, std::string_view element, Trace& trace, Problem& problem);
  void complain(std::string_view at, std::string reason);

  PointSink& sink_;
  TokenReader& reader_;
  std::vector<std::string_view> elements_;
  std::size_t left_out_ = 0;  // of the point
};

}  // namespace rollbook::adapters
