#include "adapters/wire/series_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/text.h"

namespace rollbook::adapters {
namespace {

// Each part with its length before it, so that no two series have one form.
void append_part(std::string& form, std::string_view part) {
  form += std::to_string(part.size());
  form += ':';
  form += part;
}

}  // namespace

core::Result<runtime::SeriesNumber> SeriesTable::intern(
    std::string_view spelling, std::string name,
    std::vector<std::pair<std::string, std::string>> labels, runtime::PointBatch& batch) {
  std::sort(labels.begin(), labels.end());
  const auto twice =
      std::adjacent_find(labels.begin(), labels.end(),
                         [](const auto& a, const auto& b) { return a.first == b.first; });
  if (twice != labels.end()) {
    return core::fail(fmt::format("label `{}` is given twice", printable(twice->first)));
  }
  std::string form;
  append_part(form, name);
  for (const auto& [label, value] : labels) {
    append_part(form, label);
    append_part(form, value);
  }
  auto found = series_.find(form);
  if (found == series_.end()) {
    if (series_.size() >= limits_.series) {
      return core::fail(fmt::format("more than {} series", limits_.series));
    }
    if (bytes_ + form.size() > limits_.series_bytes) {
      return core::fail(
          fmt::format("the names and labels of all series have {} bytes, no new series is taken",
                      limits_.series_bytes));
    }
    bytes_ += form.size();
    const runtime::SeriesNumber number{static_cast<std::uint32_t>(series_.size())};
    found = series_.emplace(std::move(form), number).first;
    batch.new_series.push_back({number, std::move(name), std::move(labels)});
  }
  spellings_.remember(spelling, found->second);
  return found->second;
}

core::Result<SeriesTable::KnownLayout> SeriesTable::intern_layout(
    std::string_view spelling, const std::vector<core::Fixed>& bounds, runtime::PointBatch& batch) {
  std::string form;
  for (const core::Fixed bound : bounds) append_part(form, format_fixed(bound));
  auto found = layouts_.find(form);
  if (found == layouts_.end()) {
    if (layouts_.size() >= limits_.layouts) {
      return core::fail(fmt::format("more than {} kinds of `bounds`", limits_.layouts));
    }
    const KnownLayout layout{{static_cast<std::uint32_t>(layouts_.size())}, bounds.size()};
    found = layouts_.emplace(std::move(form), layout).first;
    batch.new_layouts.push_back(bounds);
  }
  layout_spellings_.remember(spelling, found->second);
  return found->second;
}

}  // namespace rollbook::adapters
