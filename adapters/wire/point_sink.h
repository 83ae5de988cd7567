#pragma once
// PointSink: where the decoders of all formats put what they read, and how they say what was wrong
// with it. For the .cc files of this folder.

#include <string>
#include <string_view>

#include "adapters/wire/metric_decoder.h"
#include "adapters/wire/metric_tokens.h"
#include "adapters/wire/series_table.h"

namespace rollbook::adapters {

inline TokenReader::LabelLimits label_limits(const DecoderLimits& limits) {
  return {limits.labels, limits.name_bytes, core::kTextBytes};
}

struct PointSink {
  DecoderLimits limits;
  SeriesTable table;
  // Of the decode() under way.
  const runtime::Record* record = nullptr;
  runtime::PointBatch* batch = nullptr;
  Problem problem;
  Problem flaw;  // of a line that was taken all the same; `at` is nullptr where it has none

  bool refuse(std::string_view at, std::string reason) {
    problem = {at.data(), std::move(reason)};
    return false;
  }
};

}  // namespace rollbook::adapters
