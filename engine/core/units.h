#pragma once
// Units: what the values of a metric are, as far as the runbook says it, and how they are shown.
// Points carry numbers; that 65536 is `64KiB` of one metric and eighteen hours of another only the
// limits tell that it is held to.
//
//   value_text(unit_of(machine, criterion), value)  // "64KiB"

#include <string>
#include <string_view>

#include "engine/core/machine.h"

namespace rollbook::core {

enum class Unit : std::uint8_t { number, seconds, bytes, ratio, per_second };

// Of the values of a gauge or a histogram. `in ms` and a name in `_seconds` are time; else the
// first limit that the runbook holds them to says it. Where none does, a name in `_bytes` is a
// size, another histogram a latency and another gauge a number.
Unit unit_of(const Machine& machine, MetricIndex metric);
// Of what the criterion measures: a ratio and a rate are what they are of any metric.
Unit unit_of(const Machine& machine, const Criterion& criterion);

// "number", "seconds", "bytes", "ratio", "per_second".
std::string_view name_of(Unit unit);

// "12", "13ms", "1.5GiB", "1.24%", "45/s".
std::string value_text(Unit unit, Fixed value);

}  // namespace rollbook::core
