#include "engine/runtime/namesakes.h"

#include <algorithm>

#include "engine/core/fnv.h"

namespace rollbook::runtime {
namespace {

constexpr std::uint32_t kNone = 0xffffffff;

std::uint64_t hash_of(const SeriesName& name) {
  core::Fnv hash;
  for (const auto& [label, value] : name.labels) {
    hash.take_text(label);
    hash.take_text(value);
  }
  return hash.value;
}

// Of the values of all other labels.
std::uint64_t hash_without(const SeriesName& name, const std::vector<std::size_t>& positions) {
  core::Fnv hash;
  auto left_out = positions.begin();
  for (std::size_t i = 0; i < name.labels.size(); ++i) {
    if (left_out != positions.end() && *left_out == i) {
      ++left_out;
    } else {
      hash.take_text(name.labels[i].second);
    }
  }
  return hash.value;
}

// The positions of those that the other has not.
std::vector<std::size_t> lacking(const std::vector<std::string>& labels,
                                 const std::vector<std::string>& other) {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (!std::binary_search(other.begin(), other.end(), labels[i])) positions.push_back(i);
  }
  return positions;
}

std::vector<std::string> labels_of(const SeriesName& name) {
  std::vector<std::string> labels;
  for (const auto& [label, value] : name.labels) labels.push_back(label);
  return labels;
}

}  // namespace

// kSchemas: there is no room for another.
std::size_t Namesakes::schema_of(Kin& kin, Labels labels, const Names& names) {
  std::size_t place = 0;
  while (place < kin.schemas.size() && kin.schemas[place].labels != labels) ++place;
  if (place < kin.schemas.size() || place == kSchemas) return place;
  Schema schema;
  schema.values.resize(labels.size());
  schema.labels = std::move(labels);
  kin.schemas.push_back(std::move(schema));
  set_across(kin, names);
  return place;
}

void Namesakes::put(const SeriesName& name, std::uint32_t place, Sieve& sieve) {
  const auto [last, fresh] = sieve.last.try_emplace(hash_without(name, sieve.without), place);
  sieve.before.push_back(fresh ? kNone : std::exchange(last->second, place));
}

Namesakes::Sieve Namesakes::sieve_of(const Schema& schema, Positions without, const Names& names) {
  Sieve sieve;
  sieve.without = std::move(without);
  for (std::uint32_t place = 0; place < schema.series.size(); ++place) {
    put(names(schema.series[place]), place, sieve);
  }
  return sieve;
}

// Of the last schema with all others, and of those with it.
void Namesakes::set_across(Kin& kin, const Names& names) {
  const std::size_t last = kin.schemas.size() - 1;
  Schema& mine = kin.schemas[last];
  for (std::size_t i = 0; i < last; ++i) {
    Schema& other = kin.schemas[i];
    mine.across.emplace_back(i, sieve_of(mine, lacking(mine.labels, other.labels), names));
    other.across.emplace_back(last, sieve_of(other, lacking(other.labels, mine.labels), names));
  }
}

// A label by which series are looked for is one that has had two values.
void Namesakes::make_sieves(const SeriesName& name, bool settled, const Names& names,
                            Schema& schema) {
  Positions fresh;
  for (std::size_t i = 0; i < name.labels.size(); ++i) {
    core::Fnv hash;
    hash.take_text(name.labels[i].second);
    if (schema.values[i].insert(hash.value).second) fresh.push_back(i);
  }
  for (const std::size_t i : fresh) {
    if (schema.values[i].size() == 2 && schema.singles.size() < kSingles) {
      schema.singles.push_back(sieve_of(schema, {i}, names));
    }
  }
  const auto same = [&](const Sieve& sieve) { return sieve.without == fresh; };
  if (settled && fresh.size() > 1 && schema.together.size() < kTogether &&
      std::none_of(schema.together.begin(), schema.together.end(), same)) {
    schema.together.push_back(sieve_of(schema, fresh, names));
  }
}

void Namesakes::add(const SeriesName& name, core::Time now, const Names& names) {
  const auto [entry, first] = kin_.try_emplace(name.name);
  Kin& kin = entry->second;
  if (first) kin.settled = now + kSettled;
  const std::size_t place = schema_of(kin, labels_of(name), names);
  if (place == kSchemas) return;
  Schema& schema = kin.schemas[place];
  if (!kin.whole.insert(hash_of(name)).second) return;  // itself
  make_sieves(name, now >= kin.settled, names, schema);
  const auto series = static_cast<std::uint32_t>(schema.series.size());
  for (Sieve& sieve : schema.singles) put(name, series, sieve);
  for (Sieve& sieve : schema.together) put(name, series, sieve);
  for (auto& [other, sieve] : schema.across) put(name, series, sieve);
  schema.series.push_back(name.number);
}

Namesakes::Place Namesakes::find(const SeriesName& name) const {
  const auto kin = kin_.find(name.name);
  if (kin == kin_.end()) return {};
  const Labels labels = labels_of(name);
  const std::vector<Schema>& schemas = kin->second.schemas;
  for (std::size_t place = 0; place < schemas.size(); ++place) {
    if (schemas[place].labels == labels) return {&kin->second, place};
  }
  return {};
}

void Namesakes::look(const SeriesName& name, const Schema& among, const Sieve& sieve,
                     std::uint64_t hash, const See& see) {
  const auto last = sieve.last.find(hash);
  std::uint32_t place = last == sieve.last.end() ? kNone : last->second;
  for (std::size_t looked = 0; place != kNone && looked < kCandidates; ++looked) {
    if (among.series[place] != name.number) see(among.series[place]);
    place = sieve.before[place];
  }
}

void Namesakes::look_across(const SeriesName& name, Place own, bool nested, const See& see) {
  const std::vector<Schema>& schemas = own.kin->schemas;
  for (const auto& [place, mine] : schemas[own.schema].across) {
    const Schema& other = schemas[place];
    for (const auto& [back, sieve] : other.across) {
      if (back != own.schema || nested != (mine.without.empty() || sieve.without.empty())) continue;
      look(name, other, sieve, hash_without(name, mine.without), see);
    }
  }
}

void Namesakes::each_like(const SeriesName& name, const See& see) const {
  const Place own = find(name);
  if (own.kin == nullptr) return;
  const Schema& schema = own.kin->schemas[own.schema];
  for (const auto* sieves : {&schema.singles, &schema.together}) {
    for (const Sieve& sieve : *sieves) {
      look(name, schema, sieve, hash_without(name, sieve.without), see);
    }
  }
  look_across(name, own, false, see);
}

void Namesakes::each_nested(const SeriesName& name, const See& see) const {
  const Place own = find(name);
  if (own.kin != nullptr) look_across(name, own, true, see);
}

}  // namespace rollbook::runtime
