#pragma once
// Model: what a healthy canary is in the eyes of a criterion, and what a sick one: what a study of
// it tries (study.h), or why nothing can be tried and what to do about it.

#include <optional>
#include <string>
#include <vector>

#include "engine/core/machine.h"
#include "tools/power/latency.h"
#include "tools/power/load.h"

namespace rollbook::power {

// What is wrong with a sick canary. In the numbers of Model, by a `multiple`:
enum class Sickness : std::uint8_t {
  failing,   // so many times the share of bad requests that the limit allows
  slower,    // so many times the share that the quantile allows lies beyond the limit, which is the
             // other arm's quantile times the factor: all of its requests take longer by one factor
  changed,   // what was level falls by so many times the tolerance
  diverted,  // of the requests that were planned for it one in so many arrives
  level,     // so many times the limit, or one in so many of a limit from below, a second
};
Sickness sickness_of(const core::Criterion& criterion);

// Of a gauge, as it was recorded: its range, and in how many of so many spans some point of it lay
// beyond the limit.
struct Level {
  double least = 0, greatest = 0;
  std::size_t spans = 0, beyond = 0;
};

struct Model {
  std::string uncovered;  // why nothing can be said; "" where something is
  Sickness sickness = Sickness::failing;
  // What the limit allows: a share of requests; `changed`: the tolerance; `diverted`: the planned
  // weight; `level`: a second.
  double allowed = 0;
  // The same of a healthy one: its share, no change, the weight, a second.
  double healthy = 0;
  std::string healthy_from;        // "limit", "given", "load", "arm", "past" or "plan"
  bool by_request = false;         // `level`: `healthy` is so many a request of the load
  double base = 0;                 // `changed`: so many a request; against another arm: its share
  bool floor = false;              // `level`: what is healthy lies above the limit
  std::optional<Latency> latency;  // `slower`
  double limit_seconds = 0;        // the same: the other arm's quantile times the factor
  std::optional<Level> recorded;   // a gauge's: told, but nothing is tried

  // What a canary has that is so sick, in the same terms; nothing where none can be.
  std::optional<double> at(double multiple) const;
  // `slower`: by what factor all its requests take longer for that share of them to lie beyond the
  // limit. Of several the nearest to 1, so that a healthy one is as fast as the other arm.
  double slowdown(double share) const;
};

// What is known of a criterion beside its own words.
struct Known {
  double healthy_part = 0;         // of what a limit allows
  std::optional<double> rate;      // of a healthy canary
  std::optional<Latency> latency;  // as it was recorded
  std::optional<Level> level;      // the same
  core::Weight weight;             // of the canary where it is first judged
};
Model model_of(const core::Machine& machine, const core::Criterion& criterion, const Known& known);

// Of a criterion on a share: what its limit allows. A ratio that must stay above a limit is looked
// at from its other side.
double allowed_share(const core::Criterion& criterion);
bool is_turned(const core::Criterion& criterion);
// Whether it is told of: not what only says when another counts.
bool is_told(const core::Criterion& criterion);
// Whether a rate says what is healthy in its eyes: a share of requests, or so many of them.
bool takes_rate(const core::Criterion& criterion);

// What a criterion takes for requests: the denominators of ratios of split metrics, in order, then
// histograms.
std::vector<core::MetricIndex> counts_requests(const core::Machine& machine);

}  // namespace rollbook::power
