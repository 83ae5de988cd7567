#include "tools/metric_units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>

#include "adapters/wire/text.h"
#include "engine/core/sentence.h"
#include "tools/metric_lines.h"

namespace rollbook::tools {
namespace {

using core::Fixed;
using core::Int128;

struct TimeUnit {
  std::string_view word;  // as a runbook has it
  std::string_view name;
  Fixed seconds;
  std::array<std::string_view, 4> spellings;
};
constexpr std::array<TimeUnit, 4> kUnits{{
    {"s", "seconds", Fixed{1'000'000'000}, {"sec", "secs", "second", "seconds"}},
    {"ms", "milliseconds", Fixed{1'000'000}, {"msec", "millis", "millisecond", "milliseconds"}},
    {"us", "microseconds", Fixed{1'000}, {"µs", "micros", "microsecond", "microseconds"}},
    {"ns", "nanoseconds", Fixed{1}, {"nsec", "nanos", "nanosecond", "nanoseconds"}},
}};

bool is_spelling(const TimeUnit& unit, std::string_view text) {
  return std::find(unit.spellings.begin(), unit.spellings.end(), text) != unit.spellings.end();
}

const TimeUnit* unit_named(std::string_view text) {
  for (const TimeUnit& unit : kUnits) {
    if (unit.word == text || is_spelling(unit, text)) return &unit;
  }
  return nullptr;
}

const TimeUnit& unit_of(const core::Metric& metric) {
  for (const TimeUnit& unit : kUnits) {
    if (unit.seconds == metric.unit) return unit;
  }
  return kUnits[0];
}

// `request_duration_milliseconds`, `latency.ms`; of the short ones only that which is nothing else.
const TimeUnit* unit_in_name(std::string_view name) {
  const std::string_view last = name.substr(name.find_last_of("._") + 1);
  if (last.size() == name.size()) return nullptr;
  for (const TimeUnit& unit : kUnits) {
    if (is_spelling(unit, last) || (unit.word == "ms" && last == "ms")) return &unit;
  }
  return nullptr;
}

std::string unit_said(const Subject& subject) {
  for (const SeenSeries* seen : subject.matched) {
    if (!seen->unit.empty()) return seen->unit;
  }
  return "";
}

// Whether its values are held against a number. Two arms are alike in any unit.
bool is_limited(const Subject& subject) {
  const core::Machine& machine = subject.machine;
  return std::any_of(machine.criteria.begin(), machine.criteria.end(),
                     [&](const core::Criterion& criterion) {
                       const bool values = criterion.measure == core::Measure::quantile ||
                                           criterion.measure == core::Measure::gauge ||
                                           criterion.measure == core::Measure::bracket;
                       if (!values || criterion.other.valid()) return false;
                       const core::Metric& metric =
                           machine.at(machine.at(machine.at(criterion.window).series).metric);
                       return metric.selector == subject.metric.selector;
                     });
}

// ---- Where the values lie -------------------------------------------------------------------

constexpr std::int64_t kFar = 10;

// How many observations lie far below a limit, near it, far above; `wide`: in a bucket that holds
// all three.
struct Spread {
  std::int64_t below = 0, near = 0, above = 0, wide = 0;

  bool all_above() const { return above > 0 && near == 0 && below == 0; }
  bool all_below() const { return below > 0 && near == 0 && above == 0; }
  bool all_wide() const { return wide > 0 && near == 0 && above == 0 && below == 0; }
  std::int64_t count() const { return below + near + above + wide; }
};

void add(const Bounds& bounds, const std::vector<std::int64_t>& counts, Fixed unit, Fixed limit,
         Spread& spread) {
  const Int128 far = limit.nanos * kFar, close = limit.nanos / kFar;
  const auto edge = [&](std::size_t i) { return bounds[i].nanos * unit.nanos / Fixed::kScale; };
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const Int128 low = i == 0 ? 0 : edge(i - 1);
    const bool open = i == bounds.size();
    if (low >= far) {
      spread.above += counts[i];
    } else if (!open && edge(i) <= close) {
      spread.below += counts[i];
    } else if (low <= close && (open || edge(i) >= far)) {
      spread.wide += counts[i];
    } else {
      spread.near += counts[i];
    }
  }
}

Spread spread_of(const Subject& subject, Fixed unit, Fixed limit) {
  Spread spread;
  for (const auto& [bounds, counts] : subject.layouts) add(bounds, counts, unit, limit, spread);
  return spread;
}

std::vector<Fixed> limits_in(const MetricFinding& found) {
  std::vector<Fixed> limits;
  for (const LimitFinding& limit : found.limits) {
    if (limit.limit && limit.limit->nanos > 0) limits.push_back(*limit.limit);
  }
  std::sort(limits.begin(), limits.end());
  limits.erase(std::unique(limits.begin(), limits.end()), limits.end());
  return limits;
}

// The one unit in which some of them lie near a limit.
const TimeUnit* fitting(const Subject& subject, const std::vector<Fixed>& limits) {
  const TimeUnit* only = nullptr;
  for (const TimeUnit& unit : kUnits) {
    const bool near = std::any_of(limits.begin(), limits.end(), [&](Fixed limit) {
      return spread_of(subject, unit.seconds, limit).near > 0;
    });
    if (!near) continue;
    if (only != nullptr) return nullptr;
    only = &unit;
  }
  return only;
}

std::string limits_text(const MetricFinding& found, const std::vector<Fixed>& limits) {
  if (limits.size() == 1) return "the limit of " + core::value_text(found.unit, limits[0]);
  return fmt::format("the limits from {} to {}", core::value_text(found.unit, limits.front()),
                     core::value_text(found.unit, limits.back()));
}

}  // namespace

void check_unit(const Subject& subject, MetricFinding& found) {
  const core::Metric& metric = subject.metric;
  if (metric.kind == core::MetricKind::counter || found.unit != core::Unit::seconds) return;
  const std::string said = unit_said(subject);
  const TimeUnit* wire = unit_named(said);
  const bool by_name = wire == nullptr;
  // Who writes `in us` of a name in `_seconds` knows better than the name.
  if (by_name && metric.unit == Fixed::from_int(1)) wire = unit_in_name(metric.selector);
  if (wire == nullptr || wire->seconds == metric.unit) return;
  auto& told = is_limited(subject) ? found.problems : found.warnings;
  told.push_back(fmt::format(
      "its values are {}, {}, and the runbook takes them for {}", wire->name,
      by_name ? "as its name says" : fmt::format("its sender says `{}`", adapters::printable(said)),
      unit_of(metric).name));
  propose(subject, with_unit(subject.line, wire->word), found);
}

void check_values(const Subject& subject, MetricFinding& found) {
  const core::Metric& metric = subject.metric;
  if (found.unit != core::Unit::seconds || unit_named(unit_said(subject)) != nullptr) return;
  const std::vector<Fixed> limits = limits_in(found);
  if (limits.empty()) return;
  const auto all = [&](bool (Spread::*lie)() const) {
    return std::all_of(limits.begin(), limits.end(), [&](Fixed limit) {
      return (spread_of(subject, metric.unit, limit).*lie)();
    });
  };
  const std::string count =
      fmt::format("all {} observations", spread_of(subject, metric.unit, limits[0]).count());
  const std::string held = limits_text(found, limits);
  if (all(&Spread::all_wide)) {
    found.warnings.push_back(fmt::format(
        "{} lie in one bucket that holds {} and ten times that: how many lie above cannot be told. "
        "Are its values of another unit, so that `in ms` is to be written? Else let its sender "
        "have bounds near the limit",
        count, held));
    return;
  }
  const bool above = all(&Spread::all_above);
  // That seconds lie far below a limit is a matter of taste, where it is known that they are.
  const bool known = unit_in_name(metric.selector) != nullptr && metric.unit == Fixed::from_int(1);
  if (!above && (known || !all(&Spread::all_below))) return;
  const std::string where =
      fmt::format("{} lie more than {} times {} {}", count, kFar, above ? "above" : "below", held);
  const TimeUnit* unit = fitting(subject, limits);
  if (unit == nullptr) {
    found.warnings.push_back(
        fmt::format("{}: are its values {}, and is that the limit that was "
                    "meant?",
                    where, unit_of(metric).name));
    return;
  }
  found.warnings.push_back(
      fmt::format("{}: are its values {}, and not {}? If so, write the line below", where,
                  unit->name, unit_of(metric).name));
  propose(subject, with_unit(subject.line, unit->word), found);
}

}  // namespace rollbook::tools
