#include "dsl/schedule.h"

#include <algorithm>
#include <map>

#include "dsl/format_value.h"
#include "dsl/long_time.h"
#include "dsl/prove_graph.h"

namespace rollbook::dsl {

namespace {

using core::Duration;
using core::StateIndex;
using core::Transition;
using core::TriggerKind;

When later(const When& when, Duration least, const std::optional<Duration>& most) {
  When then{add_up(when.earliest, least), std::nullopt};
  if (when.latest && most) then.latest = add_up(*when.latest, *most);
  return then;
}

class Walk {
 public:
  Walk(const core::Machine& machine, const std::optional<core::Time>& from)
      : machine_(machine), from_(from), ways_(machine) {
    for (const core::Target& target : machine.targets) weights_.push_back(target.begins);
  }

  std::vector<Leg> run() {
    StateIndex leaf = ways_.start();
    enter(leaf);
    // A way forward never comes back: more steps than states would be a circle.
    for (std::size_t step = 0; step < machine_.states.size(); ++step) {
      const Transition* on = forward(leaf);
      if (on == nullptr) break;
      stay(leaf, *on);
      if (on->on_calendar && !wait_for_hours()) break;
      leaf = machine_.leaf(on->to);
      if (machine_.at(leaf).kind == core::StateKind::final_) break;
      enter(leaf);
    }
    if (!legs_.empty()) legs_.back().ends = now_;
    return std::move(legs_);
  }

 private:
  // The transition that a good day takes.
  const Transition* forward(StateIndex leaf) const {
    for (const core::TransitionIndex index : ways_.out(leaf)) {
      const Transition& by = machine_.at(index);
      if (by.halts) continue;
      switch (by.trigger.kind) {
        case TriggerKind::always:
        case TriggerKind::settled:
        case TriggerKind::gate_passed:
        case TriggerKind::none_back:
          return &by;
        case TriggerKind::clock:
          if (by.forward) return &by;
          break;
        case TriggerKind::chosen:
          if (option(by).kind == core::OptionKind::next) return &by;
          break;
        default:
          break;
      }
    }
    return nullptr;
  }

  const core::Option& option(const Transition& by) const {
    return machine_.at(by.trigger.item).options[by.trigger.option];
  }

  void enter(StateIndex leaf) {
    const core::State& state = machine_.at(leaf);
    if (!state.stage.empty() && (legs_.empty() || legs_.back().name != state.stage)) {
      if (!legs_.empty()) legs_.back().ends = now_;
      legs_.push_back(Leg{state.stage, weight_, now_, now_, {}, {}, weights_});
    }
    for (StateIndex i = leaf; i.valid(); i = machine_.at(i).parent) entered_.emplace(i, now_);
    for (const core::TransitionIndex index : ways_.out(leaf)) {
      const Transition& by = machine_.at(index);
      if (!by.extends.valid() || legs_.empty()) continue;
      const core::Option& extend = option(by);
      legs_.back().extensions =
          std::max(legs_.back().extensions, extend.extend_by * extend.extend_at_most);
    }
  }

  void stay(StateIndex leaf, const Transition& on) {
    const core::State& state = machine_.at(leaf);
    const std::optional<Duration> most = ways_.stay(leaf).most;
    switch (on.trigger.kind) {
      case TriggerKind::settled:
        if (on.trigger.effect.valid()) {
          until(on, most);
        } else {
          settle(state, most);
        }
        break;
      case TriggerKind::clock:
        hold(on, most);
        break;
      case TriggerKind::gate_passed:
        review(state, most);
        break;
      case TriggerKind::chosen:
        note("decision `" + machine_.at(on.trigger.item).text + "`" + within(most));
        now_ = later(now_, Duration::zero(), most);
        break;
      default:
        break;
    }
  }

  void settle(const core::State& state, const std::optional<Duration>& most) {
    Duration least{};
    if (state.ramp) {
      least = ramped(*state.ramp, now_.earliest);
      const core::TargetIndex target =
          state.ramp->targets.empty() ? core::TargetIndex{} : state.ramp->targets.front();
      note("ramp " + whose(target) + "to " + format_percent(state.ramp->to) + " over " +
           format_duration(state.ramp->over));
      move(target, state.ramp->to);
    }
    for (const core::EffectIndex index : state.entry) {
      const core::Effect& effect = machine_.at(index);
      if (effect.kind == core::EffectKind::traffic) {
        note("shift " + whose(effect.target) + "to " + format_percent(effect.to));
        move(effect.target, effect.to);
      } else if (core::is_awaited(effect.kind)) {
        note((effect.kind == core::EffectKind::run ? "run " : "checkpoint ") + effect.name);
      }
    }
    const bool shifts = state.phase == core::Phase::shift;
    // The stay in a hold's block is the hold's: its own deadline ends it all the same.
    std::optional<Duration> longest = in_hold(state) ? Duration::zero() : most;
    if (state.ramp && longest && now_.latest) {
      longest = add_up(*longest, ramped(*state.ramp, *now_.latest) - state.ramp->over);
    }
    now_ = later(now_, least, longest);
    if (shifts) shifted_ = now_;
  }

