#pragma once
// SeriesTable: gives series and histogram layouts their numbers. Looked up by the bytes as they
// were sent first, since a producer spells a series the same way each time; only a new spelling is
// unescaped, sorted and compared. For metric_decoder.cc only.

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "adapters/wire/metric_decoder.h"
#include "engine/runtime/metric_point.h"

namespace rollbook::adapters {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
template <class Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

class SeriesTable {
 public:
  explicit SeriesTable(const DecoderLimits& limits) : limits_(limits) {}

  const runtime::SeriesNumber* find_spelling(std::string_view spelling) const {
    const auto found = spellings_.find(spelling);
    return found == spellings_.end() ? nullptr : &found->second;
  }
  // The number of a series, new or known; labels need not be sorted. A new one is appended to
  // `batch.new_series`. Error: a label twice, or the table is full.
  core::Result<runtime::SeriesNumber> intern(
      std::string_view spelling, std::string name,
      std::vector<std::pair<std::string, std::string>> labels, runtime::PointBatch& batch);

  struct KnownLayout {
    runtime::LayoutNumber number;
    std::size_t bounds = 0;
  };
  const KnownLayout* find_layout(std::string_view spelling) const {
    const auto found = layout_spellings_.find(spelling);
    return found == layout_spellings_.end() ? nullptr : &found->second;
  }
  core::Result<KnownLayout> intern_layout(std::string_view spelling,
                                          const std::vector<core::Fixed>& bounds,
                                          runtime::PointBatch& batch);

 private:
  DecoderLimits limits_;
  TextMap<runtime::SeriesNumber> spellings_;
  TextMap<runtime::SeriesNumber> series_;  // by canonical form
  TextMap<KnownLayout> layout_spellings_;
  TextMap<KnownLayout> layouts_;
};

}  // namespace rollbook::adapters
