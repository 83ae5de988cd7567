#include "adapters/sandbox/traffic.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "adapters/wire/text.h"

namespace rollbook::adapters {

namespace {

using core::Fixed;
using core::Int128;
using core::Time;

constexpr Int128 kScale = Fixed::kScale;
constexpr std::int64_t kJitterPermille = 30;
// What the service's tracer keeps: of a thousand failures, of a thousand requests that took longer
// than a healthy one ever does, of a thousand of the slowest healthy ones.
constexpr std::int64_t kFailuresTraced = 100;
constexpr std::int64_t kBeyondTraced = 100;
constexpr std::int64_t kSlowTraced = 10;
constexpr std::int64_t kSlowFromPermille = 800;  // of the healthy end: one request in five hundred
constexpr std::int64_t kTracesMost = 3;          // of a series in a scrape

std::string_view kind_word(core::MetricKind kind) {
  switch (kind) {
    case core::MetricKind::counter:
      return "counter";
    case core::MetricKind::histogram:
      return "histogram";
    case core::MetricKind::gauge:
      return "gauge";
  }
  return "";
}

Fixed times(Fixed a, Fixed b) { return Fixed{a.nanos * b.nanos / kScale}; }

std::string integer(Int128 value) { return std::to_string(static_cast<std::int64_t>(value)); }

template <class Counts>
Int128 weighed(const std::vector<std::int64_t>& permille, const Counts& counts) {
  Int128 sum = 0;
  for (std::size_t i = 0; i < permille.size(); ++i) {
    if (permille[i] != 0) sum += counts[i] * permille[i];
  }
  return sum;
}

constexpr int kBits = 62;
constexpr Int128 one() { return Int128{1} << kBits; }

// e^(−λ) · 2⁶², λ in 10⁻⁹: by the power series, for λ up to 1.
constexpr Int128 exp_series(Int128 nanos) {
  Int128 term = one(), sum = term;
  for (int n = 1; n <= 22; ++n) {
    term = -term * nanos / kScale / n;
    sum += term;
  }
  return sum;
}

// … and a factor 1/e for each whole.
Int128 exp_minus(Int128 nanos) {
  constexpr Int128 kInverseE = exp_series(kScale);
  Int128 result = exp_series(nanos % kScale);
  for (Int128 whole = nanos / kScale; whole > 0; --whole) result = result * kInverseE >> kBits;
  return result;
}

}  // namespace

Int128 Load::nanos_at(Time time) const {
  using namespace std::chrono_literals;
  const auto of_day = (time.time_since_epoch() - 4h) % 24h;
  // 0 at the trough, half a day at the peak.
  const core::Duration from_trough = of_day <= 12h ? of_day : 24h - of_day;
  const Int128 half_day = core::Duration(12h).count();
  return trough * kScale + (Int128{peak} - trough) * kScale * from_trough.count() / half_day;
}

std::uint64_t Random::next() {
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
  return mixed ^ (mixed >> 31U);
}

std::int64_t Random::around_zero(std::int64_t most) {
  return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(2 * most + 1)) - most;
}

bool Random::happens(Fixed share) {
  return share.nanos > 0 &&
         next() % static_cast<std::uint64_t>(kScale) < static_cast<std::uint64_t>(share.nanos);
}

// Knuth's product of uniform numbers (The Art of Computer Programming 2, 3.4.1), by mouthfuls whose
// e^−λ is still exact enough in 62 bits.
std::int64_t Random::poisson(Int128 mean) {
  constexpr Int128 kMouthful = 16 * kScale;
  std::int64_t count = 0;
  for (; mean > 0; mean -= kMouthful) {
    const Int128 limit = exp_minus(std::min(mean, kMouthful));
    for (Int128 product = one(); product > limit; ++count) {
      product = product * static_cast<Int128>(next() >> 2) >> kBits;
    }
    --count;
  }
  return count;
}

std::vector<core::Weight> begins_of(const core::Machine& machine) {
  std::vector<core::Weight> weights;
  for (const core::Target& target : machine.targets) weights.push_back(target.begins);
  if (weights.empty()) weights.push_back(machine.begins);
  return weights;
}

