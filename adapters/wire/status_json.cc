// A status as contract.md's object. Fields are added, never taken away.

#include <algorithm>

#include "adapters/wire/json_out.h"
#include "adapters/wire/names.h"
#include "adapters/wire/places.h"
#include "adapters/wire/status.h"
#include "adapters/wire/text.h"

namespace rollbook::adapters {
namespace {

using core::Duration;
using core::Time;

Json time_or_null(const std::optional<Time>& time) {
  return time ? Json(format_time(*time)) : Json(nullptr);
}
Json duration_or_null(const std::optional<Duration>& duration) {
  return duration ? Json(format_duration(*duration)) : Json(nullptr);
}

Json to_json(const CriterionStatus& criterion) {
  Json json;
  json["id"] = criterion.id;
  json["text"] = criterion.text;
  if (criterion.part) json["part"] = true;
  json["verdict"] = name_of(criterion.reading.verdict);
  if (criterion.reading.missing != core::Missing::none) {
    json["missing"] = name_of(criterion.reading.missing);
  }
  if (!criterion.refused.empty()) json["refused"] = criterion.refused;
  json["value"] = criterion.reading.value ? number(*criterion.reading.value) : Json(nullptr);
  json["limit"] = criterion.limit ? number(*criterion.limit) : Json(nullptr);
  json["samples"] = criterion.reading.samples;
  json["pending"] = duration_or_null(criterion.pending);
  if (criterion.sustain > Duration::zero()) json["for"] = format_duration(criterion.sustain);
  if (criterion.window) {
    json["window"] = format_duration(*criterion.window);
    json["seen"] = format_duration(criterion.reading.seen);
  }
  if (criterion.reading.evidence)
    json["evidence"] = evidence_of(*criterion.reading.evidence, criterion.kind,
                                   criterion.judge ? &*criterion.judge : nullptr);
  if (!criterion.coarse.empty()) json["coarse"] = criterion.coarse;
  if (!criterion.reading.kinds.empty()) json["new"] = criterion.reading.kinds;
  json["source"] = criterion.source;
  return json;
}

template <class Named>  // of a series
Json series_json(const Named& series) {
  Json json{{"metric", series.metric}, {"arm", series.arm}};
  if (!series.target.empty()) json["target"] = series.target;
  return json;
}

Json to_json(const RefusedStatus& refused) {
  Json json = series_json(refused);
  json["since"] = format_time(refused.since);
  json["last"] = format_time(refused.last);
  json["points"] = refused.points;
  json["sender"] = refused.sender;
  json["reason"] = refused.why;
  return json;
}

Json to_json(const SilenceStatus& silence) {
  Json json = series_json(silence);
  json["criterion"] = silence.criterion;
  json["since"] = time_or_null(silence.since);
  json["refused"] = silence.refused;
  if (silence.two_senders) json["two_senders"] = true;
  return json;
}

Json to_json(const HoldStatus& hold) {
  Json json{{"elapsed", format_duration(hold.elapsed)},
            {"remaining", format_duration(hold.remaining)},
            {"running", hold.running}};
  for (const SilenceStatus& silence : hold.silences) {
    json["without_data"].push_back(to_json(silence));
  }
  if (hold.requests_needed) {
    json["requests"] = *hold.requests;
    json["requests_needed"] = *hold.requests_needed;
  }
  return json;
}

Json to_json(const TargetStatus& target) {
  Json json;
  json["name"] = target.name;
  json["settled_weight"] = number(target.settled);
  json["requested_weight"] = number(target.requested);
  json["observed_weight"] = target.observed ? number(*target.observed) : Json(nullptr);
  json["rolled_back"] = target.rolled_back;
  if (target.rolled_back) json["because"] = target.because;
  return json;
}

Json to_json(const QuestionStatus& question) {
  Json answers = Json::array();
  for (const AnswerStatus& answer : question.answers) {
    answers.push_back({{"role", answer.role}, {"actor", answer.actor}, {"answer", answer.answer}});
  }
  Json json;
  json["question"] = question.number;
  json["kind"] = name_of(question.kind);
  json["item"] = question.item;
  json["roles"] = question.quorum.roles;
  json["needed"] = needed(question.quorum);
  json["answers"] = std::move(answers);
  json["options"] = question.options;
  json["deadline"] = time_or_null(question.deadline);
  return json;
}

// Conditions of `pause while`, and those whose missing data makes the hold stand still.
std::vector<std::string> held_by(const RolloutStatus& status) {
  std::vector<std::string> all = status.held_by;
  if (!status.hold) return all;
  for (const SilenceStatus& silence : status.hold->silences) {
    const bool told = std::find(all.begin(), all.end(), silence.criterion) != all.end();
    if (!told) all.push_back(silence.criterion);
  }
  return all;
}

Json to_json(const EffectStatus& effect) {
  Json json;
  json["sequence"] = effect.sequence.value;
  json["kind"] = name_of(effect.kind);
  const bool traffic = effect.kind == core::EffectKind::traffic;
  if (!effect.name.empty()) json[traffic ? "target" : "name"] = effect.name;
  if (traffic) json["to"] = number(effect.to);
  json["rollback"] = effect.rollback;
  json["attempts"] = effect.attempts;
  json[effect.rollback ? "again" : "deadline"] = time_or_null(effect.deadline);
  return json;
}

}  // namespace

std::string status_json(const RolloutStatus& status) {
  Json json;
  json["rollout"] = status.rollout;
  json["runbook"] = status.runbook;
  json["service"] = status.service;
  json["version"] = status.version;
  json["state"] = status.state;
  json["phase"] = name_of(status.phase);
  json["step"] = status.step;
  json["outcome"] = status.outcome ? Json(name_of(*status.outcome)) : Json(nullptr);
  json["stage"] = nullptr;
  if (status.stage) {
    json["stage"] = {{"name", status.stage->name},
                     {"index", status.stage->index},
                     {"of", status.stage->of},
                     {"weight", number(status.stage->weight)}};
  }
  json["settled_weight"] = number(status.settled);
  json["requested_weight"] = number(status.requested);
  json["observed_weight"] = status.observed ? number(*status.observed) : Json(nullptr);
  for (const TargetStatus& target : status.targets) json["targets"].push_back(to_json(target));
  json["paused"] = status.paused;
  json["paused_until"] = time_or_null(status.paused_until);
  if (status.opens) json["opens"] = format_time(*status.opens);
  json["halted"] = status.halted;
  if (status.halted) {
    json["halted_because"] = status.halted_because;
    json["ways_out"] = status.ways_out;
  }
  json["held_by"] = held_by(status);
  // What an engine saw last says nothing once there is none.
  json["sight"] = status.no_engine ? "no_engine" : name_of(status.sight);
  if (status.no_engine) {
    json["no_engine"] = {
        {"since", format_time(status.no_engine->since)},
        {"for",
         format_duration(std::chrono::floor<std::chrono::seconds>(status.no_engine->lasts))}};
  }
  for (const RefusedStatus& refused : status.refused) json["refused"].push_back(to_json(refused));
  if (const auto& reading = status.reading_back) {
    json["reading_back"] = {{"reach", format_duration(reading->reach)},
                            {"done", reading->done ? Json(*reading->done) : Json(nullptr)},
                            {"total", reading->total ? Json(*reading->total) : Json(nullptr)}};
  }
  json["hold"] = status.hold ? to_json(*status.hold) : Json(nullptr);
  json["criteria"] = Json::array();
  for (const CriterionStatus& criterion : status.criteria) {
    json["criteria"].push_back(to_json(criterion));
  }
  json["waiting_for"] = Json::array();
  for (const QuestionStatus& question : status.questions) {
    json["waiting_for"].push_back(to_json(question));
  }
  json["effects"] = Json::array();
  for (const EffectStatus& effect : status.effects) json["effects"].push_back(to_json(effect));
  json["because"] = status.because;
  if (!status.breach.empty()) json["breach"] = status.breach;
  json["last_sequence"] = status.last.value;
  json["time"] = format_time(status.now);
  return to_line(json);
}

}  // namespace rollbook::adapters
