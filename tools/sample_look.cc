#include "tools/sample_look.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/text.h"
#include "engine/runtime/exemplars.h"

namespace rollbook::tools {
namespace {

using core::MetricIndex;
using core::MetricKind;

struct Names {
  std::vector<std::string_view> all, kept;
};

Names names_of(const core::Machine& machine,
               const std::vector<std::optional<core::Fixed>>& limits) {
  Names names;
  for (std::size_t i = 0; i < machine.metrics.size(); ++i) {
    names.all.push_back(machine.metrics[i].name);
    if (limits[i]) names.kept.push_back(machine.metrics[i].name);
  }
  return names;
}

std::string unknown_metric(const core::Machine& machine, const std::string& asked,
                           const Names& names) {
  std::string text = fmt::format("no metric `{}` in this runbook", adapters::printable(asked));
  for (const core::Metric& metric : machine.metrics) {
    if (metric.selector == asked) return text + fmt::format("; it calls it `{}`", metric.name);
  }
  const std::string meant = adapters::did_you_mean(asked, names.all);
  if (!meant.empty()) return text + meant;
  if (names.kept.empty()) return text + fmt::format("; it has {}", fmt::join(names.all, ", "));
  return text + fmt::format("; it keeps samples of {}", fmt::join(names.kept, ", "));
}

// Why none are kept, and the line of a runbook that would change it.
std::string not_kept(const core::Metric& metric, const Names& names) {
  std::string text;
  switch (metric.kind) {
    case MetricKind::gauge:
      text = fmt::format(
          "`{}` is a gauge: a sample is one request, so a counter or a histogram has them",
          metric.name);
      break;
    case MetricKind::histogram:
      text = fmt::format(
          "no samples of `{0}` are kept: no criterion of this runbook says which of them breach; "
          "`stop p99({0}) > 100ms over 5m` would keep those from 100ms on",
          metric.name);
      break;
    case MetricKind::counter:
      text = fmt::format(
          "no samples of `{0}` are kept: no criterion of this runbook says which of them breach; "
          "of a counter a share that is bounded does, as `stop errors / requests > 1% over 5m` "
          "keeps those of errors",
          metric.name);
      break;
  }
  if (names.kept.empty()) return text;
  return text + fmt::format(" (it keeps those of {})", fmt::join(names.kept, ", "));
}

// The metrics that samples are kept of, and the one that is asked for among them.
Outcome<void> find_kept(const core::Machine& machine, SampleLook& look) {
  const std::string& asked = look.asked.metric;
  const auto limits = runtime::exemplar_limits(machine);
  const Names names = names_of(machine, limits);
  const core::Metric* metric = nullptr;
  for (std::uint32_t i = 0; i < machine.metrics.size(); ++i) {
    if (!asked.empty() && machine.metrics[i].name != asked) continue;
    metric = &machine.metrics[i];
    if (limits[i]) look.kept.emplace_back(MetricIndex{i}, *limits[i]);
  }
  if (!asked.empty() && metric == nullptr) {
    return give_up(unknown_metric(machine, asked, names), Exit::usage);
  }
  if (look.kept.empty()) {
    return give_up(asked.empty() ? "no criterion of this runbook says which samples breach; a "
                                   "quantile with a limit does, or a bounded share of requests"
                                 : not_kept(*metric, names));
  }
  if (!asked.empty() && look.asked.above_is_time && metric->kind == MetricKind::counter) {
    return give_up(fmt::format("--above is a duration, and `{}` is a counter: each of its samples "
                               "is one request, whatever it took; leave --above out",
                               asked),
                   Exit::usage);
  }
  return {};
}

bool is_above(const SampleLook& look, const core::Exemplar& sample) {
  if (!look.asked.above) return true;
  const bool histogram = look.machine->at(sample.metric).kind == MetricKind::histogram;
  return sample.value > *look.asked.above && (histogram || !look.asked.above_is_time);
}

void take(const core::Exemplar& sample, SampleLook& look) {
  ++look.seen;
  const std::string& metric = look.asked.metric;
  if (!metric.empty() && look.machine->at(sample.metric).name != metric) return;
  ++look.of_metric;
  if (look.asked.arm && sample.arm != *look.asked.arm) return;
  ++look.of_arm;
  if (look.machine->at(sample.metric).kind == MetricKind::histogram) {
    look.highest = std::max(look.highest.value_or(sample.value), sample.value);
  }
  if (is_above(look, sample)) look.samples.push_back(sample);
}

}  // namespace

bool keeps_samples(const core::Machine& machine, const std::string& metric) {
  const auto limits = runtime::exemplar_limits(machine);
  for (std::size_t i = 0; i < limits.size(); ++i) {
    if (limits[i] && (metric.empty() || machine.metrics[i].name == metric)) return true;
  }
  return false;
}

Outcome<SampleLook> look_at_samples(const runtime::EventLog& log, const Rollout& rollout,
                                    const SampleAsk& ask) {
  SampleLook look;
  look.asked = ask;
  look.rollout = rollout.state().id;
  look.sequence = rollout.state().last;
  look.time = rollout.state().now;
  look.machine = &rollout.machine();
  TRY_DO(find_kept(rollout.machine(), look));
  TRY_DO(log.read(rollout.stream(), core::Sequence{1}, [&](const runtime::StoredEvent& stored) {
    if (stored.event.sequence > look.sequence) return false;
    const auto* observed = std::get_if<core::Observed>(&stored.event.body);
    if (observed == nullptr) return true;
    for (const core::Exemplar& sample : observed->exemplars) take(sample, look);
    return true;
  }));
  std::stable_sort(look.samples.begin(), look.samples.end(),
                   [](const core::Exemplar& a, const core::Exemplar& b) { return a.at < b.at; });
  return look;
}

}  // namespace rollbook::tools
