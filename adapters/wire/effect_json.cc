#include "adapters/wire/effect_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/json_out.h"
#include "adapters/wire/names.h"
#include "adapters/wire/places.h"
#include "adapters/wire/text.h"

namespace rollbook::adapters {
namespace {

using core::EffectKind;

void write_traffic(const core::Machine& machine, const core::EffectRequested& effect, Json& data) {
  data["target"] = effect.target.valid() ? machine.at(effect.target).name : "";
  data["order"] = effect.order;
  data["from"] = number(effect.from);
  data["to"] = number(effect.to);
  if (machine.arms) {
    const core::Weight rest{core::kAllTraffic.nanos - effect.to.nanos};
    data["arms"] = {{machine.arms->baseline, number(rest)},
                    {machine.arms->canary, number(effect.to)}};
  }
  data["rollback"] = effect.rollback;
}

// What the criterion said that is the reason; its reading is the state's, which decided.
Json evidence_of(const core::Machine& machine, const core::RolloutState& state,
                 core::CriterionIndex index) {
  Json evidence;
  const core::Reading none;
  const bool known = index.value < state.readings.size();
  write_reading(&machine, index, known ? state.readings[index.value] : none, evidence);
  return evidence;
}

// The other conditions of a conjunction; empty where it stands alone.
Json joined_evidence(const core::Machine& machine, const core::RolloutState& state,
                     core::CriterionIndex index) {
  Json evidence = Json::array();
  if (!machine.at(index).part) return evidence;
  const auto joins = [&](const core::Transition& transition) {
    return transition.trigger.criterion == index && !transition.trigger.also.empty();
  };
  const auto found = std::find_if(machine.transitions.begin(), machine.transitions.end(), joins);
  if (found == machine.transitions.end()) return evidence;
  for (const core::CriterionIndex other : found->trigger.also) {
    if (!machine.at(other).veto) evidence.push_back(evidence_of(machine, state, other));
  }
  return evidence;
}

// The same on the baseline's share, of a stop that it can hold back.
Json baseline_evidence(const core::Machine& machine, const core::RolloutState& state,
                       core::CriterionIndex index) {
  Json evidence = Json::array();
  const auto held_back = [&](const core::Transition& transition) {
    return transition.trigger.criterion == index && !transition.trigger.unless.empty();
  };
  const auto found =
      std::find_if(machine.transitions.begin(), machine.transitions.end(), held_back);
  if (found == machine.transitions.end()) return evidence;
  for (const core::CriterionIndex veto : found->trigger.unless) {
    evidence.push_back(evidence_of(machine, state, veto));
  }
  return evidence;
}

void write_message(const core::Machine& machine, const core::RolloutState& state,
                   const core::EffectRequested& effect, Json& data) {
  if (!effect.name.empty()) data["name"] = effect.name;
  if (!effect.arguments.empty()) data["arguments"] = object_of(effect.arguments);
  data["channel"] = effect.channel;
  data["text"] = effect.text;
  if (!effect.severity.empty()) data["severity"] = effect.severity;
  if (!effect.criterion.valid()) return;
  data["evidence"] = evidence_of(machine, state, effect.criterion);
  Json joined = joined_evidence(machine, state, effect.criterion);
  if (!joined.empty()) data["evidence"]["and"] = std::move(joined);
  Json baseline = baseline_evidence(machine, state, effect.criterion);
  if (!baseline.empty()) data["evidence"]["baseline"] = std::move(baseline);
}

void write_kind(const core::Machine& machine, const core::RolloutState& state,
                const core::EffectRequested& effect, Json& data) {
  switch (effect.kind) {
    case EffectKind::traffic:
      return write_traffic(machine, effect, data);
    case EffectKind::run:
    case EffectKind::start:
    case EffectKind::stop:
      data["action"] = effect.name;
      data["arguments"] = object_of(effect.arguments);
      if (effect.tracked) data["settle"] = true;
      return;
    case EffectKind::checkpoint:
      data["name"] = effect.name;
      return;
    case EffectKind::notify:
    case EffectKind::page:
    case EffectKind::incident:
    case EffectKind::report:
      return write_message(machine, state, effect, data);
  }
}

// An effect that only makes sense while the rollout goes forward.
bool is_forward(const core::EffectRequested& effect) {
  if (effect.rollback) return false;
  return effect.kind == EffectKind::traffic || effect.kind == EffectKind::run ||
         effect.kind == EffectKind::start || effect.kind == EffectKind::checkpoint;
}

}  // namespace

runtime::OutboxRow effect_row(const std::string& topic, const core::Machine& machine,
                              const core::RolloutState& state, const core::Event& event,
                              const runtime::EffectHashes& hashes) {
  const auto& effect = std::get<core::EffectRequested>(event.body);
  runtime::OutboxRow row;
  row.stream = event.stream;
  row.sequence = event.sequence;
  row.forward = is_forward(effect);
  row.topic = topic;
  row.key = state.id;
  row.id = public_id(state.id, event.sequence, hashes.own);
  row.type = fmt::format("dev.rollbook.effect.{}", name_of(effect.kind));

  Json data;
  data["rollout"] = state.id;
  data["service"] = state.service;
  data["version"] = state.version;
  data["runbook"] = machine.name;
  data["effect"] = row.id;
  data["state"] = state_name(&machine, effect.state);
  data["cause"] = {{"sequence", event.cause.value}, {"text", effect.cause_text}};
  write_kind(machine, state, effect, data);
  if (effect.deadline) data["deadline"] = format_time(*effect.deadline);
  if (effect.retry_of.valid()) {
    data["retry_of"] = public_id(state.id, effect.retry_of, hashes.first);
  }

  Json json;
  json["specversion"] = "1.0";
  json["id"] = row.id;
  json["source"] = "rollbook/engine";
  json["type"] = row.type;
  json["subject"] = state.id;
  json["time"] = format_time(event.time);
  json["datacontenttype"] = "application/json";
  json["data"] = std::move(data);
  row.payload = to_line(json);
  return row;
}

runtime::Outgoing message_of(const runtime::OutboxRow& row) {
  return runtime::Outgoing{row.topic, row.key, row.id, row.type, row.payload};
}

}  // namespace rollbook::adapters
