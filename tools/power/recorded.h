#pragma once
// Recorded: what a healthy service really does, from metrics that were recorded: how many requests
// come, how far apart that is told, and which share of them is bad in the eyes of each criterion.
// From a file here; from a topic with tools/metric_reading.h.

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/cli.h"
#include "tools/power/study.h"
#include "tools/power/tally.h"

namespace rollbook::power {

struct Recorded {
  std::vector<Load> loads;              // the busiest and the quietest five minutes
  std::map<std::string, double> rates;  // by a criterion's id
  // Of each criterion on a quantile: edges of its buckets, rising, and the share above each.
  struct Edges {
    std::vector<std::pair<core::Fixed, double>> above;
    double requests = 0;
    bool exponential = false;
  };
  std::map<std::string, Edges> edges;
  std::map<std::string, Level> levels;  // of each criterion on a gauge
  core::Duration span{};
  std::int64_t points = 0;  // of the runbook's metrics
  // Between two points of a series of requests, the median; nothing where none had two.
  std::optional<core::Duration> every;
};
// Where no request was bad there may be as many as would show one in twenty such recordings.
double rate_of(double bad, double requests);

// Healthy is what was recorded, where nobody has said otherwise.
void take(const Recorded& recorded, const core::Machine& machine, Settings& settings);

// Error: nothing that is a request in the eyes of a criterion was counted.
tools::Outcome<Recorded> recorded_of(const core::Machine& machine, const Tally& tally);

// Lines of Rollbook JSON, or of any other format of metrics, each with its time. Error: no such
// file, a line that is no metric or has no time, or as above.
tools::Outcome<Recorded> read_recorded(const core::Machine& machine, const std::string& path);

}  // namespace rollbook::power
