#include "tools/breakdown_metric.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/text.h"
#include "engine/core/found.h"

namespace rollbook::tools {

using core::Machine;
using core::MetricIndex;

namespace {

bool fits(Subject subject, core::MetricKind kind) {
  const bool histogram = kind == core::MetricKind::histogram;
  return subject == Subject::latency ? histogram : kind == core::MetricKind::counter;
}

// Whether what it counts is what is bad, or should be rare.
bool is_ceiling(const core::Criterion& criterion) {
  const bool acts =
      criterion.kind == core::CriterionKind::stop || criterion.kind == core::CriterionKind::pause;
  return core::says_greater(criterion.comparison) == acts;
}

// What a ratio with a ceiling is the share of, or the whole; what a quantile is of.
std::optional<MetricIndex> judged(const Machine& machine, Subject subject) {
  for (const core::Criterion& criterion : machine.criteria) {
    const bool ratio = criterion.measure == core::Measure::ratio && is_ceiling(criterion);
    if (subject == Subject::errors && ratio) return metric_of(machine, criterion.window);
    if (subject == Subject::traffic && ratio) return metric_of(machine, criterion.denominator);
    if (subject == Subject::latency && criterion.measure == core::Measure::quantile) {
      return metric_of(machine, criterion.window);
    }
  }
  return std::nullopt;
}

std::string_view word_of(Subject subject) {
  static constexpr std::string_view kWords[] = {"errors", "latency", "traffic"};
  return kWords[static_cast<std::size_t>(subject)];
}

std::string_view kind_of(Subject subject) {
  return subject == Subject::latency ? "histogram" : "counter";
}

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "`" : ", `") + adapters::printable(name) + "`";
  }
  return text;
}

}  // namespace

MetricIndex metric_of(const Machine& machine, core::WindowIndex window) {
  return machine.at(machine.at(window).series).metric;
}

Outcome<MetricIndex> find_metric(const Machine& machine, const BreakdownAsk& ask) {
  std::vector<std::string_view> names;
  std::optional<MetricIndex> named;
  const std::string wanted = ask.metric.empty() ? std::string(word_of(ask.subject)) : ask.metric;
  for (std::uint32_t i = 0; i < machine.metrics.size(); ++i) {
    const core::Metric& metric = machine.metrics[i];
    if (!fits(ask.subject, metric.kind)) continue;
    names.push_back(metric.name);
    if (metric.name == wanted) named = MetricIndex{i};
  }
  if (named) return *named;
  if (ask.metric.empty()) {
    if (const auto found = judged(machine, ask.subject)) return *found;
    if (names.empty()) {
      return give_up(fmt::format("this runbook has no {}: there is nothing to analyse for {}",
                                 kind_of(ask.subject), word_of(ask.subject)),
                     Exit::usage);
    }
    return give_up(fmt::format("nothing says what this runbook takes for {}; name a metric with "
                               "--metric: {}",
                               word_of(ask.subject), fmt::join(names, ", ")),
                   Exit::usage);
  }
  const std::string meant = adapters::did_you_mean(wanted, names);
  return give_up(
      fmt::format("no {} `{}` in this runbook{}", kind_of(ask.subject), adapters::printable(wanted),
                  !meant.empty()  ? meant
                  : names.empty() ? ""
                                  : fmt::format("; it has {}", fmt::join(names, ", "))),
      Exit::usage);
}

// Where each label that is asked for stands among the metric's.
Outcome<std::vector<std::size_t>> find_labels(const core::Metric& metric,
                                              const std::vector<std::string>& asked) {
  if (metric.by.empty()) {
    return give_up(
        fmt::format("`{}` is not kept by its labels; `metric {} = … by {}` in the "
                    "runbook keeps it so, for rollouts that are started then",
                    metric.name, metric.name,
                    asked.empty() ? "endpoint" : fmt::format("{}", fmt::join(asked, ", "))));
  }
  std::vector<std::size_t> places;
  for (const std::string& label : asked.empty() ? metric.by : asked) {
    const auto found = std::find(metric.by.begin(), metric.by.end(), label);
    if (found == metric.by.end()) {
      const std::vector<std::string_view> known(metric.by.begin(), metric.by.end());
      const std::string meant = adapters::did_you_mean(label, known);
      return give_up(
          fmt::format("`{}` is not kept by `{}`{}", metric.name, adapters::printable(label),
                      meant.empty() ? "; it is kept by " + list_of(metric.by) : meant),
          Exit::usage);
    }
    places.push_back(static_cast<std::size_t>(found - metric.by.begin()));
  }
  return places;
}

std::optional<MetricIndex> requests_of(const Machine& machine, MetricIndex errors) {
  for (const core::Criterion& criterion : machine.criteria) {
    if (criterion.measure != core::Measure::ratio) continue;
    if (metric_of(machine, criterion.window) != errors) continue;
    const MetricIndex whole = metric_of(machine, criterion.denominator);
    if (!machine.at(whole).by.empty()) return whole;
  }
  return std::nullopt;
}

}  // namespace rollbook::tools
