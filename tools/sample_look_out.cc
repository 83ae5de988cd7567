// How samples are told: objects for programs, a table for people, and where there is none, why.

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/json_out.h"
#include "adapters/wire/names.h"
#include "adapters/wire/text.h"
#include "engine/core/units.h"
#include "tools/columns.h"
#include "tools/sample_look.h"

namespace rollbook::tools {
namespace {

using adapters::Json;
using adapters::printable;
using core::Fixed;
using core::MetricIndex;

constexpr std::size_t kTraceColumns = 32;
constexpr std::string_view kTrace = "0af7651916cd43dd8448eb211c80319c";  // W3C's example

bool is_histogram(const core::Machine& machine, MetricIndex metric) {
  return machine.at(metric).kind == core::MetricKind::histogram;
}

// Of a counter each request counts as it was: by a number.
std::string value_text(const core::Machine& machine, MetricIndex metric, Fixed value) {
  const bool histogram = is_histogram(machine, metric);
  return core::value_text(histogram ? core::unit_of(machine, metric) : core::Unit::number, value);
}

Json to_json(const SampleLook& look, const core::Exemplar& sample) {
  Json json;
  json["time"] = adapters::format_time(sample.at);
  json["metric"] = look.machine->at(sample.metric).name;
  json["arm"] = adapters::name_of(sample.arm);
  json["value"] = adapters::number(sample.value);
  json["trace_id"] = sample.trace;
  json["labels"] = Json::object();
  for (const auto& [name, value] : sample.labels) json["labels"][name] = value;
  json["source"] = {
      {"topic", sample.topic}, {"partition", sample.partition}, {"offset", sample.offset}};
  return json;
}

// ---- For people -----------------------------------------------------------------------------

std::string limits_text(const SampleLook& look) {
  std::string text;
  for (const auto& [metric, limit] : look.kept) {
    const std::string what =
        limit.nanos == 0 ? "all" : "those from " + value_text(*look.machine, metric, limit) + " on";
    text += fmt::format("{}{} of `{}`", text.empty() ? "" : ", ", what,
                        printable(look.machine->at(metric).name));
  }
  return text;
}

std::string cut(std::string text, std::size_t columns) {
  while (columns_of(text) > columns) text.pop_back();  // an inner byte of a character is no column
  return text;
}

// A trace with what is known of its request; -o json has what does not fit beside it.
std::string trace_text(const core::Exemplar& sample, std::size_t width) {
  std::string labels;
  for (const auto& [name, value] : sample.labels) {
    labels += fmt::format("{}{}={}", labels.empty() ? "" : ", ", printable(name), printable(value));
  }
  const std::size_t room = std::max(width, kTraceColumns + 12) - kTraceColumns - 2;
  if (columns_of(labels) > room) labels = cut(labels, room - 1) + "…";
  return printable(sample.trace) + (labels.empty() ? "" : "  " + labels);
}

std::string rows_text(const SampleLook& look, std::size_t rows, std::size_t width) {
  const std::size_t first = look.samples.size() - std::min(rows, look.samples.size());
  std::vector<std::vector<std::string>> table_rows{
      {"TRACE, LABELS", "TIME", "METRIC", "ARM", "VALUE", "SOURCE"}};
  for (std::size_t i = first; i < look.samples.size(); ++i) {
    const core::Exemplar& sample = look.samples[i];
    const auto at = std::chrono::floor<std::chrono::milliseconds>(sample.at);
    table_rows.push_back(
        {trace_text(sample, width), adapters::format_time(at),
         printable(look.machine->at(sample.metric).name),
         std::string(adapters::name_of(sample.arm)),
         value_text(*look.machine, sample.metric, sample.value),
         fmt::format("{}/{}/{}", printable(sample.topic), sample.partition, sample.offset)});
  }
  std::string text = table(table_rows, width);
  if (first > 0) {
    text += fmt::format("and {} before them; --last {} shows all\n", first, look.samples.size());
  }
  return text;
}

// What was asked for is not among those that came.
std::string left_out_text(const SampleLook& look) {
  const std::string metric = look.asked.metric.empty()
                                 ? std::string()
                                 : fmt::format(" of `{}`", printable(look.asked.metric));
  if (look.of_metric == 0) {
    return fmt::format(
        "{} of other metrics came, none{}: none of its requests breached, or none "
        "that did had a trace",
        look.seen, metric);
  }
  if (look.of_arm == 0) {
    return fmt::format("{}{} came, none from the {}", look.of_metric, metric,
                       adapters::name_of(*look.asked.arm));
  }
  std::string text = fmt::format("{}{} came, none above {}", look.of_arm, metric,
                                 printable(look.asked.above_text));
  // Of several metrics each has its own unit.
  if (!look.highest || look.kept.size() != 1) return text;
  return text + "; the highest is " +
         value_text(*look.machine, look.kept.front().first, *look.highest);
}

std::string nothing_came_text(const SampleLook& look, std::size_t width) {
  const auto& [metric, limit] = look.kept.front();
  std::string text = wrapped(
      "none has come. A sample is one request whose trace id its sender put beside the metric, as "
      "an exemplar. OTLP has them (an OpenTelemetry SDK sends those of traced requests: "
      "OTEL_METRICS_EXEMPLAR_FILTER=trace_based), and so has Rollbook JSON; Prometheus' Kafka "
      "adapter and Influx lines have no place for them. In Rollbook JSON the line of a metric is "
      "then, for example:",
      0, width);
  return text + "\n\n" + sample_message(*look.machine, metric, limit);
}

}  // namespace

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
  for (const auto& [metric, limit] : look.kept) {
    json["kept"].push_back(
        {{"metric", look.machine->at(metric).name}, {"from", adapters::number(limit)}});
  }
  json["seen"] = look.seen;
  json["samples"] = Json::array();
  for (const core::Exemplar& sample : look.samples) {
    json["samples"].push_back(to_json(look, sample));
  }
  return adapters::to_line(json);
}

