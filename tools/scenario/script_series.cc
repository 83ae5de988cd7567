#include "tools/scenario/script_series.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/sandbox/label_search.h"

namespace rollbook::tools {
namespace {

using adapters::Whose;
using adapters::WireSeries;
using core::Fixed;
using core::MetricKind;
using dsl::Code;
using dsl::scenario::Level;
using dsl::scenario::Series;

Fixed in_wire_unit(core::Duration value, Fixed unit) {
  return Fixed{core::Int128{value.count()} * Fixed::kScale / unit.nanos};
}

std::string_view word_for(MetricKind kind) {
  switch (kind) {
    case MetricKind::counter:
      return "counter";
    case MetricKind::histogram:
      return "histogram";
    case MetricKind::gauge:
      return "gauge";
  }
  return "";
}

class SeriesResolver {
 public:
  SeriesResolver(Script& script, dsl::Sink& sink)
      : script_(script), machine_(script.machine()), sink_(sink), search_(machine_) {}

  void run() {
    const auto& healthy = script_.scenario.healthy;
    auto all = adapters::healthy_series(machine_, healthy ? healthy->peak : 1);
    if (all) {
      healthy_ = std::move(*all);
    } else if (healthy) {
      sink_.error(Code::scenario_unknown_series, healthy->span, all.error().message,
                  "give the series of that metric by hand");
    }
    for (const Series& series : script_.scenario.series) add(series);
    for (const GivenSeries& given : script_.given) {
      std::erase_if(healthy_, [&](const WireSeries& one) {
        return one.name == given.name && one.labels == given.labels;
      });
    }
    share_bounds();
    if (healthy) script_.healthy = std::move(healthy_);
  }

 private:
  void add(const Series& series) {
    const core::Metric* metric = metric_of(series);
    if (metric == nullptr) return refuse_unknown(series);
    for (const GivenSeries& other : script_.given) {
      if (other.name != series.name.text || other.labels != series.labels) continue;
      sink_.error(Code::scenario_duplicate, series.span, "this series was given before",
                  "what changes in time is written `5/s until 27h then 0/s`");
      return;
    }
    GivenSeries given;
    given.name = series.name.text;
    given.labels = series.labels;
    given.kind = metric->kind;
    given.unit = metric->unit;
    given.whose = whose_of(series);
    given.target = target_of(series);
    given.phases = series.phases;
    for (std::size_t i = 0; i < series.phases.size(); ++i) check(series, given, i);
    script_.given.push_back(std::move(given));
  }

  const core::Metric* metric_of(const Series& series) const {
    for (std::uint32_t i = 0; i < machine_.metrics.size(); ++i) {
      if (search_.feeds(series.name.text, series.labels, core::MetricIndex{i})) {
        return &machine_.metrics[i];
      }
    }
    return nullptr;
  }

  void refuse_unknown(const Series& series) {
    std::vector<std::string> names;
    bool named = false;
    for (const core::Metric& metric : machine_.metrics) {
      names.push_back(metric.selector);
      named = named || metric.selector == series.name.text;
    }
    const std::string what =
        fmt::format("no metric of runbook `{}` counts this series", machine_.name);
    std::string help = named ? "" : dsl::did_you_mean(series.name.text, names);
    if (named && machine_.arms) {
      help = fmt::format("its name is known, its labels are not; the arms are {}=\"{}\" and \"{}\"",
                         machine_.arms->label, machine_.arms->baseline, machine_.arms->canary);
    }
    sink_.error(Code::scenario_unknown_series, series.name.span, what, help);
  }

  Whose whose_of(const Series& series) const {
    if (!machine_.arms) return Whose::all;
    for (const auto& [label, value] : series.labels) {
      if (label != machine_.arms->label) continue;
      if (value == machine_.arms->canary) return Whose::canary;
      if (value == machine_.arms->baseline) return Whose::baseline;
    }
    return Whose::all;
  }

  core::TargetIndex target_of(const Series& series) const {
    for (std::uint32_t i = 0; i < machine_.targets.size(); ++i) {
      const std::pair<std::string, std::string> own{machine_.targets[i].label,
                                                    machine_.targets[i].value};
      const auto& labels = series.labels;
      if (std::find(labels.begin(), labels.end(), own) != labels.end()) return {i};
    }
    return {};
  }

