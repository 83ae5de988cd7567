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

core::Fixed limit_of(const core::Criterion& criterion) {
  // A duration's nanoseconds are seconds at 10⁻⁹.
  return criterion.measure == core::Measure::absent ? core::Fixed{criterion.sustain.count()}
                                                    : criterion.limit;
}

std::optional<core::Duration> window_of(const core::Machine& machine,
                                        const core::Criterion& criterion) {
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

void write_reading(const core::Machine* machine, core::CriterionIndex index,
                   const core::Reading& reading, Json& json) {
  const core::Criterion* criterion = machine == nullptr ? nullptr : &machine->at(index);
  json["criterion"] = criterion == nullptr ? std::to_string(index.value) : criterion->id;
  if (criterion != nullptr) json["source"] = place_of(*machine, criterion->span);
  json["verdict"] = name_of(reading.verdict);
  if (reading.missing != core::Missing::none) json["missing"] = name_of(reading.missing);
  json["value"] = reading.value ? number(*reading.value) : Json(nullptr);
  if (criterion != nullptr) {
    json["limit"] = number(reading.limit.value_or(limit_of(*criterion)));
    if (const auto window = window_of(*machine, *criterion)) {
      json["window"] = format_duration(*window);
    }
  }
  json["samples"] = reading.samples;
  if (reading.low) json["low"] = number(*reading.low);
  if (reading.high) json["high"] = number(*reading.high);
  if (reading.evidence) json["evidence"] = evidence_of(*reading.evidence);
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

Json evidence_of(const core::Evidence& evidence) {
  const auto nats = [](std::int64_t micro) {
    return number(core::Fixed{core::Int128{micro} * 1000});
  };
  Json json;
  json["test"] = name_of(evidence.test);
  json["log_e"] = nats(evidence.statistic);
  if (evidence.contrary != 0) json["log_e_contrary"] = nats(evidence.contrary);
  json["needed"] = nats(core::threshold_of(evidence.alpha));
  json["alpha"] = number(evidence.alpha);
  if (evidence.prior_b.nanos != 0) {
    json["prior"] = Json::array({number(evidence.prior_a), number(evidence.prior_b)});
  }
  if (evidence.dispersion.nanos != 0) json["dispersion"] = number(evidence.dispersion);
  json["counts"] = evidence.counts;
  if (evidence.starts.empty()) return json;
  Json starts = Json::array();
  for (const core::TestStart& start : evidence.starts) {
    starts.push_back({{"from", start.from}, {"to", start.to}, {"counts", start.counts}});
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