std::string samples_text(const SampleLook& look, std::size_t rows, std::size_t width) {
  std::string text = wrapped(fmt::format("{}  {} sample{} up to {}, event {}", look.rollout,
                                         look.samples.size(), look.samples.size() == 1 ? "" : "s",
                                         adapters::format_time(look.time), look.sequence.value),
                             0, width) +
                     "\n";
  text += wrapped("kept are, five a minute and arm, " + limits_text(look), 0, width) + "\n";
  if (!look.samples.empty()) return text + "\n" + rows_text(look, rows, width);
  if (look.seen == 0) return text + nothing_came_text(look, width);
  return text + wrapped(left_out_text(look), 0, width) + "\n";
}

std::string sample_message(const core::Machine& machine, MetricIndex index, Fixed from) {
  const core::Metric& metric = machine.at(index);
  std::vector<std::string> labels;
  const auto add = [&](const std::string& name, const std::string& value) {
    labels.push_back(adapters::quoted(name) + ":" + adapters::quoted(value));
  };
  if (machine.arms && !metric.unsplit) add(machine.arms->label, machine.arms->canary);
  if (!machine.targets.empty()) add(machine.targets[0].label, machine.targets[0].value);
  for (const core::LabelMatcher& matcher : metric.matchers) {
    if (matcher.kind == core::MatchKind::equal) add(matcher.label, matcher.value);
  }
  std::string text = fmt::format("  {{\"metric\":{},\n   \"labels\":{{{}}},\n   ",
                                 adapters::quoted(metric.selector), fmt::join(labels, ","));
  if (metric.kind == core::MetricKind::counter) {
    return text + fmt::format(
                      "\"kind\":\"counter_delta\",\"value\":1,\n   "
                      "\"exemplars\":[{{\"trace_id\":\"{}\"}}]}}\n",
                      kTrace);
  }
  // On the wire it is in its own unit; a fifth beyond the limit breaches without a doubt.
  const Fixed limit{from.nanos * Fixed::kScale / metric.unit.nanos};
  const std::string value = adapters::format_fixed(Fixed{limit.nanos * 6 / 5});
  return text + fmt::format(
                    "\"kind\":\"histogram_delta\",\"bounds\":[{}],\"counts\":[0,1],"
                    "\"sum\":{},\n   \"exemplars\":[{{\"value\":{},\"trace_id\":\"{}\"}}]"
                    "}}\n",
                    adapters::format_fixed(limit), value, value, kTrace);
}

}  // namespace rollbook::tools
