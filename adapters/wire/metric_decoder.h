#pragma once
// MetricDecoder: bytes from a metrics topic → points for the loop, in any of the formats of
// README.md, with or without a schema registry's frame around them. Texts hold one object a line or
// a message. A series and a histogram's bounds travel once and are numbers from then on, so a point
// costs no heap string.
//
//   MetricDecoder decoder;                     // one for all topics of a metrics thread
//   decoder.decode(record, batch, letters);    // batch: records of one partition, in order
//
// A line or a point that cannot be read becomes a dead letter with its place and reason; what else
// its message holds is kept. Belongs to the thread that made it.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/wire/dead_letter.h"
#include "engine/core/limits.h"
#include "engine/runtime/bus.h"
#include "engine/runtime/metric_point.h"

namespace rollbook::adapters {

// automatic: told by the first byte (0x0A is OTLP protobuf, `{` JSON, all else Influx lines) and,
// in JSON, by the keys.
enum class MetricFormat : std::uint8_t { automatic, otlp, otlp_json, prometheus, influx, rollbook };
// As they are called in rollbook.toml, in that order; nothing for another name.
std::span<const std::string_view> metric_formats();
std::optional<MetricFormat> metric_format(std::string_view name);

// By topic; one that is not in it is automatic.
using MetricFormats = std::map<std::string, MetricFormat, std::less<>>;

struct DecoderLimits {
  std::size_t series = core::kSeriesMax;
  std::size_t series_bytes = core::kSeriesBytes;  // of their names and labels
  std::size_t layouts = 65'536;
  std::size_t labels = 64;       // of a series
  std::size_t name_bytes = 256;  // of a metric's name or a label's
};

class MetricDecoder {
 public:
  explicit MetricDecoder(DecoderLimits limits = {});
  ~MetricDecoder();
  MetricDecoder(MetricDecoder&&) noexcept;
  MetricDecoder& operator=(MetricDecoder&&) noexcept;

  // Appends what `record` holds to `batch`; sets topic and partition of an empty one. A record of
  // another partition than the batch's is a bug.
  void decode(const runtime::Record& record, runtime::PointBatch& batch,
              std::vector<DeadLetter>& letters, MetricFormat format = MetricFormat::automatic);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rollbook::adapters
