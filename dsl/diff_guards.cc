// Guards: matched by where they lead and when they are armed. A stop of several conditions is
// compared as one: it is looser when any of its conditions is.

#include "dsl/diff_parts.h"

namespace rollbook::dsl {

namespace {

// The conditions of one `stop`.
using Conditions = std::vector<const Judgement*>;

std::vector<Conditions> conjunctions(const std::vector<Judgement>& stops) {
  std::vector<Conditions> all;
  for (std::size_t i = 0; i < stops.size(); ++i) {
    if (stops[i].parts < 2) continue;
    Conditions& conditions = all.emplace_back();
    for (std::size_t k = 0; k < stops[i].parts; ++k) conditions.push_back(&stops[i + k]);
  }
  return all;
}

std::vector<Judgement> singles(const std::vector<Judgement>& stops) {
  std::vector<Judgement> all;
  std::copy_if(stops.begin(), stops.end(), std::back_inserter(all),
               [](const Judgement& stop) { return stop.parts == 1; });
  return all;
}

std::string text_of(const Conditions& conditions) {
  std::string text;
  for (const Judgement* each : conditions) text += (text.empty() ? "" : " and ") + each->text;
  return "stop " + quoted(text);
}

bool has_test(const GuardOutline& guard) {
  return std::any_of(guard.stops.begin(), guard.stops.end(),
                     [](const Judgement& stop) { return stop.test != core::Test::none; });
}

std::string number_of(std::size_t row) {
  return row == 0 ? "guard" : "guard " + std::to_string(row + 1);
}

}  // namespace

const GuardOutline* first_way_back(const Outline& outline) {
  const auto first =
      std::find_if(outline.guards.begin(), outline.guards.end(), [](const GuardOutline& guard) {
        return guard.otherwise.kind == Exit::Kind::rollback && !guard.target.valid();
      });
  return first == outline.guards.end() ? nullptr : &*first;
}

void Comparison::compare_conjunctions(const Place& where, const Both<GuardOutline>& both) {
  std::vector<Conditions> rest = conjunctions(both.after.stops);
  for (const Conditions& before : conjunctions(both.before.stops)) {
    const auto other = std::find_if(rest.begin(), rest.end(), [&](const Conditions& after) {
      return std::equal(before.begin(), before.end(), after.begin(), after.end(),
                        [&](const Judgement* a, const Judgement* b) {
                          return same_measurement(*a, *b) && a->over == b->over;
                        });
    });
    if (other == rest.end()) {
      add(Bearing::weakens, where, text_of(before) + " removed", before.front()->span, {});
      continue;
    }
    for (std::size_t i = 0; i < before.size(); ++i) {
      compare_criterion(where, *before[i], *(*other)[i]);
    }
    rest.erase(other);
  }
  for (const Conditions& after : rest) {
    add(Bearing::strengthens, where, text_of(after) + " added", {}, after.front()->span);
  }
}

// A stop that is held back while the baseline fails too is one that acts less often. Of those that
// are in both: each is looked at on its own, so that none that is set free hides another.
void Comparison::compare_vetoes(const Place& where, const Both<GuardOutline>& both) {
  const auto held_back = [](const GuardOutline& guard) {
    return std::count_if(guard.stops.begin(), guard.stops.end(),
                         [](const Judgement& stop) { return stop.veto; });
  };
  const auto before = held_back(both.before), after = held_back(both.after);
  if (held_back_ == 0 && set_free_ == 0) return;
  add(held_back_ > 0 ? Bearing::weakens : Bearing::strengthens, where,
      after == 0        ? "no stop is held back any more when the baseline fails too"
      : before == 0     ? "stops halt, and do not roll back, when the baseline fails too"
      : before == after ? "another stop is held back when the baseline fails too"
                        : std::to_string(before) + " → " + std::to_string(after) +
                              " conditions are held back when the baseline fails too",
      both.before.veto.value_or(both.before.span), both.after.veto.value_or(both.after.span));
}

void Comparison::compare_guard(const Place& where, const Both<GuardOutline>& both) {
  leads_to_ = &both.before.otherwise;
  held_back_ = set_free_ = 0;
  compare_criteria(where, {singles(both.before.stops), singles(both.after.stops)});
  compare_conjunctions(where, both);
  compare_criteria(where, {both.before.pauses, both.after.pauses});
  compare_exits(where, {both.before.otherwise, both.after.otherwise}, both.before.span,
                both.after.span, both.after.target);
  compare_vetoes(where, both);
  if (both.before.always == both.after.always) return;
  // A test from the start on has the shadow's data too, which are better than the canary's.
  const bool stricter = both.after.always && !has_test(both.after);
  add(stricter ? Bearing::strengthens : Bearing::weakens, where,
      both.after.always ? "armed with the first shift → from the start"
                        : "armed from the start → with the first shift",
      both.before.span, both.after.span);
}

void Comparison::compare_guards() {
  const auto& before = before_.guards;
  std::vector<const GuardOutline*> rest;
  for (const GuardOutline& guard : after_.guards) rest.push_back(&guard);
  std::vector<const GuardOutline*> partners(before.size(), nullptr);
  const auto pair_up = [&](auto fits) {
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (partners[i] != nullptr) continue;
      const auto other = std::find_if(rest.begin(), rest.end(), [&](const GuardOutline* guard) {
        return fits(before[i], *guard);
      });
      if (other == rest.end()) continue;
      partners[i] = *other;
      rest.erase(other);
    }
  };
  const auto same_target = [&](const GuardOutline& a, const GuardOutline& b) {
    return target_name(before_, a.target) == target_name(after_, b.target);
  };
  const auto same_exit = [&](const GuardOutline& a, const GuardOutline& b) {
    return exit_text(a.otherwise, before_) == exit_text(b.otherwise, after_);
  };
  pair_up([&](const GuardOutline& a, const GuardOutline& b) {
    return same_exit(a, b) && a.always == b.always && same_target(a, b);
  });
  pair_up([&](const GuardOutline& a, const GuardOutline& b) {
    return same_exit(a, b) && same_target(a, b);
  });
  // Never of another target: what one is stopped for says nothing of the other.
  pair_up(same_target);
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (partners[i] != nullptr) {
      compare_guard(number_of(i), {before[i], *partners[i]});
    } else {
      add(Bearing::weakens, number_of(i), "removed", before[i].span, {},
          scenario_of_guard(before[i]));
    }
  }
  for (const GuardOutline* guard : rest) {
    const bool safe = guard->otherwise.kind != Exit::Kind::rollback ||
                      goes_all_back(guard->otherwise, after_, guard->target);
    add(safe ? Bearing::strengthens : Bearing::weakens, "guard",
        "another one added, otherwise " + exit_text(guard->otherwise, after_), {}, guard->span);
  }
  compare_guard_order(partners);
}

