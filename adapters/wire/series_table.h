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

// What was found under a spelling: a cache that a sender who shuffles its labels cannot let grow
// beyond `most` entries or `most_bytes`, then it begins again.
template <class Value>
class Spellings {
 public:
  Spellings(std::size_t most, std::size_t most_bytes) : most_(most), most_bytes_(most_bytes) {}

  const Value* find(std::string_view spelling) const {
    const auto found = known_.find(spelling);
    return found == known_.end() ? nullptr : &found->second;
  }
  void remember(std::string_view spelling, const Value& value) {
    if (known_.size() >= most_ || bytes_ + spelling.size() > most_bytes_) {
      known_.clear();
      bytes_ = 0;
    }
    if (known_.emplace(spelling, value).second) bytes_ += spelling.size();
  }

 private:
  std::size_t most_, most_bytes_;
  std::size_t bytes_ = 0;
  TextMap<Value> known_;
};

class SeriesTable {
 public:
  explicit SeriesTable(const DecoderLimits& limits)
      : limits_(limits),
        spellings_(limits.series * 2, limits.series_bytes),
        layout_spellings_(limits.layouts * 2, limits.series_bytes) {}

  const runtime::SeriesNumber* find_spelling(std::string_view spelling) const {
    return spellings_.find(spelling);
  }
  // The number of a series, new or known; labels need not be sorted. A new one is appended to
  // `batch.new_series`. Error: a label twice, or the table is full (by number or by bytes).
  core::Result<runtime::SeriesNumber> intern(
      std::string_view spelling, std::string name,
      std::vector<std::pair<std::string, std::string>> labels, runtime::PointBatch& batch);

  struct KnownLayout {
    runtime::LayoutNumber number;
    std::size_t bounds = 0;
  };
  const KnownLayout* find_layout(std::string_view spelling) const {
    return layout_spellings_.find(spelling);
  }
  core::Result<KnownLayout> intern_layout(std::string_view spelling,
                                          const std::vector<core::Fixed>& bounds,
                                          runtime::PointBatch& batch);

 private:
  DecoderLimits limits_;
  std::size_t bytes_ = 0;  // of the series' forms
  Spellings<runtime::SeriesNumber> spellings_;
  TextMap<runtime::SeriesNumber> series_;  // by canonical form
  Spellings<KnownLayout> layout_spellings_;
  TextMap<KnownLayout> layouts_;
};

}  // namespace rollbook::adapters
