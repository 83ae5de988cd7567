#pragma once
// Load: which series a made-up healthy service exports, so that every criterion of a runbook
// passes: ratios stay at a fifth of their strictest limit, quantiles below theirs. All integers.

#include <string>
#include <utility>
#include <vector>

#include "engine/core/machine.h"

namespace rollbook::adapters {

enum class Part : std::uint8_t {
  traffic,  // requests: a share of the load, split by weight
  errors,   // a small share of the requests
  gauge,    // a steady value
  latency,  // a histogram of the requests
};

// One series of one arm; the arm's label is added when it is sent.
struct LoadSeries {
  Part part = Part::traffic;
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;
  bool split = true;                // by arm; else a total
  core::Fixed share;                // of the requests: traffic and errors
  core::Fixed value;                // gauges
  std::vector<core::Fixed> bounds;  // latency, in the unit of the wire
  // Latency: values of a healthy service, and how many of a thousand requests take them.
  std::vector<std::pair<core::Fixed, int>> values;
};

std::vector<LoadSeries> load_of(const core::Machine& machine);

}  // namespace rollbook::adapters
