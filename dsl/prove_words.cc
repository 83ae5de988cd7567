// What was proved, and what was not, for people and for `rollbook test`.

#include <algorithm>
#include <array>

#include "dsl/format_value.h"
#include "dsl/prove.h"

namespace rollbook::dsl {

namespace {

using core::TriggerKind;

// The sentence of a step; what the compiler gave no label says what triggers it.
std::string step_label(const core::Machine& machine, const core::Transition& by) {
  if (!by.label.empty()) return by.label;
  switch (by.trigger.kind) {
    case TriggerKind::clock:
      return "after " + format_duration(machine.at(by.trigger.clock).limit);
    case TriggerKind::failed:
      return "it failed";
    case TriggerKind::stop:
      return machine.at(by.trigger.criterion).text;
    default:
      return "at once";
  }
}

// What breaks a limit, as a fault; "" where no fault does.
std::string breaks(const core::Criterion& stop) {
  const std::string arm = stop.veto ? " on baseline" : "";
  if (stop.measure == core::Measure::absent) return "silence" + arm;
  if (stop.measure == core::Measure::quantile) return "latency x10" + arm;
  if (stop.measure != core::Measure::ratio) return "";
  const core::Fixed limit =
      stop.other.valid() ? core::Fixed::from_nanos(core::Fixed::kScale / 20) : stop.limit;
  return "errors " +
         format_percent(core::Fixed::from_nanos(
             std::min<core::Int128>(2 * limit.nanos, core::Fixed::kScale))) +
         arm;
}

// Orders are given in a stage, once it has its traffic; before any, right after the start.
std::string order(const core::Machine& machine, const core::Transition& by, core::StateIndex leaf,
                  const std::string& what) {
  const bool shifted =
      std::any_of(machine.stages.begin(), machine.stages.end(),
                  [&](const core::Stage& stage) { return machine.contains(stage.state, leaf); });
  if (!shifted || !machine.contains(by.from, leaf)) return "at 1s " + what;
  return "at stage " + machine.at(leaf).stage + " + 1s " + what;
}

std::string in_target(const core::Machine& machine, const core::Transition& by) {
  return by.trigger.target.valid() ? " in " + machine.at(by.trigger.target).name : "";
}

// What must happen for a step that a healthy rollout, with people who say yes, does not take.
// `leaf` is where it is taken.
std::vector<std::string> causes_of(const core::Machine& machine, const core::Transition& by,
                                   core::StateIndex leaf) {
  switch (by.trigger.kind) {
    case TriggerKind::failed:
      return {machine.at(by.from).phase == core::Phase::shift ? "shift fails" : "run fails"};
    case TriggerKind::stop: {
      const auto cause = [&](core::CriterionIndex index) {
        const core::Criterion& stop = machine.at(index);
        const std::string fault = breaks(stop);
        if (fault.empty() || !stop.target.valid()) return fault;
        return fault + " in " + machine.at(stop.target).name;
      };
      std::vector<std::string> causes = {cause(by.trigger.criterion)};
      for (const auto other : by.trigger.also) causes.push_back(cause(other));
      return causes;
    }
    case TriggerKind::chosen: {
      const core::Item& item = machine.at(by.trigger.item);
      const core::Option& option = item.options[by.trigger.option];
      if (option.kind == core::OptionKind::next) return {};
      return {"at question " + item.text + " answer " + option.name};
    }
    case TriggerKind::gate_failed: {
      const auto& gate = machine.at(leaf).gate;
      if (!gate || gate->confirms.empty()) return {};
      return {"at question \"" + machine.at(gate->confirms.front()).text + "\" answer no"};
    }
    case TriggerKind::clock:
      if (by.forward) return {};
      return {"at every question answer nothing"};
    case TriggerKind::abort:
      return {order(machine, by, leaf, "abort")};
    case TriggerKind::rollback_immediate:
      return {order(machine, by, leaf, "rollback" + in_target(machine, by))};
    case TriggerKind::rollback_gradual:
      return {order(machine, by, leaf, "rollback gradual over 10m" + in_target(machine, by))};
    default:
      return {};
  }
}

}  // namespace

std::string roughly(core::Duration duration) {
  struct Unit {
    core::Duration size;
    const char* name;
  };
  constexpr std::array kUnits = {
      Unit{std::chrono::hours(24), "d"}, Unit{std::chrono::hours(1), "h"},
      Unit{std::chrono::minutes(1), "m"}, Unit{std::chrono::seconds(1), "s"}};
  if (duration < std::chrono::seconds(1)) return format_duration(duration);
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    if (duration < kUnits[i].size) continue;
    const auto& [size, name] = kUnits[i];
    if (i + 1 == kUnits.size())
      return std::to_string((duration + size - core::Duration(1)) / size) + name;
    const auto& [smaller, small_name] = kUnits[i + 1];
    const core::Duration up = duration + smaller - core::Duration(1);  // never less than it is
    const auto rest = up % size / smaller;
    return std::to_string(up / size) + name +
           (rest == 0 ? "" : " " + std::to_string(rest) + small_name);
  }
  return format_duration(duration);
}