// The first guard with a rollback of the whole says where `abort` and a failed shift lead; of two
// that act at once the first wins.
void Comparison::compare_guard_order(const std::vector<const GuardOutline*>& partners) {
  const GuardOutline* first = first_way_back(before_);
  const GuardOutline* second = first_way_back(after_);
  if (first != nullptr && second != nullptr) {
    const GuardOutline* partner = partners[static_cast<std::size_t>(first - &before_.guards[0])];
    const auto leads_to = [&](const GuardOutline& guard, const Outline& outline) {
      return exit_text(guard.otherwise, outline);
    };
    const std::string from = leads_to(*first, before_), to = leads_to(*second, after_);
    // Of a guard that leads elsewhere its own exit was said.
    const bool was_said = partner != nullptr && leads_to(*partner, after_) == to;
    if (from != to && !was_said) {
      add(bearing_of(first->otherwise, second->otherwise, {}), "abort",
          "leads to " + from + " → " + to, first->span, second->span);
    }
  }
  std::vector<const GuardOutline*> kept;
  std::copy_if(partners.begin(), partners.end(), std::back_inserter(kept),
               [](const GuardOutline* guard) { return guard != nullptr; });
  if (std::is_sorted(kept.begin(), kept.end())) return;
  add(Bearing::weakens, "guard", "the guards come in another order", before_.guards.front().span,
      after_.guards.front().span);
}

}  // namespace rollbook::dsl
