#include "adapters/wire/places.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/names.h"
#include "engine/core/prove.h"

namespace rollbook::adapters {

std::string place_of(const core::Machine& machine, const core::Span& span) {
  return span.line == 0 ? "" : fmt::format("{}:{}:{}", machine.file, span.line, span.column);
}

std::string state_name(const core::Machine* machine, core::StateIndex index) {
  if (!index.valid()) return "";
  return machine == nullptr ? std::to_string(index.value) : machine->at(index).name;
}

std::optional<core::Fixed> limit_of(const core::Criterion& criterion) {
  // A duration's nanoseconds are seconds at 10⁻⁹.
  if (criterion.measure == core::Measure::absent) return core::Fixed{criterion.sustain.count()};
  const bool has_own = criterion.judge || !criterion.new_by.empty();
  if (criterion.other.valid() && !has_own) return std::nullopt;
  return criterion.limit;
}

std::optional<core::Fixed> limit_of(const core::Criterion& criterion,
                                    const core::Reading& reading) {
  return reading.limit ? reading.limit : limit_of(criterion);
}

std::optional<core::Duration> window_of(const core::Machine& machine,
                                        const core::Criterion& criterion) {
  if (criterion.judge) return criterion.judge->over;
  if (!criterion.window.valid() || criterion.test != core::Test::none) return std::nullopt;
  return machine.at(criterion.window).width;
}

std::optional<core::Duration> pending_of(const core::Criterion& criterion,
                                         const core::Reading& reading) {
  const bool has_for =
      criterion.sustain > core::Duration::zero() && criterion.measure != core::Measure::absent;
  if (!has_for || reading.raw != core::Raw::true_ || reading.since > reading.at) {
    return std::nullopt;
  }
  return std::min(criterion.sustain, reading.held + (reading.at - reading.since));
}

namespace {
const core::Judge* judge_of(const core::Criterion* criterion) {
  return criterion != nullptr && criterion->judge ? &*criterion->judge : nullptr;
}
}  // namespace

void write_reading(const core::Machine* machine, core::CriterionIndex index,
                   const core::Reading& reading, Json& json) {
  const core::Criterion* criterion = machine == nullptr ? nullptr : &machine->at(index);
  json["criterion"] = criterion == nullptr ? std::to_string(index.value) : criterion->id;
  if (criterion != nullptr) json["source"] = place_of(*machine, criterion->span);
  json["verdict"] = name_of(reading.verdict);
  if (reading.missing != core::Missing::none) json["missing"] = name_of(reading.missing);
  json["value"] = reading.value ? number(*reading.value) : Json(nullptr);
  if (criterion != nullptr) {
    const auto limit = limit_of(*criterion, reading);
    json["limit"] = limit ? number(*limit) : Json(nullptr);
    if (const auto window = window_of(*machine, *criterion)) {
      json["window"] = format_duration(*window);
    }
  }
  json["samples"] = reading.samples;
  if (reading.low) json["low"] = number(*reading.low);
  if (reading.high) json["high"] = number(*reading.high);
  if (reading.evidence) {
    // Without a machine nothing is known of it but what the evidence says itself.
    const auto kind = criterion == nullptr ? core::CriterionKind::stop : criterion->kind;
    json["evidence"] = evidence_of(*reading.evidence, kind, judge_of(criterion));
  }
  if (!reading.kinds.empty()) json["new"] = reading.kinds;
  if (criterion == nullptr) return;
  json["text"] = criterion->text;
  if (reading.at > core::Time{}) json["at"] = format_time(reading.at);
  if (const auto window = window_of(*machine, *criterion); window && reading.seen < *window) {
    json["seen"] = format_duration(reading.seen);
  }
  if (const auto pending = pending_of(*criterion, reading)) {
    json["pending"] = format_duration(*pending);
  }
}

namespace {

Json numbers_of(const std::vector<core::Fixed>& values) {
  Json list = Json::array();
  for (const core::Fixed value : values) list.push_back(number(value));
  return list;
}

Json judgement_of(const core::Evidence& evidence, const core::Judge* judge) {
  if (judge != nullptr && judge->metrics.size() != evidence.judged.size()) judge = nullptr;
  Json json{{"test", name_of(evidence.test)}};
  if (judge != nullptr) json["marginal"] = number(judge->marginal);
  Json metrics = Json::array();
  for (std::size_t i = 0; i < evidence.judged.size(); ++i) {
    const core::JudgedSample& judged = evidence.judged[i];
    Json metric;
    if (judge != nullptr) {
      metric["metric"] = judge->metrics[i].text;
      if (!judge->metrics[i].group.empty()) metric["group"] = judge->metrics[i].group;
      if (judge->metrics[i].muted) metric["muted"] = true;
    }
    metric["classification"] = name_of(judged.classification);
    metric["critical"] = judged.critical;
    if (judged.u) metric["u"] = number(*judged.u);
    if (judged.estimate) metric["estimate"] = number(*judged.estimate);
    if (judged.low) metric["low"] = number(*judged.low);
    if (judged.high) metric["high"] = number(*judged.high);
    if (judged.effect) metric["effect"] = number(*judged.effect);
    metric["canary"] = numbers_of(judged.canary);
    metric["baseline"] = numbers_of(judged.baseline);
    metrics.push_back(std::move(metric));
  }
  json["metrics"] = std::move(metrics);
  return json;
}

Json nats(std::int64_t micro) { return number(core::Fixed{core::Int128{micro} * 1000}); }

Json edge_of(const core::Edge& edge) {
  return {{"at", number(edge.at)}, {"above", edge.above}, {"log_e", nats(edge.log)}};
}

Json pair_of(const std::vector<core::Edge>& pair) {
  Json json = Json::array();
  for (const core::Edge& edge : pair) json.push_back(edge_of(edge));
  return json;
}

Json edges_of(const core::Edges& edges) {
  Json json = Json::object();
  if (edges.low) json["low"] = edge_of(*edges.low);
  if (edges.high) json["high"] = edge_of(*edges.high);
  if (edges.other_low) json["other_low"] = edge_of(*edges.other_low);
  if (edges.other_high) json["other_high"] = edge_of(*edges.other_high);
  json["pair"] = pair_of(edges.pair);
  if (!edges.contrary_pair.empty()) json["contrary_pair"] = pair_of(edges.contrary_pair);
  return json;
}

}  // namespace

Json evidence_of(const core::Evidence& evidence, core::CriterionKind kind,
                 const core::Judge* judge) {
  if (evidence.test == core::Test::kayenta) return judgement_of(evidence, judge);
  Json json;
  json["test"] = name_of(evidence.test);
  json["log_e"] = nats(evidence.statistic);
  if (kind == core::CriterionKind::expect || evidence.contrary != 0) {
    json["log_e_contrary"] = nats(evidence.contrary);
  }
  json["needed"] = nats(core::threshold_of(evidence.alpha));
  json["alpha"] = number(evidence.alpha);
  if (evidence.shared_by > 1) json["shared_by"] = evidence.shared_by;
  if (evidence.prior_b.nanos != 0) {
    json["prior"] = Json::array({number(evidence.prior_a), number(evidence.prior_b)});
  }
  if (evidence.dispersion.nanos != 0) json["dispersion"] = number(evidence.dispersion);
  json["counts"] = evidence.counts;
  if (!evidence.logs.empty()) json["logs"] = evidence.logs;
  if (evidence.edges) json["edges"] = edges_of(*evidence.edges);
  if (evidence.starts.empty()) return json;
  Json starts = Json::array();
  for (const core::TestStart& start : evidence.starts) {
    Json& each = starts.emplace_back(Json{{"from", start.from}, {"to", start.to}});
    if (!start.counts.empty()) each["counts"] = start.counts;
    if (!start.logs.empty()) each["logs"] = start.logs;
  }
  json["starts"] = std::move(starts);
  return json;
}

Json object_of(const std::vector<core::Argument>& arguments) {
  Json object = Json::object();
  for (const core::Argument& argument : arguments) object[argument.name] = argument.value;
  return object;
}

Json options_of(const core::Item& item, const std::vector<std::uint32_t>& offered) {
  if (item.kind == core::ItemKind::confirm) return Json::array({"yes", "no"});
  Json options = Json::array();
  for (const std::uint32_t i : offered) {
    if (i < item.options.size()) options.push_back(item.options[i].name);
  }
  return options;
}

const core::Item* item_of(const EventContext& context, core::Sequence question) {
  if (context.machine == nullptr) return nullptr;
  if (context.recall) {
    if (const auto asked = context.recall(question)) {
      if (const auto* body = std::get_if<core::Asked>(&asked->event.body)) {
        return &context.machine->at(body->item);
      }
    }
  }
  return context.machine->items.size() == 1 ? &context.machine->items.front() : nullptr;
}

}  // namespace rollbook::adapters