Traffic::Traffic(std::vector<WireSeries> series, Load load, Time start, std::uint64_t seed,
                 std::vector<core::Weight> weights)
    : load_(load),
      starts_{start, start, start},
      told_(starts_),
      now_(start),
      random_(seed),
      traces_(seed ^ 0xd1b54a32d192ed03ULL),
      weights_(std::move(weights)),
      troubles_(weights_.size()) {
  for (WireSeries& one : series) {
    Kept& kept = kept_.emplace_back();
    kept.prefix = "{\"metric\":" + quoted(one.name) + ",\"labels\":{";
    for (std::size_t i = 0; i < one.labels.size(); ++i) {
      kept.prefix +=
          (i == 0 ? "" : ",") + quoted(one.labels[i].first) + ":" + quoted(one.labels[i].second);
    }
    kept.prefix += "},\"kind\":\"" + std::string(kind_word(one.kind)) + "\",";
    kept.series = std::move(one);
    if (kept.series.kind == core::MetricKind::histogram) {
      kept.prefix += "\"bounds\":[";
      for (std::size_t i = 0; i < kept.series.bounds.size(); ++i) {
        kept.prefix += (i == 0 ? "" : ",") + format_fixed(kept.series.bounds[i]);
      }
      kept.prefix += "],";
      kept.buckets.assign(kept.series.bounds.size() + 1, 0);
      const Fixed slow{kept.series.scale.nanos * kSlowFromPermille / 1000};
      Fixed low;
      for (std::size_t i = 0; i < kept.buckets.size(); ++i) {
        kept.traced_permille.push_back(low >= kept.series.scale ? kBeyondTraced
                                       : low >= slow            ? kSlowTraced
                                                                : 0);
        if (i < kept.series.bounds.size()) low = kept.series.bounds[i];
      }
      update_shares(kept, Fixed::from_int(1));
    }
  }
}

void Traffic::set_weight(core::TargetIndex target, core::Weight weight) {
  weights_[row(target)] = weight;
  // Parts of a failure are forgotten: else the first one after a shift would fall on few requests.
  for (Kept& kept : kept_) {
    if (row(kept.series.target) != row(target)) continue;
    if (!kept.series.ceilings.empty()) kept.count -= kept.count % kScale;
  }
}

void Traffic::vary() { permille_ = 1000 + random_.around_zero(kJitterPermille); }

Int128 Traffic::requests_of(Whose whose, core::TargetIndex target, Int128 all) const {
  const Int128 own = all / static_cast<std::int64_t>(weights_.size());
  const std::int64_t nanos = weights_[row(target)].nanos;
  const Int128 canary = own / kScale * nanos + own % kScale * nanos / kScale;
  switch (whose) {
    case Whose::all:
      return own;
    case Whose::canary:
      return canary;
    case Whose::baseline:
      return own - canary;
  }
  return 0;
}

void Traffic::flow_until(Time now) {
  if (now <= now_) return;
  const Int128 per_second = load_.nanos_at(now_) * permille_ / 1000;
  const Int128 requests = per_second * (now - now_).count() / kScale;
  for (Kept& kept : kept_) {
    flow(kept, requests_of(kept.series.whose, kept.series.target, requests),
         requests_of(kept.series.whose, kept.series.target, per_second));
  }
  now_ = now;
}

void Traffic::flow(Kept& kept, Int128 requests, Int128 per_second) {
  const Trouble& trouble = troubles(kept.series.whose, kept.series.target);
  switch (kept.series.kind) {
    case core::MetricKind::counter: {
      const Int128 mean = requests * effective(kept, trouble, per_second).nanos / kScale;
      const bool by_chance = trouble.at_random && !kept.series.ceilings.empty();
      kept.count += by_chance ? random_.poisson(mean) * kScale : mean;
      return;
    }
    case core::MetricKind::histogram:
      if (kept.shares_factor != trouble.latency) update_shares(kept, trouble.latency);
      for (std::size_t i = 0; i < kept.buckets.size(); ++i) {
        kept.buckets[i] += requests * kept.shares[i] / kScale;
      }
      return;
    case core::MetricKind::gauge:
      return;
  }
}

// What a request adds to a counter. Where a window holds so few requests that one failure would
// already be too many, a healthy service has none.
Fixed Traffic::effective(const Kept& kept, const Trouble& trouble, Int128 per_second) {
  const WireSeries& series = kept.series;
  if (series.ceilings.empty()) return series.per_request;
  const Fixed requests_each = series.ceilings.front().per_request;
  if (!series.kind_label.empty()) {
    const bool suffers =
        series.kind_label == trouble.kind_label && series.kind_value == trouble.kind_value;
    return suffers ? times(trouble.kind_errors, requests_each) : Fixed{};
  }
  if (trouble.errors.nanos > 0) return times(trouble.errors, requests_each);
  for (const Ceiling& ceiling : series.ceilings) {
    const Int128 requests = per_second * ceiling.window.count() / kScale;  // in 10⁻⁹, as all here
    const Int128 in_window = requests * ceiling.per_request.nanos / kScale;
    const Int128 failures_allowed = in_window * ceiling.limit.nanos / kScale;
    if (failures_allowed * 2 < 5 * kScale) return Fixed{};
  }
  return series.per_request;
}

