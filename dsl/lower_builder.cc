#include "dsl/lower_builder.h"

#include <algorithm>

namespace rollbook::dsl {

namespace {

template <class Index, class Row>
Index append(std::vector<Row>& table, Row row) {
  table.push_back(std::move(row));
  return Index{static_cast<std::uint32_t>(table.size() - 1)};
}

// machine.h: max(1 s, width / 300), in whole seconds since cells end on them.
core::Duration pane_of(core::Duration width) {
  constexpr core::Duration kSecond = std::chrono::seconds(1);
  const core::Duration share = width / core::kPanesPerWindow;
  const core::Duration up = (share + kSecond - core::Duration(1)) / kSecond * kSecond;
  return std::max(core::kPaneMin, up);
}

// A point of a test that comes later than this is late: nothing waits for it.
constexpr core::Duration kTestReach = std::chrono::minutes(5);

// The past of `unchanged` lies `lag` back, pane by pane: panes must divide it.
core::Duration dividing_pane(core::Duration lag) {
  core::Duration pane = pane_of(lag);
  while (lag % pane != core::Duration::zero() && pane < lag) pane += std::chrono::seconds(1);
  return std::min(pane, lag);
}

bool is_by_time(const Measurement& what) {
  return what.measure == core::Measure::rate || what.measure == core::Measure::count;
}

core::Window window_of(const Judgement& judgement, core::Floor floor) {
  core::Window window;
  window.floor = floor;
  if (judgement.test == core::Test::none) {
    window.width = judgement.over;
    window.pane = pane_of(window.width);
    window.by_time = is_by_time(judgement.what);
    // Of two arms: what began before a shift is renewed by it. What lies before the start is not.
    window.renewed = judgement.other && judgement.new_by.empty() &&
                     (floor == core::Floor::start || floor == core::Floor::guard);
  } else if (judgement.judge) {
    window.width = judgement.over + kTestReach;
    window.pane = judgement.judge->step;
  } else if (judgement.test == core::Test::unchanged) {
    window.width = 2 * judgement.lag;
    window.pane = dividing_pane(judgement.lag);
    window.floor = core::Floor::start;
    window.by_time = is_by_time(judgement.what);
  } else {
    window.width = kTestReach;
    window.pane = core::kPaneMin;
    window.cumulative = true;
    // A test counts from the moment that it is armed.
    window.floor = std::max(window.floor, core::Floor::start);
  }
  return window;
}

}  // namespace

Builder::Builder() {
  core::State root;
  root.kind = core::StateKind::compound;
  machine_.states.push_back(std::move(root));
  label();  // halt()
}

core::StateIndex Builder::add_state(core::StateIndex parent, core::State state) {
  state.parent = parent;
  const auto index = append<core::StateIndex>(machine_.states, std::move(state));
  core::State& above = at(parent);
  if (!above.initial.valid()) above.initial = index;
  return index;
}

core::StateIndex Builder::add_compound(core::StateIndex parent, core::State state) {
  state.kind = core::StateKind::compound;
  return add_state(parent, std::move(state));
}

Builder::Label Builder::label() {
  labels_.emplace_back();
  return Label{static_cast<std::uint32_t>(labels_.size() - 1)};
}

void Builder::bind(Label label, core::StateIndex state) { labels_[label.value] = state; }

core::Transition& Builder::go(core::StateIndex from, core::Trigger trigger, Label to, Going going) {
  core::Transition transition;
  transition.from = from;
  transition.trigger = trigger;
  transition.to = core::StateIndex{to.value};  // a label until finish()
  transition.forward = going.forward;
  transition.needs_gate = going.needs_gate;
  transition.label = std::move(going.label);
  transition.span = going.span;
  machine_.transitions.push_back(std::move(transition));
  return machine_.transitions.back();
}

core::EffectIndex Builder::add_effect(core::Effect effect) {
  return append<core::EffectIndex>(machine_.effects, std::move(effect));
}

std::vector<core::EffectIndex> Builder::add_effects(const std::vector<core::Effect>& effects) {
  std::vector<core::EffectIndex> indices;
  for (const core::Effect& effect : effects) indices.push_back(add_effect(effect));
  return indices;
}

core::SeriesIndex Builder::add_series(core::Series series) {
  const auto [row, added] = series_.try_emplace({series.metric, series.arm, series.target});
  if (added) row->second = append<core::SeriesIndex>(machine_.series, series);
  return row->second;
}

core::WindowIndex Builder::add_window(core::Window window, core::Series series, core::Test test) {
  window.series = add_series(series);
  const bool evenly = test == core::Test::unchanged && window.by_time;
  const auto [row, added] =
      windows_.try_emplace({window.series, window.width, window.pane, window.floor,
                            window.cumulative, window.renewed, evenly});
  if (added) row->second = append<core::WindowIndex>(machine_.windows, window);
  core::Window& kept = machine_.windows[row->second.value];
  kept.by_time = kept.by_time || window.by_time;
  return row->second;
}

Builder::Side Builder::add_side(const Measurement& what, const core::Window& window,
                                core::Test test) {
  Side side;
  side.window = add_window(window, core::Series{what.metric, what.arm, what.target}, test);
  if (what.measure == core::Measure::ratio || what.measure == core::Measure::bracket) {
    side.denominator =
        add_window(window, core::Series{what.denominator, what.arm, what.target}, test);
  }
  return side;
}

core::Judge Builder::make_judge(const Judgement& judgement, const core::Window& window) {
  core::Judge judge;
  judge.over = judgement.over;
  judge.step = judgement.judge->step;
  judge.marginal = judgement.judge->marginal;
  judge.weights = judgement.judge->weights;
  for (const JudgedOutline& each : judgement.judge->metrics) {
    core::JudgedMetric metric = each.judged;
    const Side canary = add_side(each.canary, window, judgement.test),
               baseline = add_side(each.baseline, window, judgement.test);
    metric.window = canary.window;
    metric.denominator = canary.denominator;
    metric.other = baseline.window;
    metric.other_denominator = baseline.denominator;
    judge.metrics.push_back(std::move(metric));
  }
  return judge;
}

core::CriterionIndex Builder::add_criterion(const Judgement& judgement, core::Floor floor) {
  core::Criterion criterion;
  criterion.id = judgement.id;
  criterion.text = judgement.text;
  criterion.kind = judgement.kind;
  criterion.measure = judgement.what.measure;
  criterion.quantile = judgement.what.quantile;
  criterion.comparison = judgement.comparison;
  criterion.limit = judgement.limit;
  criterion.factor = judgement.factor;
  criterion.test = judgement.test;
  criterion.alpha = judgement.alpha;
  criterion.lag = judgement.lag;
  criterion.tolerance = judgement.tolerance;
  criterion.sustain = judgement.sustain;
  criterion.at_least = judgement.at_least;
  criterion.part = judgement.parts != 1;
  criterion.always = judgement.always;
  criterion.target = judgement.what.target;
  criterion.new_by = judgement.new_by;
  criterion.shared_by = judgement.shared_by;
  criterion.veto = judgement.veto && judgement.what.arm == core::Arm::baseline;
  criterion.span = judgement.span;
  if (criterion.measure == core::Measure::absent) {
    criterion.series =
        add_series({judgement.what.metric, judgement.what.arm, judgement.what.target});
    return append<core::CriterionIndex>(machine_.criteria, std::move(criterion));
  }
  const core::Window window = window_of(judgement, floor);
  const Side judged = add_side(judgement.what, window, judgement.test);
  criterion.window = judged.window;
  criterion.denominator = judged.denominator;
  if (judgement.judge) criterion.judge = make_judge(judgement, window);
  if (judgement.other) {
    const Side other = add_side(*judgement.other, window, judgement.test);
    criterion.other = other.window;
    criterion.other_denominator = other.denominator;
  }
  return append<core::CriterionIndex>(machine_.criteria, std::move(criterion));
}

core::ClockIndex Builder::add_clock(core::Clock clock) {
  return append<core::ClockIndex>(machine_.clocks, std::move(clock));
}

core::ItemIndex Builder::add_item(core::Item item) {
  return append<core::ItemIndex>(machine_.items, std::move(item));
}

core::Machine Builder::finish() {
  for (core::Transition& transition : machine_.transitions) {
    if (transition.to.value == halt().value) {
      transition.halts = true;
      transition.to = transition.from;
      continue;
    }
    transition.to = labels_[transition.to.value];
    ROLLBOOK_CHECK(transition.to.valid());
  }
  return std::move(machine_);
}

core::Trigger on(core::TriggerKind kind) {
  core::Trigger trigger;
  trigger.kind = kind;
  return trigger;
}

core::Trigger on_clock(core::ClockIndex clock) {
  core::Trigger trigger = on(core::TriggerKind::clock);
  trigger.clock = clock;
  return trigger;
}

core::Trigger on_stop(const std::vector<core::CriterionIndex>& criteria) {
  core::Trigger trigger = on(core::TriggerKind::stop);
  trigger.criterion = criteria.front();
  trigger.also.assign(criteria.begin() + 1, criteria.end());
  return trigger;
}

core::Trigger on_target(core::TriggerKind kind, core::TargetIndex target) {
  core::Trigger trigger = on(kind);
  trigger.target = target;
  return trigger;
}

core::Trigger on_entered(core::StateIndex state) {
  core::Trigger trigger = on(core::TriggerKind::entered);
  trigger.state = state;
  return trigger;
}

core::Trigger on_effect(core::TriggerKind kind, core::EffectIndex effect) {
  core::Trigger trigger = on(kind);
  trigger.effect = effect;
  return trigger;
}

core::Trigger on_choice(core::ItemIndex item, std::uint32_t option) {
  core::Trigger trigger = on(core::TriggerKind::chosen);
  trigger.item = item;
  trigger.option = option;
  return trigger;
}

}  // namespace rollbook::dsl
