#pragma once
// MetricDecoder: bytes from a metrics topic → points for the loop. Rollbook JSON (contract.md) is
// read with simdjson, one object a line or a message; a series and a histogram's bounds travel
// once and are numbers from then on, so a point costs no heap string.
//
//   MetricDecoder decoder;                     // one for all topics of a metrics thread
//   decoder.decode(record, batch, letters);    // batch: records of one partition, in order
//
// A line that cannot be read becomes a dead letter with its place and reason; the other lines of
// its message are kept. Belongs to the thread that made it.

#include <memory>
#include <vector>

#include "adapters/wire/dead_letter.h"
#include "engine/runtime/bus.h"
#include "engine/runtime/metric_point.h"

namespace rollbook::adapters {

enum class MetricFormat : std::uint8_t { automatic, rollbook };

struct DecoderLimits {
  std::size_t series = 1'000'000;  // a producer that labels by request id must not fill memory
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