namespace {

std::string endless_in_words(const Bounds& bounds, const core::Machine& machine) {
  if (!bounds.endless.valid()) return "";
  const std::string where = "`" + machine.at(bounds.endless).name + "`";
  if (!bounds.halts.valid()) return ": " + where + " waits without a deadline";
  return ": \"" + step_label(machine, machine.at(bounds.halts)) + "\" halts it in " + where +
         ", and a halt waits for people without end";
}

// Time that this plan may stand still without any clock of it running.
std::string left_out(const core::Machine& machine) {
  const bool pauses = std::any_of(
      machine.criteria.begin(), machine.criteria.end(),
      [](const core::Criterion& each) { return each.kind == core::CriterionKind::pause; });
  const bool calendar = !machine.advance_only.hours.empty();
  if (!pauses && !calendar) return "";
  return std::string(" (without the time that ") + (pauses ? "`pause while`" : "") +
         (pauses && calendar ? " or " : "") + (calendar ? "`advance only`" : "") + " adds)";
}

}  // namespace

std::string in_words(const Bounds& bounds, const core::Machine& machine) {
  std::string words;
  if (bounds.longest) {
    words = "worst case " + roughly(*bounds.longest);
  } else {
    words = "no worst case" + endless_in_words(bounds, machine);
  }
  const std::string without = left_out(machine);
  words += without;
  if (bounds.most == core::kNoTraffic) return words + "; no traffic is shifted";
  const auto exposure = [](core::Weight most, const std::optional<core::Duration>& exposed) {
    return format_percent(most) + (exposed ? " for up to " + roughly(*exposed) : "");
  };
  words += "; most traffic ";
  const std::string too = without.empty() || !bounds.exposed ? "" : ", without that time too";
  if (bounds.targets.empty()) return words + exposure(bounds.most, bounds.exposed) + too;
  for (std::size_t i = 0; i < bounds.targets.size(); ++i) {
    words += (i == 0 ? "" : ", ") + machine.targets[i].name + " " +
             exposure(bounds.targets[i].most, bounds.targets[i].exposed);
  }
  return words + too;
}

std::vector<std::string> bounds_in_words(const core::Machine& machine) {
  const Bounds bounds = find_bounds(machine);
  std::vector<std::string> lines = {in_words(bounds, machine)};
  if (bounds.halts.valid()) {
    const Bounds on = find_bounds(machine, Halts::never_happen);
    if (on.longest) lines.push_back("while nothing halts it: " + in_words(on, machine));
  }
  lines.push_back(
      "not counted: `pause`, `extend` and `resume` by people, and time in which the "
      "engine is down or cannot see");
  if (bounds.most != core::kNoTraffic) {
    lines.back() += "; a shift back that does not settle is asked for again without end";
  }
  return lines;
}

std::string in_words(const Fault& fault, const core::Machine& machine) {
  if (fault.path.empty()) return "";
  std::string words;
  std::size_t number = 0;
  for (const core::TransitionIndex index : fault.path) {
    const core::Transition& by = machine.at(index);
    words += std::to_string(++number) + ". " + step_label(machine, by) + " → " +
             machine.at(machine.leaf(by.to)).name + "\n";
  }
  return words;
}

std::string as_scenario(const Fault& fault, const core::Machine& machine) {
  if (fault.path.empty()) return "";
  std::vector<std::string> causes;
  std::string expected;
  core::StateIndex leaf = machine.leaf(core::StateIndex{0});
  for (const core::TransitionIndex index : fault.path) {
    const core::Transition& by = machine.at(index);
    if (by.trigger.kind == TriggerKind::rollback_partial) return "";
    for (std::string& cause : causes_of(machine, by, leaf)) {
      const bool news = std::find(causes.begin(), causes.end(), cause) == causes.end();
      if (!cause.empty() && news) causes.push_back(std::move(cause));
    }
    leaf = machine.leaf(by.to);
    expected += "  expect state " + machine.at(leaf).name + "\n";
  }
  const auto silent = std::find(causes.begin(), causes.end(), "at every question answer nothing");
  if (silent == causes.end()) causes.push_back("at every question answer yes");
  std::string lines;
  for (const std::string& cause : causes) lines += "  " + cause + "\n";
  return "scenario \"" + fault.what + "\" for \"" + machine.file +
         "\" {\n  series healthy at 900/s\n" + lines + expected + "}\n";
}

}  // namespace rollbook::dsl