  // ---- `advance only` -------------------------------------------------------------------------

  // The first moment from `after` on at which it is open; nothing: it never is.
  std::optional<Duration> opening(Duration after) const {
    const core::Calendar& hours = machine_.advance_only;
    const core::Time at = *from_ + after;
    if (hours.open(at)) return after;
    const core::Time next = hours.next_opening(at);
    if (next == core::kDistantFuture) return std::nullopt;
    return next - *from_;
  }

  // Whoever comes later finds it open later or at the same time, so both ends wait alike. False:
  // it never opens again.
  bool wait_for_hours() {
    if (!from_) return true;
    const auto earliest = opening(now_.earliest);
    if (!earliest) {
      note("it never opens again");
      return false;
    }
    if (*earliest > now_.earliest) note("the hours");
    now_.earliest = *earliest;
    if (now_.latest) now_.latest = opening(*now_.latest);
    return true;
  }

  // How long a ramp takes whose steps wait for the hours.
  Duration ramped(const core::Ramp& ramp, Duration after) const {
    if (!from_ || machine_.advance_only.hours.empty()) return ramp.over;
    // More looks than that nobody needs to see the minute.
    constexpr Duration::rep kLooks = 100'000;
    const Duration every = std::max({ramp.every, ramp.over / kLooks, Duration(1)});
    Duration at = after;
    for (Duration ramped{}; ramped < ramp.over; ramped += every) {
      at = opening(at).value_or(at) + std::min(every, ramp.over - ramped);
    }
    return at - after;
  }

  bool in_hold(const core::State& state) const {
    return state.phase == core::Phase::run && state.name.find(".hold.") != std::string::npos;
  }

  // What was started before may be done already.
  void until(const Transition& on, const std::optional<Duration>& most) {
    note("hold until " + machine_.at(on.trigger.effect).name + within(most));
    now_ = later(now_, Duration::zero(), most);
  }

  // The clock began when its owner was entered; a run beside it may have taken longer.
  void hold(const Transition& on, const std::optional<Duration>& most) {
    const core::Clock& clock = machine_.at(on.trigger.clock);
    std::string requests;
    if (on.needs.valid()) requests = " and " + machine_.at(on.needs).text;
    note("hold " + format_duration(clock.limit) + requests);
    const auto began = entered_.find(clock.owner);
    const When from = began == entered_.end() ? now_ : began->second;
    const When held = later(from, clock.limit, most);
    now_.earliest = std::max(now_.earliest, held.earliest);
    now_.latest = held.latest;
  }

  void review(const core::State& state, const std::optional<Duration>& most) {
    Duration full = now_.earliest;
    if (state.gate) {
      for (const core::CriterionIndex index : state.gate->criteria) {
        const core::Criterion& criterion = machine_.at(index);
        if (!criterion.window.valid()) continue;
        const core::Window& window = machine_.at(criterion.window);
        const Duration from =
            window.floor <= core::Floor::start ? Duration::zero() : shifted_.earliest;
        full = std::max(full, add_up(from, add_up(window.width, criterion.sustain)));
      }
    }
    note("review" + within(most));
    now_ = later(now_, full - now_.earliest, most);
    // A window that fills late is late for everybody.
    if (now_.latest) now_.latest = std::max(*now_.latest, now_.earliest);
  }

  std::string whose(core::TargetIndex target) const {
    return target.valid() ? machine_.at(target).name + " " : "";
  }
  void move(core::TargetIndex target, core::Weight weight) {
    weight_ = weight;
    if (target.valid()) {
      weights_[target.value] = weight;
      weight_ = *std::max_element(weights_.begin(), weights_.end());
    }
    if (legs_.empty()) return;
    legs_.back().weight = weight_;
    legs_.back().weights = weights_;
  }
  void note(std::string what) {
    if (!legs_.empty()) legs_.back().waits.push_back(std::move(what));
  }
  static std::string within(const std::optional<Duration>& most) {
    return most ? " within " + format_duration(*most) : "";
  }

  const core::Machine& machine_;
  const std::optional<core::Time> from_;
  Ways ways_;
  std::vector<Leg> legs_;
  When now_{Duration::zero(), Duration::zero()};
  When shifted_;
  core::Weight weight_;
  std::vector<core::Weight> weights_;  // by target
  std::map<StateIndex, When> entered_;
};

}  // namespace

std::vector<Leg> schedule(const core::Machine& machine, const std::optional<core::Time>& from) {
  return Walk(machine, from).run();
}

}  // namespace rollbook::dsl
