#include "store/machine_codec.h"
#include "store/wire_values.h"

namespace rollbook::store {
namespace wire {

static void put(const core::Span& span, Span& out) {
  out.set_line(span.line);
  out.set_column(span.column);
  out.set_end_line(span.end_line);
  out.set_end_column(span.end_column);
}

static void put(const core::LabelMatcher& matcher, LabelMatcher& out) {
  out.set_label(matcher.label);
  out.set_kind(put_enum(matcher.kind));
  out.set_value(matcher.value);
}

static void put(const core::Metric& metric, Metric& out) {
  out.set_name(metric.name);
  out.set_kind(put_enum(metric.kind));
  out.set_fold(put_enum(metric.fold));
  out.set_selector(metric.selector);
  put_all(metric.matchers, out.mutable_matchers());
  out.set_unsplit(metric.unsplit);
  out.set_default_zero(metric.default_zero);
  put(metric.unit, *out.mutable_unit());
  for (const std::string& label : metric.by) out.add_by(label);
  put(metric.span, *out.mutable_span());
}

static void put(const core::Target& target, Target& out) {
  out.set_name(target.name);
  out.set_label(target.label);
  out.set_value(target.value);
  out.set_begins(target.begins.nanos);
  out.set_finishes(target.finishes.nanos);
  put(target.span, *out.mutable_span());
}

static void put(const core::Series& series, Series& out) {
  out.set_metric(put_index(series.metric));
  out.set_arm(put_enum(series.arm));
  out.set_target(put_index(series.target));
}

static void put(const core::Window& window, Window& out) {
  out.set_series(put_index(window.series));
  out.set_width(window.width.count());
  out.set_pane(window.pane.count());
  out.set_floor(put_enum(window.floor));
  out.set_cumulative(window.cumulative);
  out.set_by_time(window.by_time);
  out.set_renewed(window.renewed);
}

static void put(const core::EffectBounds& bounds, EffectBounds& out) {
  put(bounds.decrease, *out.mutable_decrease());
  put(bounds.increase, *out.mutable_increase());
}

static void put(const core::JudgedMetric& metric, JudgedMetric& out) {
  out.set_text(metric.text);
  out.set_group(metric.group);
  out.set_measure(put_enum(metric.measure));
  put(metric.quantile, *out.mutable_quantile());
  out.set_window(put_index(metric.window));
  out.set_denominator(put_index(metric.denominator));
  out.set_other(put_index(metric.other));
  out.set_other_denominator(put_index(metric.other_denominator));
  out.set_direction(put_enum(metric.direction));
  out.set_effect(put_enum(metric.effect));
  put(metric.allowed, *out.mutable_allowed());
  put(metric.intolerable, *out.mutable_intolerable());
  put(metric.outlier_factor, *out.mutable_outlier_factor());
  out.set_critical(metric.critical);
  out.set_required(metric.required);
  out.set_muted(metric.muted);
}

static void put(const core::GroupWeight& each, GroupWeight& out) {
  out.set_group(each.group);
  put(each.weight, *out.mutable_weight());
}

static void put(const core::Judge& judge, Judge& out) {
  out.set_over(judge.over.count());
  out.set_step(judge.step.count());
  put(judge.marginal, *out.mutable_marginal());
  put_all(judge.metrics, out.mutable_metrics());
  put_all(judge.weights, out.mutable_weights());
}

static void put(const core::Criterion& criterion, Criterion& out) {
  out.set_id(criterion.id);
  out.set_text(criterion.text);
  out.set_kind(put_enum(criterion.kind));
  out.set_measure(put_enum(criterion.measure));
  out.set_window(put_index(criterion.window));
  out.set_denominator(put_index(criterion.denominator));
  out.set_series(put_index(criterion.series));
  put(criterion.quantile, *out.mutable_quantile());
  out.set_comparison(put_enum(criterion.comparison));
  put(criterion.limit, *out.mutable_limit());
  out.set_other(put_index(criterion.other));
  out.set_other_denominator(put_index(criterion.other_denominator));
  // Fields that came later are left out at their defaults: a plan's bytes stay what they were.
  if (criterion.factor != core::Fixed::from_int(1)) put(criterion.factor, *out.mutable_factor());
  out.set_test(put_enum(criterion.test));
  if (criterion.alpha.nanos != 0) put(criterion.alpha, *out.mutable_alpha());
  out.set_lag(criterion.lag.count());
  if (criterion.tolerance.nanos != 0) put(criterion.tolerance, *out.mutable_tolerance());
  out.set_sustain(criterion.sustain.count());
  out.set_at_least(criterion.at_least);
  out.set_part(criterion.part);
  out.set_always(criterion.always);
  out.set_target(put_index(criterion.target));
  if (criterion.judge) put(*criterion.judge, *out.mutable_judge());
  for (const std::string& label : criterion.new_by) out.add_new_by(label);
  out.set_shared_by(criterion.shared_by - 1U);
  out.set_veto(criterion.veto);
  put(criterion.span, *out.mutable_span());
}

static void put(const core::Option& option, Option& out) {
  out.set_name(option.name);
  out.set_text(option.text);
  out.set_kind(put_enum(option.kind));
  out.set_extend_by(option.extend_by.count());
  out.set_extend_at_most(option.extend_at_most);
  out.set_overrides(option.overrides);
}

static void put(const core::Item& item, Item& out) {
  out.set_kind(put_enum(item.kind));
  out.set_text(item.text);
  out.mutable_quorum()->set_kind(put_enum(item.quorum.kind));
  out.mutable_quorum()->set_needed(item.quorum.needed);
  for (const std::string& role : item.quorum.roles) out.mutable_quorum()->add_roles(role);
  put_all(item.options, out.mutable_options());
  out.set_deadline(put_index(item.deadline));
  put(item.span, *out.mutable_span());
}

static void put(const core::Effect& effect, Effect& out) {
  out.set_kind(put_enum(effect.kind));
  out.set_name(effect.name);
  put_all(effect.arguments, out.mutable_arguments());
  for (const std::string& channel : effect.channels) out.add_channels(channel);
  out.set_text(effect.text);
  out.set_severity(effect.severity);
  out.set_to(effect.to.nanos);
  out.set_rollback(effect.rollback);
  out.set_deadline(effect.deadline.count());
  if (effect.attempts != 1) out.set_attempts(effect.attempts);
  out.set_tracked(effect.tracked);
  out.set_target(put_index(effect.target));
  put(effect.span, *out.mutable_span());
}

static void put(const core::Clock& clock, Clock& out) {
  out.set_name(clock.name);
  out.set_kind(put_enum(clock.kind));
  out.set_limit(clock.limit.count());
  out.set_owner(put_index(clock.owner));
  out.set_restarts(clock.restarts);
  out.set_repeats(clock.repeats);
  put_indices(clock.on_reached, out.mutable_on_reached());
}

static void put(const core::Ramp& ramp, Ramp& out) {
  out.set_to(ramp.to.nanos);
  out.set_over(ramp.over.count());
  out.set_every(ramp.every.count());
  out.set_deadline(ramp.deadline.count());
  out.set_rollback(ramp.rollback);
  put_indices(ramp.targets, out.mutable_targets());
}

static void put(const core::State& state, State& out) {
  out.set_name(state.name);
  out.set_stage(state.stage);
  out.set_phase(put_enum(state.phase));
  out.set_kind(put_enum(state.kind));
  out.set_parent(put_index(state.parent));
  out.set_initial(put_index(state.initial));
  if (state.outcome) out.set_outcome(put_enum(*state.outcome));
  put_indices(state.entry, out.mutable_entry());
  put_indices(state.exit, out.mutable_exit());
  put_indices(state.armed, out.mutable_armed());
  put_indices(state.asks, out.mutable_asks());
  if (state.gate) {
    put_indices(state.gate->criteria, out.mutable_gate()->mutable_criteria());
    put_indices(state.gate->confirms, out.mutable_gate()->mutable_confirms());
  }
  if (state.ramp) put(*state.ramp, *out.mutable_ramp());
  out.set_rollback_rank(state.rollback_rank);
  out.set_irreversible(state.irreversible);
  for (const core::Lowering& lowering : state.lowers) {
    Lowering& stored = *out.add_lowers();
    stored.set_target(put_index(lowering.target));
    stored.set_to(lowering.to.nanos);
    stored.set_disarms(lowering.disarms);
  }
  put(state.span, *out.mutable_span());
}

static void put(const core::Transition& transition, Transition& out) {
  out.set_from(put_index(transition.from));
  Trigger& trigger = *out.mutable_trigger();
  trigger.set_kind(put_enum(transition.trigger.kind));
  trigger.set_clock(put_index(transition.trigger.clock));
  trigger.set_criterion(put_index(transition.trigger.criterion));
  trigger.set_item(put_index(transition.trigger.item));
  trigger.set_option(transition.trigger.option);
  put_indices(transition.trigger.also, trigger.mutable_also());
  put_indices(transition.trigger.unless, trigger.mutable_unless());
  trigger.set_effect(put_index(transition.trigger.effect));
  trigger.set_state(put_index(transition.trigger.state));
  trigger.set_target(put_index(transition.trigger.target));
  out.set_to(put_index(transition.to));
  out.set_forward(transition.forward);
  out.set_needs_gate(transition.needs_gate);
  out.set_on_calendar(transition.on_calendar);
  out.set_extends(put_index(transition.extends));
  out.set_extends_most(put_index(transition.extends_most));
  out.set_overrides(transition.overrides);
  out.set_halts(transition.halts);
  out.set_needs(put_index(transition.needs));
  out.set_undoes(put_index(transition.undoes));
  out.set_label(transition.label);
  put(transition.span, *out.mutable_span());
}

static void put(const core::Stage& stage, Stage& out) {
  out.set_name(stage.name);
  out.set_state(put_index(stage.state));
  out.set_weight(stage.weight.nanos);
  out.set_hold(put_index(stage.hold));
  out.set_hold_most(put_index(stage.hold_most));
  out.set_after_extend(put_index(stage.after_extend));
  out.set_extend_at_most(stage.extend_at_most);
  out.set_shift(put_index(stage.shift));
  out.set_enough(put_index(stage.enough));
  for (const core::Weight weight : stage.weights) out.add_weights(weight.nanos);
}

static void put(const core::OpenHours& hours, OpenHours& out) {
  out.set_days(hours.days);
  out.set_opens(hours.opens.count());
  out.set_closes(hours.closes.count());
  out.set_zone(hours.zone);
  for (const core::OffsetChange& change : hours.offsets) {
    OffsetChange& stored = *out.add_offsets();
    stored.set_from(change.from.time_since_epoch().count());
    stored.set_offset(change.offset.count());
  }
  out.set_text(hours.text);
}

static void put(const core::Machine& machine, Machine& out) {
  out.set_name(machine.name);
  out.set_title(machine.title);
  out.set_service(machine.service);
  out.set_file(machine.file);
  out.set_edition(machine.edition);
  for (const std::string& role : machine.roles) out.add_roles(role);
  if (machine.arms) {
    out.mutable_arms()->set_label(machine.arms->label);
    out.mutable_arms()->set_baseline(machine.arms->baseline);
    out.mutable_arms()->set_canary(machine.arms->canary);
  }
  out.set_begins(machine.begins.nanos);
  out.set_finishes(machine.finishes.nanos);
  out.set_pager(machine.pager);
  put_all(machine.metrics, out.mutable_metrics());
  put_all(machine.series, out.mutable_series());
  put_all(machine.windows, out.mutable_windows());
  put_all(machine.criteria, out.mutable_criteria());
  put_all(machine.items, out.mutable_items());
  put_all(machine.effects, out.mutable_effects());
  put_all(machine.clocks, out.mutable_clocks());
  put_all(machine.states, out.mutable_states());
  put_all(machine.transitions, out.mutable_transitions());
  put_all(machine.stages, out.mutable_stages());
  put_all(machine.advance_only.hours, out.mutable_advance_only());
  for (const std::string& runbook : machine.after) out.add_after(runbook);
  put_all(machine.targets, out.mutable_targets());
}

}  // namespace wire

std::string encode_machine(const core::Machine& machine) {
  wire::Machine message;
  wire::put(machine, message);
  return message.SerializeAsString();
}

std::string encode_plan(const runtime::Plan& plan) {
  wire::Plan message;
  message.set_file(plan.file);
  message.set_source(plan.source);
  message.set_expanded(plan.expanded);
  wire::put(plan.machine, *message.mutable_machine());
  std::string value(1, kPlanRowVersion);
  message.AppendToString(&value);
  return value;
}

}  // namespace rollbook::store
