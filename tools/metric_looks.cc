#include "tools/metric_looks.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "adapters/wire/text.h"
#include "dsl/parse.h"
#include "engine/core/found.h"
#include "engine/core/judge.h"
#include "engine/core/limits.h"
#include "engine/core/sentence.h"
#include "tools/increment_spans.h"

namespace rollbook::tools {
namespace {

using core::Arm;
using core::Fixed;
using core::Machine;
using core::Measure;

// What can be measured of a runbook's metrics, whether it is kept or not.
struct Measurement {
  std::string metric;
  std::string name;
  std::string of;
  Measure measure = Measure::ratio;
  core::MetricIndex top, bottom;  // `bottom` of ratios only
  Fixed quantile;
};

// The windows of one arm's share of a measurement.
struct Side {
  core::WindowIndex window, denominator;
};

// ---- What there is --------------------------------------------------------------------------

std::optional<core::MetricIndex> find_metric(const Machine& machine, const std::string& name) {
  for (std::uint32_t i = 0; i < machine.metrics.size(); ++i) {
    if (machine.metrics[i].name == name) return core::MetricIndex{i};
  }
  return std::nullopt;
}

Measurement ratio_of(const Machine& machine, core::MetricIndex top, core::MetricIndex bottom,
                     const std::string& name) {
  Measurement ratio;
  ratio.of = machine.at(top).name + " / " + machine.at(bottom).name;
  ratio.metric = ratio.name = name.empty() ? ratio.of : name;
  ratio.top = top;
  ratio.bottom = bottom;
  return ratio;
}

// Ratios are resolved away in the machine: their names are in the text, and those without a name
// in the criteria.
std::vector<Measurement> ratios_of(const runtime::Plan& plan) {
  const Machine& machine = plan.machine;
  std::vector<Measurement> ratios;
  dsl::Sink ignored(plan.file);  // the text has been compiled: there is nothing to report
  const dsl::ast::Runbook runbook = dsl::parse(plan.expanded, ignored);
  for (const auto* metric : dsl::ast::all<dsl::ast::Metric>(runbook.statements)) {
    const auto* quotient = std::get_if<dsl::ast::Quotient>(&metric->source);
    if (quotient == nullptr) continue;
    const auto top = find_metric(machine, quotient->numerator.text);
    const auto bottom = find_metric(machine, quotient->denominator.text);
    if (top && bottom) ratios.push_back(ratio_of(machine, *top, *bottom, metric->name.text));
  }
  for (const core::Criterion& criterion : machine.criteria) {
    if (criterion.measure != Measure::ratio) continue;
    const core::MetricIndex top = machine.at(machine.at(criterion.window).series).metric;
    const core::MetricIndex bottom = machine.at(machine.at(criterion.denominator).series).metric;
    const auto same = [&](const Measurement& known) {
      return known.top == top && known.bottom == bottom;
    };
    if (std::any_of(ratios.begin(), ratios.end(), same)) continue;
    ratios.push_back(ratio_of(machine, top, bottom, ""));
  }
  return ratios;
}

std::string percentile_text(Fixed quantile) {
  return "p" + core::decimal_text(Fixed{quantile.nanos * 100});
}

void add_metric(const Machine& machine, core::MetricIndex index,
                const std::vector<Fixed>& percentiles, std::vector<Measurement>& all) {
  const core::Metric& metric = machine.at(index);
  Measurement plain;
  plain.metric = plain.name = metric.name;
  plain.top = index;
  if (metric.kind != core::MetricKind::histogram) {
    plain.measure = metric.kind == core::MetricKind::gauge ? Measure::gauge : Measure::rate;
    all.push_back(std::move(plain));
    return;
  }
  plain.measure = Measure::quantile;
  for (const Fixed percentile : percentiles) {
    Measurement each = plain;
    each.quantile = percentile;
    each.name = fmt::format("{}({})", percentile_text(percentile), metric.name);
    all.push_back(std::move(each));
  }
}

std::vector<Measurement> measurements_of(const runtime::Plan& plan,
                                         const std::vector<Fixed>& percentiles) {
  std::vector<Measurement> all = ratios_of(plan);
  for (std::uint32_t i = 0; i < plan.machine.metrics.size(); ++i) {
    const core::MetricIndex metric{i};
    if (plan.machine.is_declared(metric)) add_metric(plan.machine, metric, percentiles, all);
  }
  return all;
}

// ---- What is kept ---------------------------------------------------------------------------

void add_look_windows(Machine& machine, core::Duration width) {
  for (std::uint32_t i = 0; i < machine.series.size(); ++i) {
    for (const core::Floor floor : {core::Floor::start, core::Floor::guard}) {
      core::Window window;
      window.series = core::SeriesIndex{i};
      window.width = width;
      window.pane = core::kPaneMin;  // as fine as the log has it
      window.floor = floor;
      window.by_time = true;
      machine.windows.push_back(window);
    }
  }
}

// Where the windows of looks begin.
std::size_t own_windows(const Machine& machine) {
  return machine.windows.size() - 2 * machine.series.size();
}

// The window of a series that the runbook's own windows keep; `absent` alone keeps no counts.
core::WindowIndex window_of(const Machine& machine, bool shifted, const core::Series& series) {
  const std::size_t own = own_windows(machine);
  for (std::uint32_t i = 0; i < machine.series.size(); ++i) {
    if (machine.series[i] != series) continue;
    const auto of_series = [&](const core::Window& window) { return window.series.value == i; };
    const auto end = machine.windows.begin() + static_cast<std::ptrdiff_t>(own);
    if (std::none_of(machine.windows.begin(), end, of_series)) return {};
    return core::WindowIndex{static_cast<std::uint32_t>(own + 2 * i + (shifted ? 1 : 0))};
  }
  return {};
}

std::optional<Side> side_of(const Machine& machine, bool shifted, const Measurement& what, Arm arm,
                            core::TargetIndex target) {
  Side side;
  side.window = window_of(machine, shifted, {what.top, arm, target});
  if (!side.window.valid()) return std::nullopt;
  if (what.measure != Measure::ratio) return side;
  side.denominator = window_of(machine, shifted, {what.bottom, arm, target});
  return side.denominator.valid() ? std::optional(side) : std::nullopt;
}

// ---- What they say --------------------------------------------------------------------------

core::Time heard_of(const Machine& machine, const core::RolloutState& state,
                    const Measurement& what, const Side& side) {
  const auto series_of = [&](core::WindowIndex window) { return machine.at(window).series; };
  const auto mark = [&](core::SeriesIndex series) { return state.series[series.value].watermark; };
  core::Time heard = mark(series_of(side.window));
  if (side.denominator.valid()) heard = std::max(heard, mark(series_of(side.denominator)));
  if (what.measure != Measure::rate || !machine.at(what.top).default_zero) return heard;
  const core::Series& own = machine.at(series_of(side.window));
  for (std::uint32_t i = 0; i < machine.series.size(); ++i) {
    if (core::same_arm(machine.series[i], own)) heard = std::max(heard, mark(core::SeriesIndex{i}));
  }
  return heard;
}

// One side's estimate, up to where both can be counted alike.
ArmLook estimate_of(const Rollout& rollout, const Measurement& what, Arm arm, const Side& mine,
                    const Side& other) {
  core::Criterion criterion;
  criterion.measure = what.measure;
  criterion.window = mine.window;
  criterion.denominator = mine.denominator;
  criterion.other = other.window;
  criterion.other_denominator = other.denominator;
  criterion.quantile = what.quantile;
  const core::Pending nothing;
  const Machine& machine = rollout.machine();
  const core::Subject subject{machine, rollout.state(), nothing, criterion};
  core::Found found = core::estimate(subject);
  if (!found.value) {  // the other side may be silent, which takes nothing from this one
    criterion.other = criterion.other_denominator = {};
    found = core::estimate(subject);
  }
  ArmLook look;
  look.arm = arm;
  look.kept = true;
  look.value = found.value;
  look.beyond = found.low && !found.high;
  if (!found.value) look.missing = found.missing;  // else it is the other side's
  look.samples = found.samples;
  look.at = found.at;
  look.heard = heard_of(machine, rollout.state(), what, mine);
  const core::Window& window = machine.at(mine.window);
  look.seen =
      core::seen_of(machine, rollout.state(), window, found.at, machine.at(window.series).target);
  return look;
}

void set_difference(MetricLook& look) {
  const auto of = [&](Arm arm) {
    const auto found = std::find_if(look.arms.begin(), look.arms.end(),
                                    [&](const ArmLook& each) { return each.arm == arm; });
    return found == look.arms.end() || !found->value ? nullptr : &*found;
  };
  const ArmLook *canary = of(Arm::canary), *baseline = of(Arm::baseline);
  if (canary == nullptr || baseline == nullptr) return;
  if (canary->beyond && baseline->beyond) return;  // nobody knows which of them is greater
  look.difference = *canary->value - *baseline->value;
  if (baseline->value->nanos > 0) {
    look.relative = Fixed{look.difference->nanos * Fixed::kScale / baseline->value->nanos};
  }
  look.known = canary->beyond ? Known::at_least : baseline->beyond ? Known::at_most : Known::whole;
}

core::Unit unit_of(const Machine& machine, const Measurement& what) {
  if (what.measure == Measure::ratio) return core::Unit::ratio;
  return what.measure == Measure::rate ? core::Unit::per_second : core::unit_of(machine, what.top);
}

std::string_view kind_of(Measure measure) {
  switch (measure) {
    case Measure::quantile:
      return "quantile";
    case Measure::rate:
      return "rate";
    case Measure::gauge:
      return "gauge";
    default:
      return "ratio";
  }
}

MetricLook look_of(const Rollout& rollout, const Measurement& what, core::TargetIndex target,
                   bool compare) {
  const Machine& machine = rollout.machine();
  const core::RolloutState& state = rollout.state();
  const bool shifted = target.valid() ? state.at(target).shifted : state.shifted;
  MetricLook look;
  if (target.valid()) look.target = machine.at(target).name;
  look.metric = what.metric;
  look.name = what.name;
  look.kind = kind_of(what.measure);
  look.unit = unit_of(machine, what);
  look.of = what.of;
  if (what.measure == Measure::quantile) look.quantile = what.quantile;
  const auto canary = side_of(machine, shifted, what, Arm::canary, target);
  const auto baseline = side_of(machine, shifted, what, Arm::baseline, target);
  const auto total = side_of(machine, shifted, what, Arm::total, target);
  const bool pair = compare && canary && baseline;
  const auto add = [&](Arm arm, const std::optional<Side>& side, const std::optional<Side>& other) {
    if (side) {
      look.arms.push_back(estimate_of(rollout, what, arm, *side, pair ? *other : *side));
    } else if (compare && (canary || baseline)) {
      look.arms.push_back(ArmLook{});
      look.arms.back().arm = arm;
    }
  };
  add(Arm::canary, canary, baseline);
  add(Arm::baseline, baseline, canary);
  if (total) look.arms.push_back(estimate_of(rollout, what, Arm::total, *total, *total));
  if (pair) set_difference(look);
  return look;
}

bool is_asked(const MetricLook& look, const std::string& name) {
  return look.metric == name || (!look.target.empty() && look.target + "." + look.metric == name);
}

bool is_kept(const MetricLook& look) {
  return std::any_of(look.arms.begin(), look.arms.end(),
                     [](const ArmLook& arm) { return arm.kept; });
}

// Error: the first asked name that is none, or that is not kept.
Outcome<void> check_names(const std::vector<std::string>& asked,
                          const std::vector<Measurement>& all,
                          const std::vector<MetricLook>& kept) {
  std::vector<std::string_view> names;
  for (const Measurement& each : all) {
    if (std::find(names.begin(), names.end(), each.metric) == names.end()) {
      names.push_back(each.metric);
    }
  }
  for (const std::string& name : asked) {
    const auto is_it = [&](const MetricLook& look) { return is_asked(look, name); };
    if (std::any_of(kept.begin(), kept.end(), is_it)) continue;
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      return give_up(
          fmt::format("`{}` is not watched by this runbook: none of its criteria "
                      "measures it, so the log does not hold it",
                      adapters::printable(name)));
    }
    const std::string meant = adapters::did_you_mean(name, names);
    return give_up(
        fmt::format("no metric `{}` in this runbook{}", adapters::printable(name),
                    meant.empty() ? fmt::format("; it has {}", fmt::join(names, ", ")) : meant),
        Exit::usage);
  }
  return {};
}

}  // namespace

