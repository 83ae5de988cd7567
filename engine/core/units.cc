#include "engine/core/units.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "engine/core/sentence.h"

namespace rollbook::core {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The right side of a comparison as it was written; "" where there is none.
std::string_view limit_in(std::string_view text) {
  const std::size_t sign = text.find_first_of("<>");
  if (sign == std::string_view::npos) return "";
  text.remove_prefix(sign + 1);
  std::size_t end = text.size();
  for (const std::string_view clause : {" over ", " for ", " with ", " at least "}) {
    end = std::min(end, text.find(clause));
  }
  return text.substr(0, end);
}

// What stands right behind the digits of a number.
Unit unit_in(std::string_view suffix) {
  if (suffix.starts_with('%')) return Unit::ratio;
  if (suffix.size() > 1 && suffix[0] == '/' && is_letter(suffix[1])) return Unit::per_second;
  const auto end = std::find_if_not(suffix.begin(), suffix.end(), is_letter);
  const std::string_view name = suffix.substr(0, static_cast<std::size_t>(end - suffix.begin()));
  if (name.empty()) return Unit::number;
  return name.ends_with('B') ? Unit::bytes : Unit::seconds;
}

// The type of a limit is in the text alone: `64KiB`, `2 * 15ms`, `80% * 8GiB`. Shares and bare
// numbers are factors where another unit stands beside them.
Unit unit_of_limit(std::string_view limit) {
  Unit unit = Unit::number;
  for (std::size_t i = 0; i < limit.size(); ++i) {
    if (!is_digit(limit[i])) continue;
    const bool inside = i > 0 && (is_letter(limit[i - 1]) || limit[i - 1] == '_');
    i = std::min(limit.find_first_not_of("0123456789._", i), limit.size());
    if (inside) continue;  // of a word, or the second part of `2m30s`
    const Unit found = unit_in(limit.substr(i));
    if (found != Unit::number && found != Unit::ratio) return found;
    if (found == Unit::ratio) unit = found;
  }
  return unit;
}

bool measures_values(const Criterion& criterion) {
  return criterion.measure == Measure::quantile || criterion.measure == Measure::gauge ||
         criterion.measure == Measure::bracket;
}

// Other folds of one gauge are metrics of their own; their values are the same.
bool same_values(const Metric& a, const Metric& b) {
  return a.selector == b.selector && a.matchers == b.matchers;
}

MetricIndex metric_of(const Machine& machine, const Criterion& criterion) {
  return machine.at(machine.at(criterion.window).series).metric;
}

std::optional<Unit> unit_of_limits(const Machine& machine, const Metric& metric) {
  for (const Criterion& criterion : machine.criteria) {
    if (!measures_values(criterion) || criterion.other.valid()) continue;
    if (!same_values(machine.at(metric_of(machine, criterion)), metric)) continue;
    const std::string_view limit = limit_in(criterion.text);
    if (!limit.empty()) return unit_of_limit(limit);
  }
  return std::nullopt;
}

std::string bytes_text(Fixed value) {
  static constexpr std::array<std::pair<int, const char*>, 4> kUnits{
      {{40, "TiB"}, {30, "GiB"}, {20, "MiB"}, {10, "KiB"}}};
  const Int128 size = value.nanos < 0 ? -value.nanos : value.nanos;
  for (const auto& [bits, name] : kUnits) {
    const Int128 unit = Int128{1} << bits;
    if (size >= unit * Fixed::kScale) return rounded_text(Fixed{value.nanos / unit}, 3) + name;
  }
  return rounded_text(value, 3) + "B";
}

std::string seconds_text(Fixed value) {
  constexpr Int128 kMost = std::numeric_limits<Duration::rep>::max();
  if (value.nanos > kMost || value.nanos < -kMost) return rounded_text(value, 3) + "s";
  return duration_text(Duration(static_cast<Duration::rep>(value.nanos)));
}

}  // namespace

Unit unit_of(const Machine& machine, MetricIndex index) {
  const Metric& metric = machine.at(index);
  const bool time = metric.unit != Fixed::from_int(1) || metric.selector.ends_with("_seconds");
  if (time) return Unit::seconds;
  if (const auto unit = unit_of_limits(machine, metric)) return *unit;
  if (metric.selector.ends_with("_bytes")) return Unit::bytes;
  return metric.kind == MetricKind::histogram ? Unit::seconds : Unit::number;
}

Unit unit_of(const Machine& machine, const Criterion& criterion) {
  switch (criterion.measure) {
    case Measure::ratio:
    case Measure::split:
    case Measure::score:
      return Unit::ratio;
    case Measure::absent:
      return Unit::seconds;
    case Measure::rate:
      return Unit::per_second;
    case Measure::count:
      return Unit::number;
    case Measure::quantile:
    case Measure::gauge:
    case Measure::bracket:
      return unit_of(machine, metric_of(machine, criterion));
  }
  return Unit::number;
}

std::string_view name_of(Unit unit) {
  static constexpr std::string_view kNames[] = {"number", "seconds", "bytes", "ratio",
                                                "per_second"};
  return kNames[static_cast<std::size_t>(unit)];
}

std::string value_text(Unit unit, Fixed value) {
  switch (unit) {
    case Unit::number:
      return rounded_text(value, 6);
    case Unit::seconds:
      return seconds_text(value);
    case Unit::bytes:
      return bytes_text(value);
    case Unit::ratio:
      return percent_text(value);
    case Unit::per_second:
      return rounded_text(value, 3) + "/s";
  }
  return "";
}

}  // namespace rollbook::core
