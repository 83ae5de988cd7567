#pragma once
// Health: what a service would send that passes every criterion of a machine. For each metric the
// label sets on the wire, and what one request does to them. Made once, before the sandbox begins;
// exact integers throughout, so that a run is the same on every machine.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/machine.h"
#include "engine/core/types.h"

namespace rollbook::adapters {

// Whose requests move a series.
enum class Whose : std::uint8_t { all, canary, baseline };

// A stop or gate that a share of failing requests must stay below.
struct Ceiling {
  core::Fixed limit;        // of the ratio
  core::Duration window{};  // it is judged over
  core::Fixed per_request;  // of the ratio's denominator
};

struct WireSeries {
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;  // sorted
  core::MetricKind kind = core::MetricKind::counter;
  Whose whose = Whose::all;
  core::TargetIndex target{};       // whose traffic; invalid: the machine has no targets
  core::Fixed per_request;          // counters: added by each request
  std::vector<Ceiling> ceilings;    // counters of failures: `errors` raises them; else empty
  core::Fixed level;                // gauges
  std::vector<core::Fixed> bounds;  // histograms, in the wire's unit: every limit is among them
  core::Fixed scale;                // histograms: the healthy latencies' upper end
  // Failures that a fault alone brings (`errors 1% of type "oom"`): that label and its value. There
  // is no such series before the first of them.
  std::string kind_label = {}, kind_value = {};
};

// The load is what one request a second is multiplied by; needed for limits on rates and counts.
// Error: a metric for which no label set can be found.
core::Result<std::vector<WireSeries>> healthy_series(const core::Machine& machine,
                                                     std::int64_t peak_per_second);

// How often metrics must be sent for the machine's shortest window and silence; at most `most`.
core::Duration scrape_interval(const core::Machine& machine, core::Duration most);

// The share of healthy requests, in 10⁻⁹, that take no longer than `value`, where `scale` is the
// upper end.
std::int64_t share_within(core::Fixed value, core::Fixed scale);

}  // namespace rollbook::adapters
