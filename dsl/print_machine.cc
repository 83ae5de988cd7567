#include "dsl/print_machine.h"

#include "dsl/format_value.h"

namespace rollbook::dsl {

namespace {

using core::Machine;

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string quoted(const std::string& text) { return '"' + text + '"'; }

const char* name_of(core::Phase phase) {
  static constexpr const char* kNames[] = {"none",   "begin",    "preflight", "setup",
                                           "shift",  "hold",     "run",       "review",
                                           "decide", "rollback", "done"};
  return kNames[static_cast<std::size_t>(phase)];
}
const char* name_of(core::Outcome outcome) {
  static constexpr const char* kNames[] = {"succeeded", "rolled_back", "aborted"};
  return kNames[static_cast<std::size_t>(outcome)];
}
const char* name_of(core::Floor floor) {
  static constexpr const char* kNames[] = {"before", "start", "guard", "shift"};
  return kNames[static_cast<std::size_t>(static_cast<int>(floor) + 1)];
}
const char* name_of(core::Arm arm) {
  static constexpr const char* kNames[] = {"canary", "baseline", "total"};
  return kNames[static_cast<std::size_t>(arm)];
}
const char* name_of(core::Comparison comparison) {
  static constexpr const char* kNames[] = {"<", "<=", ">", ">="};
  return kNames[static_cast<std::size_t>(comparison)];
}
const char* name_of(core::ClockKind kind) {
  static constexpr const char* kNames[] = {"watched", "engine", "steady"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string series_text(const Machine& machine, core::SeriesIndex index) {
  const core::Series& series = machine.at(index);
  const std::string target = series.target.valid() ? machine.at(series.target).name + "." : "";
  return target + machine.at(series.metric).name + "." + name_of(series.arm);
}

std::string window_text(const Machine& machine, core::WindowIndex index) {
  const core::Window& window = machine.at(index);
  if (window.cumulative) {
    return series_text(machine, window.series) + "[since " + name_of(window.floor) + "]";
  }
  return series_text(machine, window.series) + "[" + format_duration(window.width) + "/" +
         format_duration(window.pane) + " " + name_of(window.floor) +
         (window.renewed ? ", anew with each shift]" : "]");
}

std::string metric_text(const core::Metric& metric) {
  static constexpr const char* kKinds[] = {"counter", "histogram", "gauge"};
  static constexpr const char* kFolds[] = {" max", " min", " mean", " last"};
  static constexpr const char* kMatches[] = {"=", "!=", "=~", "!~"};
  std::string text = "metric " + metric.name + " " + kKinds[static_cast<std::size_t>(metric.kind)];
  if (metric.kind == core::MetricKind::gauge) text += kFolds[static_cast<std::size_t>(metric.fold)];
  text += " " + metric.selector;
  std::string matchers;
  for (const core::LabelMatcher& matcher : metric.matchers) {
    matchers += (matchers.empty() ? "" : ",") + matcher.label +
                kMatches[static_cast<std::size_t>(matcher.kind)] + quoted(matcher.value);
  }
  if (!matchers.empty()) text += "{" + matchers + "}";
  if (metric.unit != core::Fixed::from_int(1)) text += " unit " + format_decimal(metric.unit);
  if (!metric.by.empty()) text += " by " + join(metric.by);
  if (metric.unsplit) text += " unsplit";
  if (metric.default_zero) text += " default 0";
  return text;
}

std::string option_text(const core::Option& option) {
  std::string text = option.name + " " + quoted(option.text);
  switch (option.kind) {
    case core::OptionKind::next:
      return text + (option.overrides ? " next override" : " next");
    case core::OptionKind::extend:
      return text + " extend " + format_duration(option.extend_by) + " at most " +
             std::to_string(option.extend_at_most);
    case core::OptionKind::rollback:
      return text + " rollback";
    case core::OptionKind::halt:
      return text + " halt";
  }
  return text;
}

std::string clock_name(const Machine& machine, core::ClockIndex clock) {
  return clock.valid() ? machine.clocks[clock.value].name : std::string("none");
}

std::string item_text(const Machine& machine, const core::Item& item) {
  std::string text = item.kind == core::ItemKind::confirm ? "confirm " : "decide ";
  text += quoted(item.text) + " by " + describe(item.quorum) + " until " +
          clock_name(machine, item.deadline);
  for (const core::Option& option : item.options) text += "; " + option_text(option);
  return text;
}

std::string clock_text(const Machine& machine, const core::Clock& clock) {
  std::string text = "clock " + clock.name + " " + name_of(clock.kind) + " " +
                     format_duration(clock.limit) + " in " + machine.at(clock.owner).name;
  if (clock.restarts) text += " restarts";
  if (clock.repeats) text += " repeats";
  for (const core::EffectIndex effect : clock.on_reached) {
    text += "; " + describe(machine, machine.at(effect));
  }
  return text;
}

std::string stage_text(const Machine& machine, const core::Stage& stage) {
  std::string text = "stage " + stage.name + " at ";
  if (stage.weights.empty()) text += format_percent(stage.weight);
  for (std::size_t i = 0; i < stage.weights.size(); ++i) {
    text += (i == 0 ? "" : ", ") + machine.targets[i].name + " " + format_percent(stage.weights[i]);
  }
  if (stage.hold.valid()) text += " hold " + clock_name(machine, stage.hold);
  if (stage.hold_most.valid()) text += " most " + clock_name(machine, stage.hold_most);
  if (stage.after_extend.valid()) text += " extend to " + machine.at(stage.after_extend).name;
  if (stage.extend_at_most != 0) text += " at most " + std::to_string(stage.extend_at_most);
  if (stage.enough.valid()) text += " needs " + machine.at(stage.enough).text;
  return text;
}

std::string transition_text(const Machine& machine, const core::Transition& transition) {
  std::string text = "on " + describe(machine, transition.trigger) + " => " +
                     (transition.halts ? "halt" : machine.at(transition.to).name);
  if (transition.forward) text += " forward";
  if (transition.on_calendar) text += " on calendar";
  if (transition.needs_gate) text += " needs_gate";
  if (transition.overrides) text += " overrides";
  if (transition.needs.valid()) text += " needs " + machine.at(transition.needs).id;
  if (transition.undoes.valid()) text += " undoes " + machine.at(transition.undoes).name;
  if (transition.extends.valid()) {
    text += " extends " + clock_name(machine, transition.extends);
    if (transition.extends_most.valid()) {
      text += ", " + clock_name(machine, transition.extends_most);
    }
  }
  if (!transition.label.empty()) text += " " + quoted(transition.label);
  return text;
}

std::string ramp_text(const Machine& machine, const core::Ramp& ramp) {
  std::vector<std::string> whose;
  for (const core::TargetIndex target : ramp.targets) whose.push_back(machine.at(target).name);
  std::string text = "ramp " + join(whose) + (whose.empty() ? "" : " ") + "to " +
                     format_percent(ramp.to) + " over " + format_duration(ramp.over) + " every " +
                     format_duration(ramp.every);
  if (ramp.deadline != core::Duration::zero()) text += " within " + format_duration(ramp.deadline);
  if (ramp.rollback) text += " rollback";
  return text;
}

std::string state_head(const Machine& machine, const core::State& state) {
  std::string text = state.name.empty() ? "(root)" : state.name;
  if (state.kind == core::StateKind::compound) text += " -> " + machine.at(state.initial).name;
  if (state.phase != core::Phase::none) text += std::string(": ") + name_of(state.phase);
  if (state.outcome) text += std::string(" final ") + name_of(*state.outcome);
  if (!state.stage.empty()) text += " stage " + state.stage;
  if (state.rollback_rank != 0) text += " rank " + std::to_string(state.rollback_rank);
  if (state.irreversible) text += " irreversible";
  return text;
}

class TreePrinter {
 public:
  explicit TreePrinter(const Machine& machine) : machine_(machine) {}

  std::string print(core::StateIndex from) {
    if (from.value < machine_.states.size()) print_state(from, 0);
    return std::move(text_);
  }

 private:
  void line(std::size_t depth, const std::string& content) {
    text_ += std::string(2 * depth, ' ') + content + "\n";
  }

  void print_body(const core::State& state, std::size_t depth) {
    for (const auto effect : state.entry) {
      line(depth, "entry " + describe(machine_, machine_.at(effect)));
    }
    for (const auto effect : state.exit) {
      line(depth, "exit " + describe(machine_, machine_.at(effect)));
    }
    if (state.ramp) line(depth, ramp_text(machine_, *state.ramp));
    for (const core::Lowering& lowering : state.lowers) {
      line(depth, "lowers " + machine_.at(lowering.target).name + " to " +
                      format_percent(lowering.to) + (lowering.disarms ? " disarms" : ""));
    }
    std::vector<std::string> names;
    for (const auto criterion : state.armed) names.push_back(machine_.at(criterion).id);
    if (!names.empty()) line(depth, "armed " + join(names));
    for (const auto item : state.asks)
      line(depth, "asks " + item_text(machine_, machine_.at(item)));
    if (state.gate) print_gate(*state.gate, depth);
  }

  void print_gate(const core::Gate& gate, std::size_t depth) {
    std::vector<std::string> parts;
    for (const auto criterion : gate.criteria) parts.push_back(machine_.at(criterion).id);
    for (const auto item : gate.confirms) parts.push_back(quoted(machine_.at(item).text));
    line(depth, "gate " + join(parts));
  }

  void print_state(core::StateIndex index, std::size_t depth) {
    const core::State& state = machine_.at(index);
    line(depth, state_head(machine_, state));
    print_body(state, depth + 1);
    for (const core::Transition& transition : machine_.transitions) {
      if (transition.from == index) line(depth + 1, transition_text(machine_, transition));
    }
    for (std::uint32_t child = 0; child < machine_.states.size(); ++child) {
      if (machine_.states[child].parent == index) print_state(core::StateIndex{child}, depth + 1);
    }
  }

  const Machine& machine_;
  std::string text_;
};

std::string head_text(const Machine& machine) {
  std::string text = "machine " + machine.name + " edition " + std::to_string(machine.edition) +
                     " service " + quoted(machine.service);
  if (!machine.title.empty()) text += " title " + quoted(machine.title);
  if (machine.targets.empty()) {
    text += "\nbegins " + format_percent(machine.begins) + " finishes " +
            format_percent(machine.finishes);
  }
  if (!machine.pager.empty()) text += " pager " + machine.pager;
  text += "\n";
  for (const core::Target& target : machine.targets) {
    text += "target " + target.name + " where " + target.label + " = " + quoted(target.value) +
            " begins " + format_percent(target.begins) + " finishes " +
            format_percent(target.finishes) + "\n";
  }
  if (!machine.roles.empty()) text += "roles " + join(machine.roles) + "\n";
  if (machine.arms) {
    text += "arms by " + machine.arms->label + ": baseline " + machine.arms->baseline +
            ", canary " + machine.arms->canary + "\n";
  }
  for (const core::OpenHours& hours : machine.advance_only.hours) {
    text += "advance only " + hours.text + "\n";
  }
  if (!machine.after.empty()) text += "after " + join(machine.after) + "\n";
  return text;
}

}  // namespace

const char* name_of(core::EffectKind kind) {
  static constexpr const char* kNames[] = {"traffic", "run",  "start",    "stop",  "checkpoint",
                                           "notify",  "page", "incident", "report"};
  return kNames[static_cast<std::size_t>(kind)];
}
std::string describe(const core::Quorum& quorum) {
  switch (quorum.kind) {
    case core::QuorumKind::all:
      return quorum.roles.size() == 1 ? quorum.roles[0] : "all of " + join(quorum.roles);
    case core::QuorumKind::any:
      return quorum.roles.size() == 1 ? quorum.roles[0] : "any of " + join(quorum.roles);
    case core::QuorumKind::at_least:
      return std::to_string(quorum.needed) + " of " + join(quorum.roles);
  }
  return "";
}

std::string describe(const core::Machine& machine, const core::Effect& effect) {
  std::string text = name_of(effect.kind);
  if (effect.target.valid()) text += " " + machine.at(effect.target).name;
  if (effect.kind == core::EffectKind::traffic) text += " " + format_percent(effect.to);
  if (!effect.name.empty()) text += " " + effect.name;
  if (!effect.arguments.empty()) {
    std::string arguments;
    for (const core::Argument& argument : effect.arguments) {
      arguments += (arguments.empty() ? "" : ", ") + argument.name + ": " + argument.value;
    }
    text += "(" + arguments + ")";
  }
  if (!effect.severity.empty()) text += " severity " + effect.severity;
  if (!effect.channels.empty()) text += " " + join(effect.channels);
  if (!effect.text.empty()) text += " " + quoted(effect.text);
  if (effect.rollback) text += " rollback";
  if (effect.deadline != core::Duration::zero()) {
    text += " within " + format_duration(effect.deadline);
  }
  if (effect.attempts != 1) text += " attempts " + std::to_string(effect.attempts);
  if (effect.tracked) text += " tracked";
  return text;
}

std::string describe(const core::Machine& machine, const core::Trigger& trigger) {
  const std::string of = trigger.target.valid() ? " " + machine.at(trigger.target).name : "";
  switch (trigger.kind) {
    case core::TriggerKind::always:
      return "always";
    case core::TriggerKind::settled:
      return trigger.effect.valid() ? "settled " + machine.at(trigger.effect).name : "settled";
    case core::TriggerKind::failed:
      return trigger.effect.valid() ? "failed " + machine.at(trigger.effect).name : "failed";
    case core::TriggerKind::clock:
      return "clock " + clock_name(machine, trigger.clock);
    case core::TriggerKind::stop: {
      std::string text = "stop " + machine.at(trigger.criterion).id;
      for (const auto other : trigger.also) text += " and " + machine.at(other).id;
      for (const auto veto : trigger.unless) text += " unless " + machine.at(veto).id;
      return text;
    }
    case core::TriggerKind::gate_passed:
      return "gate_passed";
    case core::TriggerKind::gate_failed:
      return "gate_failed";
    case core::TriggerKind::chosen:
      return "chosen " + machine.at(trigger.item).options[trigger.option].name;
    case core::TriggerKind::abort:
      return "abort";
    case core::TriggerKind::rollback_immediate:
      return "rollback_immediate" + of;
    case core::TriggerKind::rollback_gradual:
      return "rollback_gradual" + of;
    case core::TriggerKind::rollback_partial:
      return "rollback_partial" + of;
    case core::TriggerKind::entered:
      return "entered " + machine.at(trigger.state).name;
    case core::TriggerKind::all_back:
      return "all_back";
    case core::TriggerKind::some_left:
      return "some_left";
    case core::TriggerKind::any_back:
      return "any_back";
    case core::TriggerKind::none_back:
      return "none_back";
  }
  return "";
}

namespace {
std::string test_text(const core::Criterion& criterion) {
  static constexpr const char* kNames[] = {"",          "proportion", "two_rates", "two_quantiles",
                                           "unchanged", "split",      "kayenta"};
  if (criterion.test == core::Test::none) return "";
  return std::string(" test ") + kNames[static_cast<std::size_t>(criterion.test)] + " alpha " +
         format_decimal(criterion.alpha) +
         (criterion.shared_by > 1 ? " shared by " + std::to_string(criterion.shared_by) : "");
}

std::string bounds_text(const core::EffectBounds& bounds) {
  return format_percent(bounds.decrease) + " or " + format_percent(bounds.increase);
}

std::string judge_text(const core::Machine& machine, const core::Criterion& criterion) {
  static constexpr const char* kDirections[] = {"either", "increase", "decrease"};
  const core::Judge& judge = *criterion.judge;
  std::string text = "judge over " + format_duration(judge.over) + " every " +
                     format_duration(judge.step) + " pass " + format_percent(criterion.limit) +
                     " marginal " + format_percent(judge.marginal);
  for (const core::GroupWeight& each : judge.weights) {
    text += " weight " + each.group + " " + format_percent(each.weight);
  }
  for (const core::JudgedMetric& metric : judge.metrics) {
    text += "; " + metric.text + " " + window_text(machine, metric.window) + " against " +
            window_text(machine, metric.other) + " " +
            kDirections[static_cast<std::size_t>(metric.direction)] + " beyond " +
            bounds_text(metric.allowed) + (metric.effect == core::EffectSize::cles ? " cles" : "");
    if (metric.critical) text += " critical beyond " + bounds_text(metric.intolerable);
    if (metric.required) text += " required";
    if (metric.muted) text += " muted";
    if (!metric.group.empty()) text += " group " + metric.group;
    if (metric.outlier_factor.nanos != 0) {
      text += " without outliers beyond " + format_decimal(metric.outlier_factor);
    }
  }
  return text;
}
}  // namespace

std::string describe(const core::Machine& machine, const core::Criterion& criterion) {
  std::string text = criterion.id + " ";
  static constexpr const char* kKinds[] = {"stop ", "expect ", "pause ", "enough "};
  text += kKinds[static_cast<std::size_t>(criterion.kind)];
  if (criterion.always) text += "always ";
  if (criterion.veto) text += "veto ";
  switch (criterion.measure) {
    case core::Measure::ratio:
      text += window_text(machine, criterion.window) + " / " +
              window_text(machine, criterion.denominator);
      break;
    case core::Measure::quantile:
      text += "quantile " + format_decimal(criterion.quantile) + " of " +
              window_text(machine, criterion.window);
      break;
    case core::Measure::rate:
      text += "rate of " + window_text(machine, criterion.window);
      break;
    case core::Measure::count:
      text += "count of " + window_text(machine, criterion.window);
      if (criterion.new_by.empty()) break;
      text += " by " + join(criterion.new_by) + " not in " + window_text(machine, criterion.other);
      return text + " " + name_of(criterion.comparison) + " " + format_decimal(criterion.limit);
    case core::Measure::gauge:
      text += window_text(machine, criterion.window);
      break;
    case core::Measure::split:
      text += "split of " + window_text(machine, criterion.window) + " and " +
              window_text(machine, criterion.other);
      return text + test_text(criterion);
    case core::Measure::bracket:
      text += "bracket of " + window_text(machine, criterion.window) + " and " +
              window_text(machine, criterion.denominator);
      break;
    case core::Measure::score:
      return text + judge_text(machine, criterion);
    case core::Measure::absent:
      return text + "absent " + series_text(machine, criterion.series) + " for " +
             format_duration(criterion.sustain);
  }
  if (criterion.test == core::Test::unchanged) {
    return text + " unchanged from " + format_duration(criterion.lag) + " before by at most " +
           format_percent(criterion.tolerance) + test_text(criterion);
  }
  text += std::string(" ") + name_of(criterion.comparison) + " ";
  if (criterion.other.valid()) {
    text += window_text(machine, criterion.other);
    if (criterion.other_denominator.valid()) {
      text += " / " + window_text(machine, criterion.other_denominator);
    }
    text += " * " + format_percent(criterion.factor);
  } else {
    text += format_decimal(criterion.limit);
  }
  text += test_text(criterion);
  if (criterion.sustain != core::Duration::zero()) {
    text += " for " + format_duration(criterion.sustain);
  }
  if (criterion.at_least != 0) text += " at least " + std::to_string(criterion.at_least);
  return text;
}

std::string print_states(const core::Machine& machine, core::StateIndex from) {
  return TreePrinter(machine).print(from);
}

std::string print_machine(const core::Machine& machine) {
  std::string text = head_text(machine);
  for (const auto& metric : machine.metrics) text += metric_text(metric) + "\n";
  for (const auto& criterion : machine.criteria) {
    text += "criterion " + describe(machine, criterion) + " \"" + criterion.text + "\"\n";
  }
  for (const auto& clock : machine.clocks) text += clock_text(machine, clock) + "\n";
  for (const auto& stage : machine.stages) text += stage_text(machine, stage) + "\n";
  return text + print_states(machine);
}

}  // namespace rollbook::dsl