Prepare look_windows(core::Duration width) {
  auto spans = std::make_shared<IncrementSpans>();
  return {.machine =
              [spans, width](Machine& machine) {
                *spans = IncrementSpans(machine);
                add_look_windows(machine, width);
              },
          .observed = [spans](core::Observed& observed) { spans->complete(observed); }};
}

Outcome<Looks> look_at(const Rollout& rollout, const LookAsk& ask, core::Time now) {
  const core::RolloutState& state = rollout.state();
  Looks looks;
  looks.rollout = state.id;
  looks.runbook = rollout.machine().name;
  looks.sequence = state.last;
  looks.time = state.now;
  looks.now = now;
  looks.grace = state.limits.grace;
  looks.stale_after = state.limits.stale_after;
  looks.compare = ask.compare;
  if (state.shifted) looks.first_shift = state.guard_floor;
  if (!rollout.machine().windows.empty()) looks.window = rollout.machine().windows.back().width;
  const std::vector<Measurement> all = measurements_of(rollout.plan(), ask.percentiles);
  std::vector<MetricLook> kept;
  std::vector<core::TargetIndex> targets{core::TargetIndex{}};  // of all, then each by itself
  for (std::uint32_t i = 0; i < state.targets.size(); ++i) targets.push_back(core::TargetIndex{i});
  for (const core::TargetIndex target : targets) {
    for (const Measurement& what : all) {
      MetricLook look = look_of(rollout, what, target, ask.compare);
      if (is_kept(look)) kept.push_back(std::move(look));
    }
  }
  TRY_DO(check_names(ask.metrics, all, kept));
  for (MetricLook& look : kept) {
    const auto& asked = ask.metrics;
    const auto is_it = [&](const std::string& name) { return is_asked(look, name); };
    if (!asked.empty() && std::none_of(asked.begin(), asked.end(), is_it)) continue;
    for (const ArmLook& arm : look.arms) looks.at = std::max(looks.at, arm.at);
    looks.metrics.push_back(std::move(look));
  }
  return looks;
}

Outcome<std::vector<Fixed>> parse_percentiles(const std::string& text) {
  std::vector<Fixed> percentiles;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string each = text.substr(begin, end - begin);
    begin = end + 1;
    const auto number = adapters::parse_fixed(each.starts_with('p') ? each.substr(1) : "");
    const bool inside = number && number->nanos > 0 && number->nanos < 100 * Fixed::kScale;
    if (!inside || number->nanos % 100 != 0) {
      return give_up(
          fmt::format("`{}` is no percentile such as p50 or p99.9", adapters::printable(each)),
          Exit::usage);
    }
    percentiles.push_back(Fixed{number->nanos / 100});
  }
  return percentiles;
}

}  // namespace rollbook::tools
