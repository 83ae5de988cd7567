// Bases of series as bytes: checkpoints, and what another table has found.

#include <algorithm>
#include <utility>

#include "engine/runtime/bytes.h"
#include "engine/runtime/series_table.h"

namespace rollbook::runtime {

using core::kDistantPast;

namespace {

constexpr std::uint64_t kFormat = 5;  // 1 had no exponential histograms, 2 no pace, 3 neither when
                                      // it was heard first nor all intervals, 4 no rhythms

// Flags of a base.
constexpr std::uint64_t kExponential = 1, kIntervals = 2;

// The contrary of key_of().
SeriesName name_of_key(std::string_view key) {
  const auto next = [&] {
    const std::size_t end = std::min(key.find('\0'), key.size());
    std::string text(key.substr(0, end));
    key.remove_prefix(std::min(end + 1, key.size()));
    return text;
  };
  SeriesName name;
  name.name = next();
  while (!key.empty()) {
    std::string label = next();
    name.labels.emplace_back(std::move(label), next());
  }
  return name;
}

Coverage covered_of(BytesReader& bytes) {
  const core::Time forgotten = bytes.time();
  std::vector<TimeRange> ranges;
  for (std::uint64_t n = bytes.number(); n > 0 && !bytes.failed; --n) {
    const core::Time start = bytes.time();
    ranges.push_back({start, bytes.time()});
  }
  return {std::move(ranges), forgotten};
}

// What older formats tell of it.
Coverage covered_by(const SeriesBase& base) {
  const std::size_t kept = std::min<std::size_t>(base.recent_count, base.recent.size());
  std::vector<TimeRange> ranges;
  core::Time oldest = core::kDistantFuture;
  for (std::size_t i = 0; i < kept; ++i) {
    ranges.push_back({base.recent[i].start, base.recent[i].end});
    oldest = std::min(oldest, base.recent[i].start);
  }
  return {std::move(ranges), kept == base.recent.size() ? oldest : kDistantPast};
}

}  // namespace

std::string SeriesTable::key_of(const SeriesName& name) {
  std::string key = name.name;
  for (const auto& [label, value] : name.labels) {
    key += '\0';
    key += label;
    key += '\0';
    key += value;
  }
  return key;
}

std::string SeriesTable::save() const {
  Bytes bytes;
  bytes.number(kFormat);
  std::vector<std::pair<std::string, const Base*>> known;
  for (const Entry& entry : series_) {
    if (entry.base.known) known.emplace_back(key_of(entry.name), &entry.base);
  }
  for (const auto& [key, waiting] : waiting_) known.emplace_back(key, &waiting.base);
  // A series seen since the restore stands first among equals and wins.
  std::stable_sort(known.begin(), known.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  known.erase(std::unique(known.begin(), known.end(),
                          [](const auto& a, const auto& b) { return a.first == b.first; }),
              known.end());
  bytes.number(known.size());
  for (const auto& [key, base] : known) {
    bytes.text(key);
    bytes.time(base->start);
    bytes.time(base->end);
    bytes.fixed(base->value);
    bytes.number((base->exponential ? kExponential : 0) | (base->intervals ? kIntervals : 0));
    bytes.number(base->buckets.size());
    for (const std::int64_t bucket : base->buckets) bytes.signed_number(bucket);
    bytes.number(base->recent_count);
    for (const Interval& interval : base->recent) {
      bytes.time(interval.start);
      bytes.time(interval.end);
    }
    bytes.fixed(core::Fixed{base->pace.counted});
    bytes.time(base->pace.since);
    bytes.time(base->heard);
    bytes.time(base->covered.forgotten());
    bytes.number(base->covered.ranges().size());
    for (const TimeRange& range : base->covered.ranges()) {
      bytes.time(range.start);
      bytes.time(range.end);
    }
  }
  const auto is_heard = [](const Rhythm& rhythm) { return rhythm.heard != kDistantPast; };
  bytes.number(
      static_cast<std::uint64_t>(std::count_if(rhythms_.begin(), rhythms_.end(), is_heard)));
  for (const auto& [name, number] : rhythm_numbers_) {
    const Rhythm& rhythm = rhythms_[number];
    if (!is_heard(rhythm)) continue;
    bytes.text(name);
    bytes.time(rhythm.heard);
    bytes.signed_number(rhythm.longest.count());
    bytes.time(rhythm.longest_at);
  }
  return std::move(bytes.data);
}

core::Result<SeriesTable::Saved> SeriesTable::parse(std::string_view data) {
  BytesReader bytes(data);
  const std::uint64_t format = bytes.number();
  if (format < 1 || format > kFormat) {
    return core::fail("the bases of series are of another format");
  }
  Saved saved;
  for (std::uint64_t left = bytes.number(); left > 0 && !bytes.failed; --left) {
    std::string key = bytes.text();
    Base base;
    base.known = true;
    base.start = bytes.time();
    base.end = bytes.time();
    base.value = bytes.fixed();
    const std::uint64_t flags = format > 1 ? bytes.number() : 0;
    base.exponential = (flags & kExponential) != 0;
    for (std::uint64_t n = bytes.number(); n > 0 && !bytes.failed; --n) {
      base.buckets.push_back(bytes.signed_number());
    }
    if (base.exponential && !holds_exponential(base.buckets)) bytes.failed = true;
    base.recent_count = static_cast<std::uint32_t>(bytes.number());
    for (Interval& interval : base.recent) {
      interval.start = bytes.time();
      interval.end = bytes.time();
    }
    if (format > 2) {
      base.pace.counted = bytes.fixed().nanos;
      base.pace.since = bytes.time();
    }
    if (format > 3) {
      base.intervals = (flags & kIntervals) != 0;
      base.heard = bytes.time();
      base.covered = covered_of(bytes);
    } else {
      base.intervals = base.recent_count > 0;
      base.heard = base.end;
      base.covered = covered_by(base);
    }
    saved.bases.emplace_back(std::move(key), std::move(base));
  }
  for (std::uint64_t left = format > 4 ? bytes.number() : 0; left > 0 && !bytes.failed; --left) {
    auto& [name, rhythm] = saved.rhythms.emplace_back();
    name = bytes.text();
    rhythm.heard = bytes.time();
    rhythm.longest = core::Duration(bytes.signed_number());
    rhythm.longest_at = bytes.time();
  }
  if (bytes.failed) return core::fail("the bases of series are damaged");
  return saved;
}

// Its name is told, too: another series may go on with its total.
void SeriesTable::wait(const std::string& key, const Base& base) {
  const auto place = static_cast<std::uint32_t>(remembered_.size());
  if (!waiting_.try_emplace(key, Waiting{base, place}).second) return;
  first_heard_ = std::min(first_heard_, base.heard);
  SeriesName name = name_of_key(key);
  name.number = SeriesNumber{kWaiting + place};
  remembered_.push_back({std::move(name), {}});
  namesakes_.add(remembered_.back().name, kDistantPast,
                 [this](SeriesNumber number) -> const SeriesName& { return name_of(number); });
}

core::Status SeriesTable::restore(std::string_view data) {
  TRY(const Saved saved, parse(data));
  for (const auto& [key, base] : saved.bases) wait(key, base);
  adopt_rhythms(saved);
  return {};
}

std::uint32_t SeriesTable::rhythm_of(const std::string& name) {
  const auto next = static_cast<std::uint32_t>(rhythms_.size());
  const auto [entry, fresh] = rhythm_numbers_.try_emplace(name, next);
  if (fresh) rhythms_.emplace_back();
  return entry->second;
}

void SeriesTable::adopt_rhythms(const Saved& saved) {
  for (const auto& [name, rhythm] : saved.rhythms) {
    Rhythm& known = rhythms_[rhythm_of(name)];
    if (rhythm.heard > known.heard) known = rhythm;
  }
}

// All intervals of both, and the last of them, the oldest first.
void SeriesTable::remember(const Base& other, Base& base) {
  std::vector<Interval> all;
  for (const Base* each : {&other, static_cast<const Base*>(&base)}) {
    const std::size_t kept = std::min<std::size_t>(each->recent_count, each->recent.size());
    all.insert(all.end(), each->recent.begin(),
               each->recent.begin() + static_cast<std::ptrdiff_t>(kept));
  }
  const auto by_end = [](const Interval& a, const Interval& b) { return a.end < b.end; };
  std::stable_sort(all.begin(), all.end(), by_end);
  const auto same_end = [](const Interval& a, const Interval& b) { return a.end == b.end; };
  all.erase(std::unique(all.begin(), all.end(), same_end), all.end());
  const std::size_t kept = std::min(all.size(), base.recent.size());
  std::copy(all.end() - static_cast<std::ptrdiff_t>(kept), all.end(), base.recent.begin());
  base.recent_count = static_cast<std::uint32_t>(kept);
  base.covered.unite(other.covered);
}

core::Status SeriesTable::adopt(std::string_view data, const std::vector<SeriesNumber>& here) {
  TRY(const Saved saved, parse(data));
  const auto& found = saved.bases;
  const auto below = [](const auto& entry, const std::string& key) { return entry.first < key; };
  for (const SeriesNumber number : here) {
    Entry& entry = series_[number.value];
    const std::string key = key_of(entry.name);
    const auto theirs = std::lower_bound(found.begin(), found.end(), key, below);
    if (theirs == found.end() || theirs->first != key) continue;
    if (!entry.base.known) {
      entry.base = theirs->second;
    } else if (entry.base.recent_count > 0) {
      remember(theirs->second, entry.base);
    }
  }
  for (const auto& [key, base] : found) wait(key, base);
  adopt_rhythms(saved);
  return {};
}

}  // namespace rollbook::runtime
