#include "engine/runtime/namesakes.h"

#include <algorithm>
#include <string_view>

namespace rollbook::runtime {
namespace {

// Of what it has under these labels, which are all among its own: 64-bit FNV-1a.
std::uint64_t hash_of(const SeriesName& name, const std::vector<std::string>& labels) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto take = [&](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
    hash *= 0x100000001b3;  // as of a byte 0: where a text ends
  };
  auto wanted = labels.begin();
  for (const auto& [label, value] : name.labels) {
    if (wanted == labels.end()) break;
    if (label != *wanted) continue;
    take(label);
    take(value);
    ++wanted;
  }
  return hash;
}

bool is_part(const std::vector<std::string>& some, const std::vector<std::string>& all) {
  return some.size() < all.size() &&
         std::includes(all.begin(), all.end(), some.begin(), some.end());
}

}  // namespace

// kSchemas: there is no room for another.
std::size_t Namesakes::schema_of(Kin& kin, Labels labels, const Names& names) {
  std::size_t place = 0;
  while (place < kin.schemas.size() && kin.schemas[place].labels != labels) ++place;
  if (place < kin.schemas.size() || place == kSchemas) return place;
  for (const Schema& wider : kin.schemas) {
    if (!is_part(labels, wider.labels)) continue;
    for (const SeriesNumber number : wider.series) {
      kin.parts.insert(hash_of(names(number), labels));
    }
  }
  kin.schemas.push_back({std::move(labels), {}});
  return place;
}

bool Namesakes::add(const SeriesName& name, const Names& names) {
  Kin& kin = kin_[name.name];
  Labels labels;
  for (const auto& [label, value] : name.labels) labels.push_back(label);
  const std::size_t place = schema_of(kin, std::move(labels), names);
  if (place == kSchemas) return false;
  Schema& schema = kin.schemas[place];
  const std::uint64_t hash = hash_of(name, schema.labels);
  if (!kin.whole.insert(hash).second) return false;  // itself
  schema.series.push_back(name.number);
  bool known = kin.parts.contains(hash);
  for (const Schema& narrower : kin.schemas) {
    if (!is_part(narrower.labels, schema.labels)) continue;
    const std::uint64_t part = hash_of(name, narrower.labels);
    known = known || kin.whole.contains(part);
    kin.parts.insert(part);
  }
  return known;
}

}  // namespace rollbook::runtime