void Traffic::update_shares(Kept& kept, Fixed factor) {
  const Fixed scale{kept.series.scale.nanos * factor.nanos / kScale};
  kept.shares_factor = factor;
  kept.shares.clear();
  std::int64_t before = 0;
  for (const Fixed bound : kept.series.bounds) {
    const std::int64_t within = share_within(bound, scale);
    kept.shares.push_back(within - before);
    before = within;
  }
  kept.shares.push_back(static_cast<std::int64_t>(kScale) - before);
}

std::string Traffic::lines(Whose whose, Time now) {
  std::string text;
  const std::string start =
      std::to_string(starts_[static_cast<std::size_t>(whose)].time_since_epoch().count());
  const std::string time = std::to_string(now.time_since_epoch().count());
  for (Kept& kept : kept_) {
    if (kept.series.whose != whose || silent(whose, kept.series.target)) continue;
    if (!kept.series.kind_label.empty() && kept.count < kScale) continue;
    text += kept.prefix;
    write_value(kept, text);
    write_exemplars(kept, now, text);
    if (kept.series.kind != core::MetricKind::gauge) text += ",\"start\":" + start;
    text += ",\"time\":" + time + "}\n";
  }
  told_[static_cast<std::size_t>(whose)] = now;
  return text;
}

void Traffic::write_value(const Kept& kept, std::string& line) const {
  if (kept.series.kind == core::MetricKind::gauge) {
    line += "\"value\":" + format_fixed(kept.series.level);
    return;
  }
  if (kept.series.kind == core::MetricKind::counter) {
    line += "\"value\":" + integer(kept.count / kScale);
    return;
  }
  line += "\"counts\":[";
  // The middle of each bucket stands for its requests.
  Int128 sum = 0;
  Fixed below;
  for (std::size_t i = 0; i < kept.buckets.size(); ++i) {
    const Int128 count = kept.buckets[i] / kScale;
    if (i > 0) line += ',';
    line += integer(count);
    const Fixed above = i < kept.series.bounds.size() ? kept.series.bounds[i] : below;
    sum += count * ((below.nanos + above.nanos) / 2);
    below = above;
  }
  line += "],\"sum\":" + format_fixed(Fixed{sum});
}

void Traffic::write_exemplars(Kept& kept, Time now, std::string& line) {
  const bool histogram = kept.series.kind == core::MetricKind::histogram;
  if (!histogram && kept.series.ceilings.empty()) return;
  Int128 worth = kept.count * kFailuresTraced;
  if (histogram) worth = weighed(kept.traced_permille, kept.buckets);
  const auto traced = static_cast<std::int64_t>(worth / 1000 / kScale);
  const std::int64_t number = std::min(traced - std::exchange(kept.traced, traced), kTracesMost);
  const Time since = told_[static_cast<std::size_t>(kept.series.whose)];
  if (number <= 0 || since >= now) return;
  for (std::int64_t i = 0; i < number; ++i) {
    const auto age = traces_.next() % static_cast<std::uint64_t>((now - since).count());
    const Time at = now - core::Duration(static_cast<std::int64_t>(age));
    const Fixed value = histogram ? slow_value(kept) : Fixed::from_int(1);
    const std::uint64_t high = traces_.next();
    line += fmt::format("{}{{\"value\":{},\"time\":{},\"trace_id\":\"{:016x}{:016x}\"}}",
                        i == 0 ? ",\"exemplars\":[" : ",", format_fixed(value),
                        at.time_since_epoch().count(), high, traces_.next());
  }
  line += ']';
}

// One of those that are traced at present, to the microsecond where the metric counts seconds.
Fixed Traffic::slow_value(const Kept& kept) {
  const auto& bounds = kept.series.bounds;
  const auto all = static_cast<std::uint64_t>(weighed(kept.traced_permille, kept.shares));
  // They came before a fault that made all of them fast.
  if (all == 0) return Fixed{kept.series.scale.nanos * kSlowFromPermille / 1000};
  auto place = static_cast<std::int64_t>(traces_.next() % all);
  std::size_t bucket = 0;
  while (place >= kept.shares[bucket] * kept.traced_permille[bucket]) {
    place -= kept.shares[bucket] * kept.traced_permille[bucket];
    ++bucket;
  }
  const Fixed low = bounds[bucket - 1];  // the first one is never traced
  const Fixed high = bucket < bounds.size() ? bounds[bucket] : Fixed{low.nanos * 2};
  const auto width = static_cast<std::uint64_t>(std::max<Int128>(high.nanos - low.nanos, 1));
  const Fixed value{low.nanos + static_cast<std::int64_t>(traces_.next() % width)};
  return Fixed{value.nanos - value.nanos % 1000};
}

}  // namespace rollbook::adapters
