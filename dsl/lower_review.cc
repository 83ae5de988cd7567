// Reviews and decisions.

#include <algorithm>

#include "dsl/format_value.h"
#include "dsl/lower_flow.h"

namespace rollbook::dsl {

namespace {

using core::TriggerKind;

// A name inside a message must not be read as a placeholder.
std::string escaped(const std::string& name) {
  std::string text;
  for (const char c : name) text += c == '{' ? std::string("{{") : std::string(1, c);
  return text;
}

core::Clock deadline_clock(const std::string& name, core::Duration limit, core::StateIndex owner) {
  core::Clock clock;
  clock.name = name;
  clock.limit = limit;
  clock.owner = owner;
  clock.restarts = true;
  return clock;
}

}  // namespace

Flow::Label Flow::exit_label(const Exit& exit, bool before) {
  switch (exit.kind) {
    case Exit::Kind::rollback:
      return before ? aborted_ : rollbacks_[exit.target];
    case Exit::Kind::halt:
      return builder_.halt();
    case Exit::Kind::end:
      return aborted_;
    case Exit::Kind::none:
    case Exit::Kind::decide:  // stands in a review only: otherwise_of()
      break;
  }
  if (before) return aborted_;
  return reviewed_late_ ? builder_.halt() : breach();
}

// Left out, it is that of the review's decision, or the guard's own rollback: the checker lets it
// be left out only where the guard stops for every criterion anyway.
Flow::Label Flow::otherwise_of(const Review& review, bool before) {
  if (review.otherwise.kind == Exit::Kind::decide) return builder_.label();
  if (review.otherwise.kind == Exit::Kind::none && review.decision) {
    return exit_label(outline_.decisions[*review.decision].otherwise, before);
  }
  return exit_label(review.otherwise, before);
}

// gate ─► next, or ─► decide ─► next; and what fails ─► otherwise. Confirmations are asked on the
// whole of it: they stay open while a decision is.
core::StateIndex Flow::lower_review(const Review& review, const Place& place) {
  core::State state;
  state.name = place.path;
  state.stage = place.stage;
  state.phase = place.phase;
  state.span = review.span;
  const StateIndex compound = builder_.add_compound(place.parent, std::move(state));
  core::Gate gate;
  gate.criteria = place.criteria;
  if (!review.empty()) {
    const core::ClockIndex within =
        builder_.add_clock(deadline_clock(place.path, review.within, compound));
    for (const Confirmation& confirm : review.confirms) {
      core::Item item;
      item.text = confirm.text;
      item.quorum = confirm.quorum;
      item.deadline = within;
      item.span = confirm.span;
      gate.confirms.push_back(builder_.add_item(std::move(item)));
    }
    builder_.at(compound).asks = gate.confirms;
    lower_gate(review, place, Looking{compound, gate, within});
  }
  if (review.otherwise.kind == Exit::Kind::decide) {
    const Opening opening{place.path + ".otherwise", compound, review.otherwise.target, gate,
                          !review.empty()};
    builder_.bind(place.otherwise, lower_decision(opening, place));
  }
  return compound;
}

void Flow::lower_gate(const Review& review, const Place& place, const Looking& looking) {
  core::State state;
  state.name = place.path + ".gate";
  state.stage = place.stage;
  state.phase = place.phase;
  state.gate = looking.gate;
  state.span = review.span;
  const StateIndex leaf = builder_.add_state(looking.compound, std::move(state));
  builder_.go(leaf, on(TriggerKind::gate_failed), place.otherwise,
              {.label = "a check failed", .span = review.span});
  builder_.go(leaf, on_clock(looking.within), place.otherwise,
              {.label = "the checks did not pass within " + format_duration(review.within),
               .span = review.span});
  if (!review.decision) {
    builder_.go(leaf, on(TriggerKind::gate_passed), place.next,
                {.forward = true, .label = "all checks passed", .span = review.span});
    return;
  }
  const Label decide = builder_.label();
  builder_.go(leaf, on(TriggerKind::gate_passed), decide,
              {.label = "all checks passed, the decision is open", .span = review.decision_span});
  const Opening opening{place.path + ".decide", looking.compound, *review.decision, looking.gate,
                        true};
  builder_.bind(decide, lower_decision(opening, place));
}

core::StateIndex Flow::lower_decision(const Opening& opening, const Place& place) {
  const DecisionOutline& decision = outline_.decisions[opening.decision];
  core::State state;
  state.name = opening.path;
  state.stage = place.stage;
  state.phase = core::Phase::decide;
  state.span = decision.span;
  if (opening.gated) state.gate = opening.gate;
  state.entry = add_asks(decision, "is open");
  const StateIndex leaf = builder_.add_state(opening.parent, std::move(state));
  const core::ClockIndex within =
      builder_.add_clock(deadline_clock(opening.path, decision.within, leaf));
  if (decision.remind_every > core::Duration::zero()) {
    core::Clock remind = deadline_clock(opening.path + ".remind", decision.remind_every, leaf);
    remind.repeats = true;
    remind.on_reached = add_asks(decision, "is still open");
    builder_.add_clock(std::move(remind));
  }
  core::Item item;
  item.kind = core::ItemKind::decide;
  item.text = decision.name;
  item.quorum = decision.quorum;
  item.deadline = within;
  item.span = decision.span;
  for (const OptionOutline& option : decision.options) item.options.push_back(option.option);
  const core::ItemIndex index = builder_.add_item(std::move(item));
  builder_.at(leaf).asks = {index};
  lower_options(opening, place, leaf, index);
  builder_.go(leaf, on_clock(within), exit_label(decision.otherwise, place.before),
              {.label = "`" + decision.name + "` was not decided within " +
                        format_duration(decision.within),
               .span = decision.span});
  return leaf;
}

void Flow::lower_options(const Opening& opening, const Place& place, StateIndex state,
                         core::ItemIndex item) {
  const DecisionOutline& decision = outline_.decisions[opening.decision];
  for (std::uint32_t i = 0; i < decision.options.size(); ++i) {
    const OptionOutline& option = decision.options[i];
    Builder::Going going{.label = "decided: " + option.option.text, .span = option.span};
    switch (option.option.kind) {
      case core::OptionKind::next:
        going.forward = true;
        going.needs_gate = opening.gated && !option.option.overrides;
        builder_.go(state, on_choice(item, i), place.next, going).overrides =
            option.option.overrides;
        break;
      case core::OptionKind::halt:
        builder_.go(state, on_choice(item, i), builder_.halt(), going);
        break;
      case core::OptionKind::extend: {
        const Label hold = builder_.label();
        builder_.bind(hold, place.record->after_extend);
        core::Transition& extend = builder_.go(state, on_choice(item, i), hold, going);
        extend.extends = place.record->hold;
        extend.extends_most = place.record->hold_most;
        place.record->extend_at_most =
            std::max(place.record->extend_at_most, option.option.extend_at_most);
        break;
      }
      case core::OptionKind::rollback:
        builder_.go(state, on_choice(item, i),
                    place.before ? aborted_ : rollbacks_[option.rollback], going);
        break;
    }
  }
}

// Whoever must answer is told when the question opens, and again by the reminders.
std::vector<core::EffectIndex> Flow::add_asks(const DecisionOutline& decision, const char* how) {
  std::string options;
  for (const OptionOutline& option : decision.options) {
    options += (options.empty() ? "" : ", ") + option.option.name;
  }
  core::Effect effect;
  effect.text = escaped("decision `" + decision.name + "` " + how + ": " + options);
  effect.text = "{service}, {stage}: " + effect.text;
  effect.span = decision.span;
  std::vector<core::EffectIndex> effects;
  if (!decision.notified.empty()) {
    effect.kind = core::EffectKind::notify;
    effect.channels = decision.notified;
    effects.push_back(builder_.add_effect(effect));
  }
  if (!decision.paged.empty()) {
    effect.kind = core::EffectKind::page;
    effect.channels = decision.paged;
    effects.push_back(builder_.add_effect(effect));
  }
  return effects;
}

}  // namespace rollbook::dsl
