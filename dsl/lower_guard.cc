// Guards: which rollback is the faster one, and what their stops lead to.

#include <algorithm>

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
    return guard.otherwise.kind == Exit::Kind::halt && !guard.stops.empty();
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
        stops_.push_back(Stop{{}, i, judgement.text, judgement.span});
      } else {
        stops_.back().label += " and " + judgement.text;
      }
      stops_.back().criteria.push_back(criterion);
    }
    for (const Judgement& pause : guard.pauses) {
      builder_.at(armed_in).armed.push_back(builder_.add_criterion(pause, floor));
    }
  }
}

void Flow::stop_from(StateIndex from, const Stop& stop) {
  builder_.go(from, on_stop(stop.criteria), exit_of(outline_.guards[stop.guard]),
              {.label = stop.label, .span = stop.span});
}

}  // namespace rollbook::dsl
