#include "adapters/sandbox/traffic.h"

#include <algorithm>

#include "adapters/wire/text.h"

namespace rollbook::adapters {

namespace {

using core::Fixed;
using core::Int128;
using core::Time;

constexpr Int128 kScale = Fixed::kScale;
constexpr std::int64_t kJitterPermille = 30;

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
      now_(start),
      random_(seed),
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

std::string Traffic::lines(Whose whose, Time now) const {
  std::string text;
  const std::string start =
      std::to_string(starts_[static_cast<std::size_t>(whose)].time_since_epoch().count());
  const std::string time = std::to_string(now.time_since_epoch().count());
  for (const Kept& kept : kept_) {
    if (kept.series.whose != whose || silent(whose, kept.series.target)) continue;
    if (!kept.series.kind_label.empty() && kept.count < kScale) continue;
    text += kept.prefix;
    write_value(kept, text);
    if (kept.series.kind != core::MetricKind::gauge) text += ",\"start\":" + start;
    text += ",\"time\":" + time + "}\n";
  }
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

}  // namespace rollbook::adapters
