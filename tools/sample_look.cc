#include "tools/sample_look.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/json_out.h"
#include "adapters/wire/names.h"
#include "adapters/wire/text.h"
#include "engine/core/units.h"
#include "engine/runtime/exemplars.h"
#include "tools/columns.h"

namespace rollbook::tools {
namespace {

using adapters::Json;
using core::Fixed;

// The metrics that samples are kept of, and the one that is asked for among them.
Outcome<void> find_kept(const core::Machine& machine, const std::string& asked, SampleLook& look) {
  const auto limits = runtime::exemplar_limits(machine);
  std::vector<std::string_view> names;
  bool known = asked.empty();
  for (std::size_t i = 0; i < machine.metrics.size(); ++i) {
    const core::Metric& metric = machine.metrics[i];
    names.push_back(metric.name);
    if (!asked.empty() && metric.name != asked) continue;
    known = true;
    if (limits[i]) look.kept.emplace_back(metric.name, *limits[i]);
  }
  if (!known) {
    const std::string meant = adapters::did_you_mean(asked, names);
    return give_up(
        fmt::format("no metric `{}` in this runbook{}", adapters::printable(asked),
                    meant.empty() ? fmt::format("; it has {}", fmt::join(names, ", ")) : meant),
        Exit::usage);
  }
  if (!look.kept.empty()) return {};
  return give_up(asked.empty() ? "no criterion of this runbook says which samples breach"
                               : fmt::format("no samples of `{}` are kept: no criterion of this "
                                             "runbook says which of them breach",
                                             asked));
}

// Of a counter each request counts as it was: by a number.
std::string value_text(const SampleLook& look, core::MetricIndex metric, Fixed value) {
  const bool histogram = look.machine->at(metric).kind == core::MetricKind::histogram;
  return core::value_text(histogram ? core::unit_of(*look.machine, metric) : core::Unit::number,
                          value);
}

Json to_json(const SampleLook& look, const core::Exemplar& sample) {
  Json json;
  json["time"] = adapters::format_time(sample.at);
  json["metric"] = look.machine->at(sample.metric).name;
  json["arm"] = adapters::name_of(sample.arm);
  json["value"] = adapters::number(sample.value);
  json["trace_id"] = sample.trace;
  json["source"] = {
      {"topic", sample.topic}, {"partition", sample.partition}, {"offset", sample.offset}};
  return json;
}

std::string limits_text(const SampleLook& look) {
  const auto& metrics = look.machine->metrics;
  std::string text;
  for (const auto& [name, limit] : look.kept) {
    const auto found =
        std::find_if(metrics.begin(), metrics.end(),
                     [&](const core::Metric& metric) { return metric.name == name; });
    const core::MetricIndex metric{static_cast<std::uint32_t>(found - metrics.begin())};
    const std::string what =
        limit.nanos == 0 ? "all" : "those from " + value_text(look, metric, limit) + " on";
    text += fmt::format("{}{} of `{}`", text.empty() ? "" : ", ", what, adapters::printable(name));
  }
  return text;
}

}  // namespace

Outcome<SampleLook> look_at_samples(const runtime::EventLog& log, const Rollout& rollout,
                                    const SampleAsk& ask) {
  const core::Machine& machine = rollout.machine();
  SampleLook look;
  look.rollout = rollout.state().id;
  look.sequence = rollout.state().last;
  look.time = rollout.state().now;
  look.machine = &machine;
  TRY_DO(find_kept(machine, ask.metric, look));
  TRY_DO(log.read(rollout.stream(), core::Sequence{1}, [&](const runtime::StoredEvent& stored) {
    if (stored.event.sequence > look.sequence) return false;
    const auto* observed = std::get_if<core::Observed>(&stored.event.body);
    if (observed == nullptr) return true;
    for (const core::Exemplar& sample : observed->exemplars) {
      if (!ask.metric.empty() && machine.at(sample.metric).name != ask.metric) continue;
      if (ask.arm && sample.arm != *ask.arm) continue;
      if (ask.above && sample.value <= *ask.above) continue;
      look.samples.push_back(sample);
    }
    return true;
  }));
  std::stable_sort(look.samples.begin(), look.samples.end(),
                   [](const core::Exemplar& a, const core::Exemplar& b) { return a.at < b.at; });
  return look;
}

std::string samples_jsonl(const SampleLook& look) {
  std::string text;
  for (const core::Exemplar& sample : look.samples) {
    text += adapters::to_line(to_json(look, sample)) + "\n";
  }
  return text;
}

std::string samples_json(const SampleLook& look) {
  Json json;
  json["rollout"] = look.rollout;
  json["sequence"] = look.sequence.value;
  json["time"] = adapters::format_time(look.time);
  json["kept"] = Json::array();
  for (const auto& [name, limit] : look.kept) {
    json["kept"].push_back({{"metric", name}, {"from", adapters::number(limit)}});
  }
  json["samples"] = Json::array();
  for (const core::Exemplar& sample : look.samples) {
    json["samples"].push_back(to_json(look, sample));
  }
  return adapters::to_line(json);
}

std::string samples_text(const SampleLook& look, std::size_t rows, std::size_t width) {
  std::string text =
      wrapped(fmt::format("{}  {} samples up to {}, event {}", look.rollout, look.samples.size(),
                          adapters::format_time(look.time), look.sequence.value),
              0, width) +
      "\n";
  text += wrapped("kept are, five a minute and arm, " + limits_text(look), 0, width) + "\n";
  if (look.samples.empty()) return text;
  const std::size_t first = look.samples.size() - std::min(rows, look.samples.size());
  std::vector<std::vector<std::string>> table_rows{
      {"TRACE", "TIME", "METRIC", "ARM", "VALUE", "SOURCE"}};
  for (std::size_t i = first; i < look.samples.size(); ++i) {
    const core::Exemplar& sample = look.samples[i];
    table_rows.push_back({adapters::printable(sample.trace), adapters::format_time(sample.at),
                          adapters::printable(look.machine->at(sample.metric).name),
                          std::string(adapters::name_of(sample.arm)),
                          value_text(look, sample.metric, sample.value),
                          fmt::format("{}/{}/{}", adapters::printable(sample.topic),
                                      sample.partition, sample.offset)});
  }
  text += "\n" + table(table_rows, width);
  if (first > 0) {
    text += fmt::format("and {} before them; --last {} shows all\n", first, look.samples.size());
  }
  return text;
}

}  // namespace rollbook::tools
