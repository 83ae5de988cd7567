// Guards: which rollback is the faster one, and what their stops lead to.

#include <algorithm>

#include "dsl/format_value.h"
#include "dsl/lower_flow.h"

namespace rollbook::dsl {

namespace {

// How long a rollback takes until it has lowered all it lowers: 0 for one that shifts at once.
core::Duration lowered_within(const RollbackOutline& rollback) {
  core::Duration within{};
  for (const Step& step : rollback.steps) {
    if (step.kind == Step::Kind::ramp) within += step.ramp.over;
  }
  return within;
}

// Takes one clause, a word and its value, out of a criterion's text.
std::string without_clause(std::string text, const std::string& word) {
  const std::size_t begin = text.rfind(" " + word + " ");
  if (begin == std::string::npos) return text;
  const std::size_t value = begin + word.size() + 2;
  return text.erase(begin, std::min(text.find(' ', value), text.size()) - begin);
}

// The same condition on the baseline's share, as it is at one instant: without its `for`. Of
// silence half the time: the last points of two arms that fall silent together lie up to an export
// interval apart, and nobody allows less silence than two of those.
Judgement of_baseline(Judgement judgement) {
  judgement.id += ".baseline";
  judgement.what.arm = core::Arm::baseline;
  std::string text = without_clause(judgement.text, "for");
  for (std::size_t arm; (arm = text.find("canary.")) != std::string::npos;) text.erase(arm, 7);
  judgement.text = "baseline: " + text;
  judgement.parts = 0;
  if (judgement.what.measure == core::Measure::absent) {
    judgement.sustain /= 2;
    judgement.text += " for " + format_duration(judgement.sustain);
  } else {
    judgement.sustain = {};
  }
  return judgement;
}

}  // namespace

std::vector<std::size_t> Flow::rank_rollbacks() const {
  std::vector<std::size_t> ranked;
  for (const GuardOutline& guard : outline_.guards) {
    if (guard.otherwise.kind != Exit::Kind::rollback) continue;
    const std::size_t target = guard.otherwise.target;
    if (!is_whole(target)) continue;
    if (std::find(ranked.begin(), ranked.end(), target) == ranked.end()) ranked.push_back(target);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [&](std::size_t a, std::size_t b) {
    return lowered_within(outline_.rollbacks[a]) < lowered_within(outline_.rollbacks[b]);
  });
  return ranked;
}

// 1: softer than any guard's.
std::uint32_t Flow::rank_of(std::size_t rollback) const {
  const auto found = std::find(ranked_.begin(), ranked_.end(), rollback);
  return 1 + static_cast<std::uint32_t>(ranked_.end() - found);
}

bool Flow::any_always() const {
  return std::any_of(outline_.guards.begin(), outline_.guards.end(),
                     [](const GuardOutline& guard) { return guard.always; });
}

bool Flow::any_halts() const {
  return std::any_of(outline_.guards.begin(), outline_.guards.end(), [](const auto& guard) {
    return (guard.otherwise.kind == Exit::Kind::halt && !guard.stops.empty()) || guard.veto;
  });
}

Flow::Label Flow::exit_of(const GuardOutline& guard) {
  return guard.otherwise.kind == Exit::Kind::rollback ? rollbacks_[guard.otherwise.target]
                                                      : builder_.halt();
}

Flow::Label Flow::breach() const {
  for (const GuardOutline& guard : outline_.guards) {
    if (guard.otherwise.kind != Exit::Kind::rollback || !is_whole(guard.otherwise.target)) continue;
    return rollbacks_[guard.otherwise.target];
  }
  return has_targets() ? immediate_ : builder_.halt();
}

void Flow::add_guards(bool always, StateIndex armed_in) {
  const core::Floor floor = always ? core::Floor::start : core::Floor::guard;
  for (std::size_t i = 0; i < outline_.guards.size(); ++i) {
    const GuardOutline& guard = outline_.guards[i];
    if (guard.always != always) continue;
    for (const Judgement& judgement : guard.stops) {
      const core::CriterionIndex criterion = builder_.add_criterion(judgement, floor);
      builder_.at(armed_in).armed.push_back(criterion);
      if (judgement.parts > 0) {
        stops_.push_back(Stop{{}, {}, i, judgement.text, judgement.span});
      } else {
        stops_.back().label += " and " + judgement.text;
      }
      stops_.back().criteria.push_back(criterion);
      if (!judgement.veto) continue;
      stops_.back().vetoes.push_back(builder_.add_criterion(of_baseline(judgement), floor));
      builder_.at(armed_in).armed.push_back(stops_.back().vetoes.back());
    }
    for (const Judgement& pause : guard.pauses) {
      builder_.at(armed_in).armed.push_back(builder_.add_criterion(pause, floor));
    }
  }
}

void Flow::stop_from(StateIndex from, const Stop& stop) {
  core::Trigger trigger = on_stop(stop.criteria);
  trigger.unless = stop.vetoes;
  builder_.go(from, std::move(trigger), exit_of(outline_.guards[stop.guard]),
              {.label = stop.label, .span = stop.span});
}

void Flow::halt_from(StateIndex from, const Stop& stop) {
  if (stop.vetoes.empty()) return;
  std::vector<core::CriterionIndex> both = stop.criteria;
  both.insert(both.end(), stop.vetoes.begin(), stop.vetoes.end());
  builder_.go(from, on_stop(both), builder_.halt(),
              {.label = stop.label + ", and the baseline fails too", .span = stop.span});
}

}  // namespace rollbook::dsl