  void check(const Series& series, const GivenSeries& given, std::size_t index) {
    const dsl::scenario::Phase& phase = series.phases[index];
    const Level& level = phase.level;
    const bool fits =
        level.kind == Level::Kind::silent ||
        (given.kind == MetricKind::counter &&
         (level.kind == Level::Kind::rate || level.kind == Level::Kind::share)) ||
        (given.kind == MetricKind::histogram && level.kind == Level::Kind::latencies) ||
        (given.kind == MetricKind::gauge &&
         (level.kind == Level::Kind::value || level.kind == Level::Kind::share));
    if (!fits) {
      sink_.error(Code::scenario_wrong_level, level.span,
                  fmt::format("`{}` is a {} in the runbook", given.name, word_for(given.kind)),
                  given.kind == MetricKind::counter     ? "a counter has a rate `5/s`, or a share "
                                                          "of its arm's requests `2%`"
                  : given.kind == MetricKind::histogram ? "a histogram has `p50 8ms p99 12ms`"
                                                        : "a gauge has a value such as `40`");
      return;
    }
    const bool of_requests =
        (level.kind == Level::Kind::share && given.kind == MetricKind::counter) ||
        (level.kind == Level::Kind::latencies && !level.observations);
    if (of_requests && !script_.scenario.healthy) {
      sink_.error(Code::scenario_no_load, level.span,
                  "this follows the requests of its arm, and the scenario does not say how many "
                  "there are",
                  "say `series healthy at 900/s`, or a rate");
    }
    check_order(series, index);
  }

  void check_order(const Series& series, std::size_t index) {
    if (index == 0 || !series.phases[index].until) return;
    const auto& before = *series.phases[index - 1].until;
    const auto& after = *series.phases[index].until;
    if (before.stage != after.stage || before.after < after.after) return;
    sink_.error(Code::scenario_not_rising, after.span,
                "this time is not after the one before it in the same series");
  }

  // All series of a name stand on the same bounds: those of healthy ones, every limit (which are
  // among them), and every quantile that is given.
  void share_bounds() {
    for (GivenSeries& given : script_.given) {
      if (given.kind != MetricKind::histogram) continue;
      std::vector<Fixed> bounds;
      for (const WireSeries& one : known_bounds(given.name)) {
        bounds.insert(bounds.end(), one.bounds.begin(), one.bounds.end());
      }
      for (const GivenSeries& other : script_.given) {
        if (other.name == given.name) add_quantiles(other, bounds);
      }
      std::sort(bounds.begin(), bounds.end());
      bounds.erase(std::unique(bounds.begin(), bounds.end()), bounds.end());
      for (WireSeries& one : healthy_) {
        if (one.name == given.name) one.bounds = bounds;
      }
      given.bounds = std::move(bounds);
    }
  }

  std::vector<WireSeries> known_bounds(const std::string& name) const {
    std::vector<WireSeries> known;
    // Computed anew: a given series may have taken the place of the only healthy one.
    const auto all = adapters::healthy_series(machine_, 1);
    if (!all) return known;
    for (const WireSeries& one : *all) {
      if (one.name == name) known.push_back(one);
    }
    return known;
  }

  static void add_quantiles(const GivenSeries& given, std::vector<Fixed>& bounds) {
    for (const auto& phase : given.phases) {
      for (const auto& quantile : phase.level.quantiles) {
        bounds.push_back(in_wire_unit(quantile.value, given.unit));
      }
      if (phase.level.quantiles.empty()) continue;
      // The last of the requests end a quarter above the last quantile.
      bounds.push_back(in_wire_unit(phase.level.quantiles.back().value * 5 / 4, given.unit));
    }
  }

  Script& script_;
  const core::Machine& machine_;
  dsl::Sink& sink_;
  adapters::LabelSearch search_;
  std::vector<WireSeries> healthy_;
};

}  // namespace

void resolve_series(Script& script, dsl::Sink& sink) { SeriesResolver(script, sink).run(); }

}  // namespace rollbook::tools
