// One metric message of any bytes, in one format (FORMAT), through the decoder, the series table
// and a fold: nothing crashes, and every message ends as points or as letters with a reason. With
// libFuzzer this is a fuzz target; with corpus_main.cc it runs over the files of its corpus.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "adapters/wire/metric_decoder.h"
#include "engine/core/limits.h"
#include "engine/runtime/series_table.h"

#ifndef FORMAT
#error "FORMAT is one of MetricFormat's names"
#endif

namespace {

using namespace rollbook;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const runtime::PointBatch& batch, const runtime::MetricPoint& point,
           const runtime::SeriesTable& table) {
  require(point.series.value < table.size());
  require(point.start <= point.end || point.start == core::kDistantPast);
  require(point.end >= core::Time{});
  if (!runtime::is_histogram(point.kind)) return;
  std::int64_t sum = 0;
  if (runtime::is_exponential(point.kind)) {
    const auto histogram = runtime::exponential_at(batch.buckets, point.first_bucket);
    require(histogram.scale >= core::kCoarsestScale && histogram.scale <= core::kExponentialScale);
    const core::Layout layout = core::grid_for(histogram, core::Fixed::from_int(1), {});
    require(!layout.bounds.empty() && layout.bounds.size() < core::kBucketsMax);
    const core::Cell cell = core::on_grid(histogram, *layout.grid, layout.bounds.size());
    for (const std::int64_t count : cell.buckets) {
      sum += count;
    }
    require(sum == core::total(histogram));
  } else {
    const std::size_t buckets = table.bounds(point.layout).size() + 1;
    require(buckets <= core::kBucketsMax);
    require(point.first_bucket + buckets <= batch.buckets.size());
    for (std::size_t i = 0; i < buckets; ++i) sum += batch.buckets[point.first_bucket + i];
  }
  require(sum >= 0 && sum <= core::kValueMax);
}

// Each belongs to a point, in their order, and all of them stay small.
void check_exemplars(const runtime::PointBatch& batch) {
  require(batch.exemplars.size() <= core::kExemplarsOfBatch);
  std::uint32_t point = 0;
  for (const runtime::PointExemplar& exemplar : batch.exemplars) {
    require(exemplar.point >= point && exemplar.point < batch.points.size());
    point = exemplar.point;
    require(exemplar.at >= core::Time{});
    std::size_t bytes = 0;
    for (const auto& [name, value] : exemplar.labels) bytes += name.size() + value.size();
    require(bytes <= core::kLabelSetBytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  adapters::MetricDecoder decoder(adapters::DecoderLimits{.series = 100, .layouts = 10});
  runtime::SeriesTable table;
  // Twice, so that cumulative series meet their base again.
  for (std::int64_t offset = 0; offset < 2; ++offset) {
    runtime::PointBatch batch;
    std::vector<adapters::DeadLetter> letters;
    decoder.decode({"metrics", 0, offset, core::Time(std::chrono::hours(1)), "", message}, batch,
                   letters, adapters::MetricFormat::FORMAT);
    table.learn(batch);
    require(table.size() <= 100);
    check_exemplars(batch);
    for (const adapters::DeadLetter& letter : letters) require(!letter.reason.empty());
    for (const runtime::MetricPoint& point : batch.points) {
      check(batch, point, table);
      (void)table.take(batch, point);
    }
  }
  return 0;
}
