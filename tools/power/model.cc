#include "tools/power/model.h"

#include <cmath>

#include "dsl/format_value.h"
#include "engine/core/found.h"

namespace rollbook::power {

using namespace rollbook::core;

namespace {

double number(Fixed value) { return static_cast<double>(value.nanos) * 1e-9; }

Model untold(std::string why) {
  Model model;
  model.uncovered = std::move(why);
  return model;
}

// How to say it, for what only people or a recording know.
std::string to_say(const Criterion& criterion, const std::string& what) {
  return "say " + what + " with --healthy " + criterion.id + "=RATE, or take it --from a recording";
}

// ---- Shares ---------------------------------------------------------------------------------

Model share_of(const Criterion& criterion, const Known& known) {
  const bool turned = is_turned(criterion);
  if (criterion.measure == Measure::quantile && turned) {
    return untold("a quantile that must stay above a limit has no share of bad requests");
  }
  if (turned && criterion.limit.nanos <= Fixed::kScale / 2) {
    return untold(
        "a ratio that must stay above a limit under 50% counts what goes well, not what fails");
  }
  Model model;
  model.allowed = allowed_share(criterion);
  if (model.allowed <= 0 || model.allowed >= 1) return untold("its limit lies at 0% or 100%");
  model.healthy = known.rate.value_or(model.allowed * known.healthy_part);
  model.healthy_from = known.rate ? "given" : "limit";
  return model;
}

// `canary.error_rate > baseline.error_rate * 150%`: against another arm the limit is a multiple of
// what is healthy there.
Model of_two_shares(const Criterion& criterion, const Known& known) {
  if (is_turned(criterion)) {
    return untold("a ratio that must stay above another arm's counts what goes well");
  }
  if (!known.rate) {
    return untold("it compares two arms: " + to_say(criterion, "their healthy rate"));
  }
  Model model;
  model.healthy = model.base = *known.rate;
  model.healthy_from = "given";
  model.allowed = *known.rate * number(criterion.factor);
  return model;
}

Model of_two_quantiles(const Criterion& criterion, const Known& known) {
  if (is_turned(criterion)) {
    return untold("a quantile that must stay above another arm's has no share of bad requests");
  }
  Model model;
  model.sickness = Sickness::slower;
  model.latency = known.latency ? known.latency : Latency::usual(criterion.quantile);
  model.allowed = allowed_share(criterion);
  if (!model.latency->knows(model.allowed)) {
    return untold("its quantile lies beyond the last bucket of what was recorded");
  }
  model.limit_seconds = model.latency->exceeded_by(model.allowed) * number(criterion.factor);
  model.healthy = model.latency->above(model.limit_seconds);
  model.healthy_from = "arm";
  return model;
}

// ---- Counts ---------------------------------------------------------------------------------

bool counts_the_load(const Machine& machine, const Criterion& criterion) {
  const std::vector<MetricIndex> requests = counts_requests(machine);
  return !requests.empty() &&
         machine.at(machine.at(criterion.window).series).metric == requests.front();
}

Model of_unchanged(const Machine& machine, const Criterion& criterion, const Known& known) {
  const bool ratio = criterion.measure == Measure::ratio;
  if (!ratio && machine.at(machine.at(criterion.window).series).arm != Arm::total) {
    return untold("a count of one arm changes with each shift: a ratio does not, nor a total");
  }
  Model model;
  model.sickness = Sickness::changed;
  model.allowed = number(criterion.tolerance);
  model.healthy_from = "past";
  if (known.rate) {
    model.base = *known.rate;
  } else if (!ratio && counts_the_load(machine, criterion)) {
    model.base = 1;
  } else {
    return untold("how many come is not known: " + to_say(criterion, "how many a request"));
  }
  return model;
}

Model of_level(const Machine& machine, const Criterion& criterion, const Known& known) {
  if (criterion.other.valid()) {
    return untold("how many come of each arm is decided by their weights: compare a ratio");
  }
  if (criterion.limit.nanos <= 0) return untold("its limit lies at zero");
  Model model;
  model.sickness = Sickness::level;
  const double width = static_cast<double>(machine.at(criterion.window).width.count()) * 1e-9;
  model.allowed = number(criterion.limit) / (criterion.measure == Measure::count ? width : 1);
  model.floor = is_turned(criterion);
  model.by_request = known.rate || counts_the_load(machine, criterion);
  model.healthy_from = known.rate ? "given" : model.by_request ? "load" : "limit";
  model.healthy = model.by_request ? known.rate.value_or(1)
                  : model.floor    ? model.allowed / known.healthy_part
                                   : model.allowed * known.healthy_part;
  return model;
}

Model of_new_kinds(const Criterion& criterion, const Known& known) {
  const double first = std::pow(static_cast<double>(known.weight.nanos) * 1e-9,
                                std::max(1.0, number(criterion.limit)));
  return untold(
      "which kinds of errors there are is not known; one that both arms have comes so "
      "often on the canary first with a chance of " +
      dsl::about_percent(first) + " at most");
}

// A recording has a level, but not how it would go on.
Model of_gauge(const Criterion& criterion, const Known& known) {
  if (criterion.other.valid()) {
    return untold(
        "how two gauges scatter is not known: try it in a scenario, `rollbook test`, or with "
        "`rollbook simulate` over a recording");
  }
  if (!known.level) {
    return untold(
        "a gauge has a level of its own, which neither the load nor its limit tells: take "
        "it --from a recording, or try it in a scenario, `rollbook test`");
  }
  Model model = untold("a gauge is no count of chances: how it was is said, not how it will be");
  model.recorded = known.level;
  return model;
}

Model of_split(const Known& known) {
  if (known.weight == kNoTraffic) return untold("no traffic is planned for the canary there");
  Model model;
  model.sickness = Sickness::diverted;
  model.allowed = model.healthy = static_cast<double>(known.weight.nanos) * 1e-9;
  model.healthy_from = "plan";
  return model;
}

}  // namespace

bool is_turned(const Criterion& criterion) {
  const bool stops =
      criterion.kind == CriterionKind::stop || criterion.kind == CriterionKind::pause;
  return says_greater(criterion.comparison) != stops;
}

double allowed_share(const Criterion& criterion) {
  const Int128 one = Fixed::kScale;
  const Int128 nanos = criterion.measure == Measure::quantile ? one - criterion.quantile.nanos
                       : is_turned(criterion)                 ? one - criterion.limit.nanos
                                                              : criterion.limit.nanos;
  return static_cast<double>(nanos) * 1e-9;
}

bool is_told(const Criterion& criterion) {
  return criterion.kind != CriterionKind::enough && !criterion.veto;
}

bool takes_rate(const Criterion& criterion) {
  switch (sickness_of(criterion)) {
    case Sickness::failing:
      return criterion.measure == Measure::ratio || criterion.measure == Measure::quantile;
    case Sickness::changed:
    case Sickness::level:
      return criterion.new_by.empty();
    case Sickness::slower:
    case Sickness::diverted:
      break;
  }
  return false;
}

Sickness sickness_of(const Criterion& criterion) {
  if (criterion.test == Test::split) return Sickness::diverted;
  if (criterion.test == Test::unchanged) return Sickness::changed;
  if (criterion.measure == Measure::quantile && criterion.other.valid()) return Sickness::slower;
  if (criterion.measure == Measure::rate || criterion.measure == Measure::count) {
    return Sickness::level;
  }
  return Sickness::failing;
}

std::optional<double> Model::at(double multiple) const {
  switch (sickness) {
    case Sickness::slower:
      if (!latency->knows(allowed * multiple)) return std::nullopt;
      [[fallthrough]];
    case Sickness::failing:
    case Sickness::changed:
      if (allowed * multiple >= 1) return std::nullopt;
      return allowed * multiple;
    case Sickness::diverted:
      if (allowed / multiple > 1) return std::nullopt;
      return allowed / multiple;
    case Sickness::level:
      return floor ? allowed / multiple : allowed * multiple;
  }
  return std::nullopt;
}

double Model::slowdown(double share) const {
  return limit_seconds / latency->exceeded_by(share, limit_seconds);
}

Model model_of(const Machine& machine, const Criterion& criterion, const Known& known) {
  if (!criterion.new_by.empty()) return of_new_kinds(criterion, known);
  if (criterion.test == Test::split) return of_split(known);
  if (criterion.test == Test::unchanged) return of_unchanged(machine, criterion, known);
  const bool two = criterion.other.valid();
  switch (criterion.measure) {
    case Measure::ratio:
      return two ? of_two_shares(criterion, known) : share_of(criterion, known);
    case Measure::quantile:
      return two ? of_two_quantiles(criterion, known) : share_of(criterion, known);
    case Measure::rate:
    case Measure::count:
      return of_level(machine, criterion, known);
    case Measure::gauge:
    case Measure::bracket:
      return of_gauge(criterion, known);
    case Measure::score:
      return untold(
          "a judge goes by how values scatter from step to step, which nothing here "
          "tells: try it with `rollbook sandbox`");
    case Measure::absent:
    case Measure::split:
      break;
  }
  return {};
}

std::vector<MetricIndex> counts_requests(const Machine& machine) {
  std::vector<MetricIndex> ratios, histograms;
  for (const Criterion& criterion : machine.criteria) {
    const bool ratio = criterion.measure == Measure::ratio;
    if (!ratio && criterion.measure != Measure::quantile) continue;
    const WindowIndex window = ratio ? criterion.denominator : criterion.window;
    const MetricIndex metric = machine.at(machine.at(window).series).metric;
    if (!machine.at(metric).unsplit) (ratio ? ratios : histograms).push_back(metric);
  }
  ratios.insert(ratios.end(), histograms.begin(), histograms.end());
  return ratios;
}

}  // namespace rollbook::power
