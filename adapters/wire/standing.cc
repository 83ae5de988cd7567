#include "adapters/wire/standing.h"

#include <algorithm>
#include <initializer_list>

#include "adapters/wire/names.h"
#include "engine/core/judge.h"

namespace rollbook::adapters {
namespace {

std::string target_of(const core::Machine& machine, const core::Series& series) {
  return series.target.valid() ? machine.at(series.target).name : "";
}

std::string series_name(const core::Machine& machine, const core::Series& series) {
  std::string name = "`" + machine.at(series.metric).name + "`";
  if (series.arm != core::Arm::total) name += " of the " + std::string(name_of(series.arm));
  const std::string target = target_of(machine, series);
  return target.empty() ? name : name + " in " + target;
}

// Of all windows that the criterion reads.
std::vector<core::SeriesIndex> series_of(const core::Machine& machine,
                                         const core::Criterion& criterion) {
  std::vector<core::SeriesIndex> all;
  const auto add = [&](std::initializer_list<core::WindowIndex> windows) {
    for (const core::WindowIndex window : windows) {
      if (window.valid()) all.push_back(machine.at(window).series);
    }
  };
  if (criterion.series.valid()) all.push_back(criterion.series);
  add({criterion.window, criterion.denominator, criterion.other, criterion.other_denominator});
  if (!criterion.judge) return all;
  for (const core::JudgedMetric& metric : criterion.judge->metrics) {
    add({metric.window, metric.denominator, metric.other, metric.other_denominator});
  }
  return all;
}

bool is_refused(const std::vector<RefusedStatus>& refused, core::SeriesIndex series) {
  return std::any_of(refused.begin(), refused.end(),
                     [&](const RefusedStatus& one) { return one.series == series; });
}

}  // namespace

std::vector<RefusedStatus> refused_now(const core::Machine& machine,
                                       const core::RolloutState& state,
                                       const std::vector<runtime::RefusedSeries>& refused,
                                       core::Time now) {
  std::vector<RefusedStatus> statuses;
  for (const runtime::RefusedSeries& one : refused) {
    if (!goes_on(one, now, state.limits) || one.series.value >= machine.series.size()) continue;
    const core::Series& series = machine.at(one.series);
    statuses.push_back({one.series, series_name(machine, series), machine.at(series.metric).name,
                        std::string(name_of(series.arm)), target_of(machine, series), one.since,
                        one.last, one.points, one.sender, one.why});
  }
  return statuses;
}

std::vector<std::string> refused_of(const core::Machine& machine, const core::Criterion& criterion,
                                    const std::vector<RefusedStatus>& refused) {
  const std::vector<core::SeriesIndex> reads = series_of(machine, criterion);
  std::vector<std::string> names;
  for (const RefusedStatus& one : refused) {
    const bool looked_at = std::find(reads.begin(), reads.end(), one.series) != reads.end();
    if (looked_at) names.push_back(one.name);
  }
  return names;
}

std::vector<SilenceStatus> silences_of(const core::Machine& machine,
                                       const core::RolloutState& state,
                                       const std::vector<RefusedStatus>& refused) {
  std::vector<SilenceStatus> silences;
  std::vector<core::SeriesIndex> told;
  for (const core::CriterionIndex index : core::armed(machine, state)) {
    const core::Criterion& criterion = machine.at(index);
    if (criterion.veto) continue;  // as lacks_data() in engine/core/clocks.cc
    const auto tell = [&](core::SeriesIndex series, bool two_senders) {
      if (std::find(told.begin(), told.end(), series) != told.end()) return;
      told.push_back(series);
      const core::SeriesState& seen = state.series[series.value];
      const core::Series& what = machine.at(series);
      silences.push_back({criterion.text, series_name(machine, what), machine.at(what.metric).name,
                          std::string(name_of(what.arm)), target_of(machine, what),
                          seen.seen ? std::optional(seen.arrival) : std::nullopt,
                          is_refused(refused, series), two_senders});
    };
    core::any_feeding(machine, criterion, [&](core::SeriesIndex series) {
      if (state.series[series.value].stale) tell(series, false);
      return false;
    });
    core::any_read(machine, criterion, [&](core::SeriesIndex series) {
      if (core::is_clashing(state, {}, series, state.now)) tell(series, true);
      return false;
    });
  }
  return silences;
}

// As engine/core/obey.cc takes them.
std::vector<std::string> ways_out(const core::Machine& machine, const core::RolloutState& state) {
  if (!state.halted || state.finished()) return {};
  std::vector<std::string> ways{"resume"};
  if (state.irreversible && state.rollback_rank == 0) return ways;
  ways.emplace_back("rollback");
  const auto abort = std::find_if(
      machine.transitions.begin(), machine.transitions.end(), [&](const core::Transition& each) {
        return each.trigger.kind == core::TriggerKind::abort && !each.trigger.target.valid() &&
               machine.contains(each.from, state.active);
      });
  if (abort != machine.transitions.end() && !abort->halts) ways.emplace_back("abort");
  return ways;
}

std::string missing_text(const core::Machine& machine, const core::Criterion& criterion,
                         core::Missing missing) {
  if (missing == core::Missing::no_traffic && criterion.window.valid()) {
    const core::Series& series = machine.at(machine.at(criterion.window).series);
    if (machine.at(series.metric).kind == core::MetricKind::histogram) {
      return "no observations of " + series_name(machine, series);
    }
  }
  return std::string(words_for(missing));
}

}  // namespace rollbook::adapters
