#include "store/machine_codec.h"
#include "store/wire_values.h"

namespace rollbook::store {
namespace wire {

static core::Duration duration(std::int64_t nanos) { return core::Duration{nanos}; }

static core::Span take(const Span& stored) {
  return {stored.line(), stored.column(), stored.end_line(), stored.end_column()};
}

static core::LabelMatcher take(const LabelMatcher& stored, Fault& fault) {
  return {stored.label(), take_enum<core::MatchKind>(stored.kind(), "match kind", fault),
          stored.value()};
}

static core::Metric take(const Metric& stored, Fault& fault) {
  core::Metric metric;
  metric.name = stored.name();
  metric.kind = take_enum<core::MetricKind>(stored.kind(), "metric kind", fault);
  metric.fold = take_enum<core::GaugeFold>(stored.fold(), "gauge fold", fault);
  metric.selector = stored.selector();
  metric.matchers = take_all(stored.matchers(), fault);
  metric.unsplit = stored.unsplit();
  metric.default_zero = stored.default_zero();
  metric.unit = take(stored.unit(), fault);
  metric.by = take_texts(stored.by());
  metric.span = take(stored.span());
  return metric;
}

static core::Target take(const Target& stored, Fault&) {
  return {stored.name(),
          stored.label(),
          stored.value(),
          core::Weight{stored.begins()},
          core::Weight{stored.finishes()},
          take(stored.span())};
}

static core::Series take(const Series& stored, Fault& fault) {
  return {take_index<core::MetricIndex>(stored.metric()),
          take_enum<core::Arm>(stored.arm(), "arm", fault),
          take_index<core::TargetIndex>(stored.target())};
}

static core::Window take(const Window& stored, Fault& fault) {
  core::Window window{take_index<core::SeriesIndex>(stored.series()), duration(stored.width()),
                      duration(stored.pane()),
                      take_enum<core::Floor>(stored.floor(), "floor", fault), stored.cumulative()};
  window.by_time = stored.by_time();
  window.renewed = stored.renewed();
  return window;
}

static core::EffectBounds take(const EffectBounds& stored, Fault& fault) {
  return {take(stored.decrease(), fault), take(stored.increase(), fault)};
}

static core::JudgedMetric take(const JudgedMetric& stored, Fault& fault) {
  core::JudgedMetric metric;
  metric.text = stored.text();
  metric.group = stored.group();
  metric.measure = take_enum<core::Measure>(stored.measure(), "measure", fault);
  metric.quantile = take(stored.quantile(), fault);
  metric.window = take_index<core::WindowIndex>(stored.window());
  metric.denominator = take_index<core::WindowIndex>(stored.denominator());
  metric.other = take_index<core::WindowIndex>(stored.other());
  metric.other_denominator = take_index<core::WindowIndex>(stored.other_denominator());
  metric.direction = take_enum<core::Direction>(stored.direction(), "direction", fault);
  metric.effect = take_enum<core::EffectSize>(stored.effect(), "effect size", fault);
  metric.allowed = take(stored.allowed(), fault);
  metric.intolerable = take(stored.intolerable(), fault);
  metric.outlier_factor = take(stored.outlier_factor(), fault);
  metric.critical = stored.critical();
  metric.required = stored.required();
  metric.muted = stored.muted();
  return metric;
}

static core::GroupWeight take(const GroupWeight& stored, Fault& fault) {
  return {stored.group(), take(stored.weight(), fault)};
}

static core::Judge take(const Judge& stored, Fault& fault) {
  core::Judge judge;
  judge.over = duration(stored.over());
  judge.step = duration(stored.step());
  judge.marginal = take(stored.marginal(), fault);
  judge.metrics = take_all(stored.metrics(), fault);
  judge.weights = take_all(stored.weights(), fault);
  return judge;
}

static core::Criterion take(const Criterion& stored, Fault& fault) {
  core::Criterion criterion;
  criterion.id = stored.id();
  criterion.text = stored.text();
  criterion.kind = take_enum<core::CriterionKind>(stored.kind(), "criterion kind", fault);
  criterion.measure = take_enum<core::Measure>(stored.measure(), "measure", fault);
  criterion.window = take_index<core::WindowIndex>(stored.window());
  criterion.denominator = take_index<core::WindowIndex>(stored.denominator());
  criterion.series = take_index<core::SeriesIndex>(stored.series());
  criterion.quantile = take(stored.quantile(), fault);
  criterion.comparison = take_enum<core::Comparison>(stored.comparison(), "comparison", fault);
  criterion.limit = take(stored.limit(), fault);
  criterion.other = take_index<core::WindowIndex>(stored.other());
  criterion.other_denominator = take_index<core::WindowIndex>(stored.other_denominator());
  if (stored.has_factor()) criterion.factor = take(stored.factor(), fault);
  criterion.test = take_enum<core::Test>(stored.test(), "test", fault);
  criterion.alpha = take(stored.alpha(), fault);
  criterion.lag = duration(stored.lag());
  criterion.tolerance = take(stored.tolerance(), fault);
  criterion.new_by.assign(stored.new_by().begin(), stored.new_by().end());
  criterion.sustain = duration(stored.sustain());
  criterion.at_least = stored.at_least();
  criterion.part = stored.part();
  criterion.always = stored.always();
  criterion.target = take_index<core::TargetIndex>(stored.target());
  if (stored.has_judge()) criterion.judge = take(stored.judge(), fault);
  criterion.shared_by = stored.shared_by() + 1U;
  criterion.veto = stored.veto();
  criterion.span = take(stored.span());
  return criterion;
}

static core::Option take(const Option& stored, Fault& fault) {
  return {stored.name(),
          stored.text(),
          take_enum<core::OptionKind>(stored.kind(), "option kind", fault),
          duration(stored.extend_by()),
          stored.extend_at_most(),
          stored.overrides()};
}

static core::Item take(const Item& stored, Fault& fault) {
  core::Item item;
  item.kind = take_enum<core::ItemKind>(stored.kind(), "item kind", fault);
  item.text = stored.text();
  item.quorum.kind = take_enum<core::QuorumKind>(stored.quorum().kind(), "quorum kind", fault);
  item.quorum.needed = stored.quorum().needed();
  item.quorum.roles = take_texts(stored.quorum().roles());
  item.options = take_all(stored.options(), fault);
  item.deadline = take_index<core::ClockIndex>(stored.deadline());
  item.span = take(stored.span());
  return item;
}

static core::Effect take(const Effect& stored, Fault& fault) {
  core::Effect effect;
  effect.kind = take_enum<core::EffectKind>(stored.kind(), "effect kind", fault);
  effect.name = stored.name();
  effect.arguments = take_all(stored.arguments(), fault);
  effect.channels = take_texts(stored.channels());
  effect.text = stored.text();
  effect.severity = stored.severity();
  effect.to = core::Weight{stored.to()};
  effect.rollback = stored.rollback();
  effect.deadline = duration(stored.deadline());
  if (stored.has_attempts()) effect.attempts = stored.attempts();
  effect.tracked = stored.tracked();
  effect.target = take_index<core::TargetIndex>(stored.target());
  effect.span = take(stored.span());
  return effect;
}

static core::Clock take(const Clock& stored, Fault& fault) {
  core::Clock clock;
  clock.name = stored.name();
  clock.kind = take_enum<core::ClockKind>(stored.kind(), "clock kind", fault);
  clock.limit = duration(stored.limit());
  clock.owner = take_index<core::StateIndex>(stored.owner());
  clock.restarts = stored.restarts();
  clock.repeats = stored.repeats();
  clock.on_reached = take_indices<core::EffectIndex>(stored.on_reached());
  return clock;
}

static core::Ramp take(const Ramp& stored) {
  return {core::Weight{stored.to()}, duration(stored.over()),
          duration(stored.every()),  duration(stored.deadline()),
          stored.rollback(),         take_indices<core::TargetIndex>(stored.targets())};
}

static core::State take(const State& stored, Fault& fault) {
  core::State state;
  state.name = stored.name();
  state.stage = stored.stage();
  state.phase = take_enum<core::Phase>(stored.phase(), "phase", fault);
  state.kind = take_enum<core::StateKind>(stored.kind(), "state kind", fault);
  state.parent = take_index<core::StateIndex>(stored.parent());
  state.initial = take_index<core::StateIndex>(stored.initial());
  if (stored.has_outcome()) {
    state.outcome = take_enum<core::Outcome>(stored.outcome(), "outcome", fault);
  }
  state.entry = take_indices<core::EffectIndex>(stored.entry());
  state.exit = take_indices<core::EffectIndex>(stored.exit());
  state.armed = take_indices<core::CriterionIndex>(stored.armed());
  state.asks = take_indices<core::ItemIndex>(stored.asks());
  if (stored.has_gate()) {
    state.gate.emplace();
    state.gate->criteria = take_indices<core::CriterionIndex>(stored.gate().criteria());
    state.gate->confirms = take_indices<core::ItemIndex>(stored.gate().confirms());
  }
  if (stored.has_ramp()) state.ramp = take(stored.ramp());
  state.rollback_rank = stored.rollback_rank();
  state.irreversible = stored.irreversible();
  for (const Lowering& lowering : stored.lowers()) {
    state.lowers.push_back({take_index<core::TargetIndex>(lowering.target()),
                            core::Weight{lowering.to()}, lowering.disarms()});
  }
  state.span = take(stored.span());
  return state;
}

static core::Transition take(const Transition& stored, Fault& fault) {
  core::Transition transition;
  transition.from = take_index<core::StateIndex>(stored.from());
  const Trigger& trigger = stored.trigger();
  transition.trigger.kind = take_enum<core::TriggerKind>(trigger.kind(), "trigger kind", fault);
  transition.trigger.clock = take_index<core::ClockIndex>(trigger.clock());
  transition.trigger.criterion = take_index<core::CriterionIndex>(trigger.criterion());
  transition.trigger.item = take_index<core::ItemIndex>(trigger.item());
  transition.trigger.option = trigger.option();
  transition.trigger.also = take_indices<core::CriterionIndex>(trigger.also());
  transition.trigger.unless = take_indices<core::CriterionIndex>(trigger.unless());
  transition.trigger.effect = take_index<core::EffectIndex>(trigger.effect());
  transition.trigger.state = take_index<core::StateIndex>(trigger.state());
  transition.trigger.target = take_index<core::TargetIndex>(trigger.target());
  transition.to = take_index<core::StateIndex>(stored.to());
  transition.forward = stored.forward();
  transition.needs_gate = stored.needs_gate();
  transition.on_calendar = stored.on_calendar();
  transition.extends = take_index<core::ClockIndex>(stored.extends());
  transition.extends_most = take_index<core::ClockIndex>(stored.extends_most());
  transition.overrides = stored.overrides();
  transition.halts = stored.halts();
  transition.needs = take_index<core::CriterionIndex>(stored.needs());
  transition.undoes = take_index<core::StateIndex>(stored.undoes());
  transition.label = stored.label();
  transition.span = take(stored.span());
  return transition;
}

static core::Stage take(const Stage& stored, Fault&) {
  core::Stage stage;
  stage.name = stored.name();
  stage.state = take_index<core::StateIndex>(stored.state());
  stage.weight = core::Weight{stored.weight()};
  stage.hold = take_index<core::ClockIndex>(stored.hold());
  stage.hold_most = take_index<core::ClockIndex>(stored.hold_most());
  stage.after_extend = take_index<core::StateIndex>(stored.after_extend());
  stage.extend_at_most = stored.extend_at_most();
  stage.shift = take_index<core::StateIndex>(stored.shift());
  stage.enough = take_index<core::CriterionIndex>(stored.enough());
  for (const std::int64_t weight : stored.weights()) stage.weights.push_back({weight});
  return stage;
}

static core::OpenHours take(const OpenHours& stored, Fault&) {
  core::OpenHours hours;
  hours.days = static_cast<std::uint8_t>(stored.days());
  hours.opens = core::Duration(stored.opens());
  hours.closes = core::Duration(stored.closes());
  hours.zone = stored.zone();
  for (const OffsetChange& change : stored.offsets()) {
    hours.offsets.push_back(
        {core::Time(core::Duration(change.from())), core::Duration(change.offset())});
  }
  hours.text = stored.text();
  return hours;
}

static core::Machine take(const Machine& stored, Fault& fault) {
  core::Machine machine;
  machine.name = stored.name();
  machine.title = stored.title();
  machine.service = stored.service();
  machine.file = stored.file();
  machine.edition = stored.edition();
  machine.roles = take_texts(stored.roles());
  if (stored.has_arms()) {
    machine.arms =
        core::Arms{stored.arms().label(), stored.arms().baseline(), stored.arms().canary()};
  }
  machine.begins = core::Weight{stored.begins()};
  machine.finishes = core::Weight{stored.finishes()};
  machine.pager = stored.pager();
  machine.metrics = take_all(stored.metrics(), fault);
  machine.series = take_all(stored.series(), fault);
  machine.windows = take_all(stored.windows(), fault);
  machine.criteria = take_all(stored.criteria(), fault);
  machine.items = take_all(stored.items(), fault);
  machine.effects = take_all(stored.effects(), fault);
  machine.clocks = take_all(stored.clocks(), fault);
  machine.states = take_all(stored.states(), fault);
  machine.transitions = take_all(stored.transitions(), fault);
  machine.stages = take_all(stored.stages(), fault);
  machine.advance_only.hours = take_all(stored.advance_only(), fault);
  machine.after = take_texts(stored.after());
  machine.targets = take_all(stored.targets(), fault);
  return machine;
}

}  // namespace wire

namespace {

core::Result<core::Machine> checked(const wire::Machine& message) {
  Fault fault;
  core::Machine machine = wire::take(message, fault);
  if (fault.any()) {
    return core::fail("stored machine `" + message.name() + "` cannot be read: " + fault.text());
  }
  return machine;
}

}  // namespace

core::Result<core::Machine> decode_machine(std::string_view bytes) {
  wire::Machine message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return core::fail("stored machine cannot be read: its bytes are damaged");
  }
  return checked(message);
}

core::Result<runtime::Plan> decode_plan(const core::Digest& digest, std::string_view value) {
  if (value.empty() || value[0] != kPlanRowVersion) {
    return core::fail("plan " + digest + " is stored in a form that this version does not know");
  }
  wire::Plan message;
  if (!message.ParseFromArray(value.data() + 1, static_cast<int>(value.size() - 1))) {
    return core::fail("plan " + digest + " cannot be read: its bytes are damaged");
  }
  TRY(core::Machine machine, checked(message.machine()));
  return runtime::Plan{digest, message.file(), message.source(), message.expanded(),
                       std::move(machine)};
}

}  // namespace rollbook::store
