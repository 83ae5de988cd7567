#pragma once
// Every body of an event but Observed (observed_codec.h), put into its message and taken out of
// it. Internal to event_codec.

#include <optional>

#include "engine/core/event.h"
#include "store/event.pb.h"
#include "store/wire_values.h"

namespace rollbook::store {
namespace wire {

inline std::optional<core::Time> take_time_if(bool present, std::int64_t nanos) {
  if (!present) return std::nullopt;
  return take_time(nanos);
}

inline void put(const core::TargetWeight& weight, TargetWeight& out) {
  out.set_target(weight.target);
  out.set_weight(weight.weight.nanos);
}
inline core::TargetWeight take(const TargetWeight& stored, Fault&) {
  return {stored.target(), core::Weight{stored.weight()}};
}

// ---- Commands -----------------------------------------------------------------------------

inline void put(const core::Command& command, Command& out) {
  out.set_source(command.key.source);
  out.set_id(command.key.id);
  out.set_verb(put_enum(command.verb));
  out.set_rollout(command.rollout);
  out.set_actor(command.actor);
  out.set_reason(command.reason);
  out.set_sent(put_time(command.sent));
  out.set_item(command.item);
  out.set_role(command.role);
  out.set_yes(command.yes);
  out.set_question(command.question);
  out.set_option(command.option);
  if (command.duration) out.set_duration(command.duration->count());
  out.set_how(put_enum(command.how));
  out.set_to(command.to.nanos);
  out.set_target(command.target);
  out.set_effect(command.effect);
  out.set_succeeded(command.succeeded);
  out.set_detail(command.detail);
  out.set_result(command.result);
  out.set_runbook(command.runbook);
  out.set_file(command.file);
  put_all(command.params, out.mutable_params());
  out.set_version(command.version);
  out.set_digest(command.digest);
  if (command.weight) out.set_weight(command.weight->nanos);
  put_all(command.weights, out.mutable_weights());
}

inline core::Command take(const Command& stored, Fault& fault) {
  core::Command command;
  command.key = {stored.source(), stored.id()};
  command.verb = take_enum<core::Verb>(stored.verb(), "verb", fault);
  command.rollout = stored.rollout();
  command.actor = stored.actor();
  command.reason = stored.reason();
  command.sent = take_time(stored.sent());
  command.item = stored.item();
  command.role = stored.role();
  command.yes = stored.yes();
  command.question = stored.question();
  command.option = stored.option();
  if (stored.has_duration()) command.duration = core::Duration{stored.duration()};
  command.how = take_enum<core::RollbackHow>(stored.how(), "kind of rollback", fault);
  command.to = core::Weight{stored.to()};
  command.target = stored.target();
  command.effect = stored.effect();
  command.succeeded = stored.succeeded();
  command.detail = stored.detail();
  command.result = stored.result();
  command.runbook = stored.runbook();
  command.file = stored.file();
  command.params = take_all(stored.params(), fault);
  command.version = stored.version();
  command.digest = stored.digest();
  if (stored.has_weight()) command.weight = core::Weight{stored.weight()};
  command.weights = take_all(stored.weights(), fault);
  return command;
}

// ---- Bodies, by kind ----------------------------------------------------------------------

inline void put(const core::ReadBack& back, ReadBack& out) {
  out.set_from(put_time(back.from));
  for (const core::SourceOffset& offset : back.until) {
    SourceOffset& message = *out.add_until();
    message.set_topic(offset.topic);
    message.set_partition(offset.partition);
    message.set_next(offset.next);
  }
}
inline core::ReadBack take(const ReadBack& stored, Fault&) {
  core::ReadBack back;
  back.from = take_time(stored.from());
  for (const SourceOffset& offset : stored.until()) {
    back.until.push_back({offset.topic(), offset.partition(), offset.next()});
  }
  return back;
}

inline void put(const core::RolloutStarted& body, RolloutStarted& out) {
  out.set_rollout(body.rollout);
  out.set_service(body.service);
  out.set_runbook(body.runbook);
  out.set_version(body.version);
  out.set_digest(body.digest);
  out.set_semantics(body.semantics);
  out.mutable_limits()->set_grace(body.limits.grace.count());
  out.mutable_limits()->set_skew(body.limits.skew.count());
  out.mutable_limits()->set_stale_after(body.limits.stale_after.count());
  out.mutable_limits()->set_effect_deadline(body.limits.effect_deadline.count());
  out.set_weight(body.weight.nanos);
  put_all(body.params, out.mutable_params());
  out.set_actor(body.actor);
  out.set_reason(body.reason);
  out.set_command_source(body.command.source);
  out.set_command_id(body.command.id);
  put_all(body.targets, out.mutable_targets());
  if (body.back) put(*body.back, *out.mutable_back());
}
inline core::RolloutStarted take(const RolloutStarted& stored, Fault& fault) {
  core::RolloutStarted body;
  body.rollout = stored.rollout();
  body.service = stored.service();
  body.runbook = stored.runbook();
  body.version = stored.version();
  body.digest = stored.digest();
  body.semantics = stored.semantics();
  body.limits.grace = core::Duration{stored.limits().grace()};
  body.limits.skew = core::Duration{stored.limits().skew()};
  body.limits.stale_after = core::Duration{stored.limits().stale_after()};
  body.limits.effect_deadline = core::Duration{stored.limits().effect_deadline()};
  body.weight = core::Weight{stored.weight()};
  body.params = take_all(stored.params(), fault);
  body.actor = stored.actor();
  body.reason = stored.reason();
  body.command = {stored.command_source(), stored.command_id()};
  body.targets = take_all(stored.targets(), fault);
  if (stored.has_back()) body.back = take(stored.back(), fault);
  return body;
}

inline void put(const core::TestStart& start, TestStart& out) {
  out.set_from(start.from);
  out.set_to(start.to);
  out.mutable_counts()->Add(start.counts.begin(), start.counts.end());
  out.mutable_logs()->Add(start.logs.begin(), start.logs.end());
}
inline core::TestStart take(const TestStart& stored, Fault&) {
  return {stored.from(),
          stored.to(),
          {stored.counts().begin(), stored.counts().end()},
          {stored.logs().begin(), stored.logs().end()}};
}

inline void put(const core::JudgedSample& judged, JudgedSample& out) {
  out.set_classification(put_enum(judged.classification));
  out.set_critical(judged.critical);
  if (judged.u) put(*judged.u, *out.mutable_u());
  if (judged.estimate) put(*judged.estimate, *out.mutable_estimate());
  if (judged.low) put(*judged.low, *out.mutable_low());
  if (judged.high) put(*judged.high, *out.mutable_high());
  if (judged.effect) put(*judged.effect, *out.mutable_effect());
  put_all(judged.canary, out.mutable_canary());
  put_all(judged.baseline, out.mutable_baseline());
}
inline core::JudgedSample take(const JudgedSample& stored, Fault& fault) {
  core::JudgedSample judged;
  judged.classification =
      take_enum<core::Classification>(stored.classification(), "classification", fault);
  judged.critical = stored.critical();
  if (stored.has_u()) judged.u = take(stored.u(), fault);
  if (stored.has_estimate()) judged.estimate = take(stored.estimate(), fault);
  if (stored.has_low()) judged.low = take(stored.low(), fault);
  if (stored.has_high()) judged.high = take(stored.high(), fault);
  if (stored.has_effect()) judged.effect = take(stored.effect(), fault);
  judged.canary = take_all(stored.canary(), fault);
  judged.baseline = take_all(stored.baseline(), fault);
  return judged;
}

inline void put(const core::Edge& edge, Edge& out) {
  put(edge.at, *out.mutable_at());
  out.set_above(edge.above);
  out.set_log(edge.log);
}
inline core::Edge take(const Edge& stored, Fault& fault) {
  return {take(stored.at(), fault), stored.above(), stored.log()};
}

inline void put(const core::Edges& edges, Edges& out) {
  if (edges.low) put(*edges.low, *out.mutable_low());
  if (edges.high) put(*edges.high, *out.mutable_high());
  if (edges.other_low) put(*edges.other_low, *out.mutable_other_low());
  if (edges.other_high) put(*edges.other_high, *out.mutable_other_high());
  put_all(edges.pair, out.mutable_pair());
  put_all(edges.contrary_pair, out.mutable_contrary_pair());
}
inline core::Edges take(const Edges& stored, Fault& fault) {
  core::Edges edges;
  if (stored.has_low()) edges.low = take(stored.low(), fault);
  if (stored.has_high()) edges.high = take(stored.high(), fault);
  if (stored.has_other_low()) edges.other_low = take(stored.other_low(), fault);
  if (stored.has_other_high()) edges.other_high = take(stored.other_high(), fault);
  edges.pair = take_all(stored.pair(), fault);
  edges.contrary_pair = take_all(stored.contrary_pair(), fault);
  return edges;
}

inline void put(const core::Evidence& evidence, Evidence& out) {
  out.set_test(put_enum(evidence.test));
  out.set_statistic(evidence.statistic);
  out.set_contrary(evidence.contrary);
  put(evidence.alpha, *out.mutable_alpha());
  put(evidence.prior_a, *out.mutable_prior_a());
  put(evidence.prior_b, *out.mutable_prior_b());
  out.mutable_counts()->Add(evidence.counts.begin(), evidence.counts.end());
  put(evidence.dispersion, *out.mutable_dispersion());
  put_all(evidence.starts, out.mutable_starts());
  put_all(evidence.judged, out.mutable_judged());
  out.mutable_logs()->Add(evidence.logs.begin(), evidence.logs.end());
  out.set_shared_by(evidence.shared_by - 1U);
  if (evidence.edges) put(*evidence.edges, *out.mutable_edges());
}
inline core::Evidence take(const Evidence& stored, Fault& fault) {
  core::Evidence evidence;
  evidence.test = take_enum<core::Test>(stored.test(), "test", fault);
  evidence.statistic = stored.statistic();
  evidence.contrary = stored.contrary();
  evidence.alpha = take(stored.alpha(), fault);
  evidence.prior_a = take(stored.prior_a(), fault);
  evidence.prior_b = take(stored.prior_b(), fault);
  evidence.counts.assign(stored.counts().begin(), stored.counts().end());
  evidence.dispersion = take(stored.dispersion(), fault);
  evidence.starts = take_all(stored.starts(), fault);
  evidence.judged = take_all(stored.judged(), fault);
  evidence.logs.assign(stored.logs().begin(), stored.logs().end());
  evidence.shared_by = stored.shared_by() + 1U;
  if (stored.has_edges()) evidence.edges = take(stored.edges(), fault);
  return evidence;
}

inline void put(const core::VerdictChanged& body, VerdictChanged& out) {
  out.set_criterion(put_index(body.criterion));
  const core::Reading& reading = body.reading;
  Reading& message = *out.mutable_reading();
  message.set_verdict(put_enum(reading.verdict));
  message.set_missing(put_enum(reading.missing));
  message.set_raw(put_enum(reading.raw));
  if (reading.value) put(*reading.value, *message.mutable_value());
  if (reading.low) put(*reading.low, *message.mutable_low());
  if (reading.high) put(*reading.high, *message.mutable_high());
  message.set_samples(reading.samples);
  message.set_at(put_time(reading.at));
  message.set_seen(reading.seen.count());
  message.set_held(reading.held.count());
  message.set_since(put_time(reading.since));
  if (reading.limit) put(*reading.limit, *message.mutable_limit());
  if (reading.evidence) put(*reading.evidence, *message.mutable_evidence());
  for (const std::string& kind : reading.kinds) message.add_kinds(kind);
}
inline core::VerdictChanged take(const VerdictChanged& stored, Fault& fault) {
  core::VerdictChanged body;
  body.criterion = take_index<core::CriterionIndex>(stored.criterion());
  core::Reading& reading = body.reading;
  const Reading& message = stored.reading();
  reading.verdict = take_enum<core::Verdict>(message.verdict(), "verdict", fault);
  reading.missing = take_enum<core::Missing>(message.missing(), "reason for no data", fault);
  reading.raw = take_enum<core::Raw>(message.raw(), "raw condition", fault);
  if (message.has_value()) reading.value = take(message.value(), fault);
  if (message.has_low()) reading.low = take(message.low(), fault);
  if (message.has_high()) reading.high = take(message.high(), fault);
  reading.samples = message.samples();
  reading.at = take_time(message.at());
  reading.seen = core::Duration{message.seen()};
  reading.held = core::Duration{message.held()};
  reading.since = take_time(message.since());
  if (message.has_limit()) reading.limit = take(message.limit(), fault);
  if (message.has_evidence()) reading.evidence = take(message.evidence(), fault);
  reading.kinds.assign(message.kinds().begin(), message.kinds().end());
  return body;
}

inline void put(const core::Transitioned& body, Transitioned& out) {
  out.set_transition(put_index(body.transition));
  out.set_from(put_index(body.from));
  out.set_to(put_index(body.to));
  out.set_because(body.because);
}
inline core::Transitioned take(const Transitioned& stored, Fault&) {
  return {take_index<core::TransitionIndex>(stored.transition()),
          take_index<core::StateIndex>(stored.from()), take_index<core::StateIndex>(stored.to()),
          stored.because()};
}

inline void put(const core::TimerFired& body, TimerFired& out) {
  out.set_clock(put_index(body.clock));
}
inline core::TimerFired take(const TimerFired& stored, Fault&) {
  return {take_index<core::ClockIndex>(stored.clock())};
}

inline void put(const core::EffectRequested& body, EffectRequested& out) {
  out.set_kind(put_enum(body.kind));
  out.set_spec(put_index(body.spec));
  out.set_state(put_index(body.state));
  out.set_name(body.name);
  put_all(body.arguments, out.mutable_arguments());
  out.set_channel(body.channel);
  out.set_text(body.text);
  out.set_severity(body.severity);
  out.set_from(body.from.nanos);
  out.set_to(body.to.nanos);
  out.set_order(body.order);
  out.set_rollback(body.rollback);
  out.set_tracked(body.tracked);
  if (body.deadline) out.set_deadline(put_time(*body.deadline));
  out.set_retry_of(body.retry_of.value);
  out.set_cause_text(body.cause_text);
  out.set_criterion(put_index(body.criterion));
  out.set_target(put_index(body.target));
}
inline core::EffectRequested take(const EffectRequested& stored, Fault& fault) {
  core::EffectRequested body;
  body.kind = take_enum<core::EffectKind>(stored.kind(), "effect kind", fault);
  body.spec = take_index<core::EffectIndex>(stored.spec());
  body.state = take_index<core::StateIndex>(stored.state());
  body.name = stored.name();
  body.arguments = take_all(stored.arguments(), fault);
  body.channel = stored.channel();
  body.text = stored.text();
  body.severity = stored.severity();
  body.from = core::Weight{stored.from()};
  body.to = core::Weight{stored.to()};
  body.order = stored.order();
  body.rollback = stored.rollback();
  body.tracked = stored.tracked();
  body.deadline = take_time_if(stored.has_deadline(), stored.deadline());
  body.retry_of = core::Sequence{stored.retry_of()};
  body.cause_text = stored.cause_text();
  body.criterion = take_index<core::CriterionIndex>(stored.criterion());
  body.target = take_index<core::TargetIndex>(stored.target());
  return body;
}

inline void put(const core::EffectDelivered& body, EffectDelivered& out) {
  out.set_effect(body.effect.value);
}
inline core::EffectDelivered take(const EffectDelivered& stored, Fault&) {
  return {core::Sequence{stored.effect()}};
}

inline void put(const core::EffectSettled& body, EffectSettled& out) {
  out.set_effect(body.effect.value);
  out.set_outcome(put_enum(body.outcome));
  out.set_detail(body.detail);
  out.set_result(body.result);
}
inline core::EffectSettled take(const EffectSettled& stored, Fault& fault) {
  return {core::Sequence{stored.effect()},
          take_enum<core::EffectOutcome>(stored.outcome(), "outcome of an effect", fault),
          stored.detail(), stored.result()};
}

inline void put(const core::Commanded& body, Commanded& out) {
  put(body.command, *out.mutable_command());
}
inline core::Commanded take(const Commanded& stored, Fault& fault) {
  return {take(stored.command(), fault)};
}

inline void put(const core::Rejected& body, Rejected& out) {
  put(body.command, *out.mutable_command());
  out.set_reason(body.reason);
  out.set_detail(body.detail);
}
inline core::Rejected take(const Rejected& stored, Fault& fault) {
  return {take(stored.command(), fault), stored.reason(), stored.detail()};
}

inline void put(const core::Asked& body, Asked& out) {
  out.set_item(put_index(body.item));
  if (body.deadline) out.set_deadline(put_time(*body.deadline));
  out.mutable_offered()->Add(body.offered.begin(), body.offered.end());
}
inline core::Asked take(const Asked& stored, Fault&) {
  return {take_index<core::ItemIndex>(stored.item()),
          take_time_if(stored.has_deadline(), stored.deadline()),
          {stored.offered().begin(), stored.offered().end()}};
}

inline void put(const core::Confirmed& body, Confirmed& out) {
  out.set_question(body.question.value);
  out.set_role(body.role);
  out.set_actor(body.actor);
  out.set_yes(body.yes);
}
inline core::Confirmed take(const Confirmed& stored, Fault&) {
  return {core::Sequence{stored.question()}, stored.role(), stored.actor(), stored.yes()};
}

inline void put(const core::Decided& body, Decided& out) {
  out.set_question(body.question.value);
  out.set_role(body.role);
  out.set_actor(body.actor);
  out.set_option(body.option);
}
inline core::Decided take(const Decided& stored, Fault&) {
  return {core::Sequence{stored.question()}, stored.role(), stored.actor(), stored.option()};
}

inline void put(const core::Paused& body, Paused& out) {
  if (body.until) out.set_until(put_time(*body.until));
  out.set_halt(body.halt);
  out.set_because(body.because);
}
inline core::Paused take(const Paused& stored, Fault&) {
  return {take_time_if(stored.has_until(), stored.until()), stored.halt(), stored.because()};
}

inline void put(const core::Resumed&, Resumed&) {}
inline core::Resumed take(const Resumed&, Fault&) { return {}; }

inline void put(const core::RolloutFinished& body, RolloutFinished& out) {
  out.set_outcome(put_enum(body.outcome));
  out.set_weight(body.weight.nanos);
  out.set_because(body.because);
  put_all(body.targets, out.mutable_targets());
}
inline core::RolloutFinished take(const RolloutFinished& stored, Fault& fault) {
  return {take_enum<core::Outcome>(stored.outcome(), "outcome", fault),
          core::Weight{stored.weight()}, stored.because(), take_all(stored.targets(), fault)};
}

inline void put(const core::EngineGap& body, EngineGap& out) {
  out.set_from(put_time(body.from));
  out.set_to(put_time(body.to));
}
inline core::EngineGap take(const EngineGap& stored, Fault&) {
  return {take_time(stored.from()), take_time(stored.to())};
}

inline void put(const core::ClockStep& body, ClockStep& out) { out.set_by(body.by.count()); }
inline core::ClockStep take(const ClockStep& stored, Fault&) {
  return {core::Duration{stored.by()}};
}

inline void put(const core::SourceStatus& body, SourceStatus& out) {
  out.set_source(body.source);
  out.set_sight(put_enum(body.sight));
}
inline core::SourceStatus take(const SourceStatus& stored, Fault& fault) {
  return {stored.source(), take_enum<core::Sight>(stored.sight(), "sight of a source", fault)};
}

inline void put(const core::SourceGap& body, SourceGap& out) {
  out.set_topic(body.topic);
  out.set_partition(body.partition);
  out.set_from(body.from);
  out.set_to(body.to);
}
inline core::SourceGap take(const SourceGap& stored, Fault&) {
  return {stored.topic(), stored.partition(), stored.from(), stored.to()};
}

}  // namespace wire

}  // namespace rollbook::store
