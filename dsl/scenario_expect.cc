#include <algorithm>
#include <array>

#include "dsl/scenario_reader.h"

namespace rollbook::dsl::scenario {
namespace {

using Kind = Token::Kind;

// ---- Expectations -----------------------------------------------------------------------------

struct EffectWord {
  std::string_view word;
  core::EffectKind kind;
};
// As contract.md calls them.
constexpr std::array<EffectWord, 9> kEffects = {{{"traffic", core::EffectKind::traffic},
                                                 {"run", core::EffectKind::run},
                                                 {"start", core::EffectKind::start},
                                                 {"stop", core::EffectKind::stop},
                                                 {"checkpoint", core::EffectKind::checkpoint},
                                                 {"notify", core::EffectKind::notify},
                                                 {"page", core::EffectKind::page},
                                                 {"incident", core::EffectKind::incident},
                                                 {"report", core::EffectKind::report}}};

bool read_state(Reader& reader, Expectation& expectation) {
  const auto name = reader.take_path("the name of a state");
  if (!name) return false;
  expectation.what = StateExpected{name->text};
  expectation.what_span = name->span;
  return true;
}

bool read_verdict(Reader& reader, Expectation& expectation) {
  const auto criterion =
      reader.take_path("a criterion such as `canary_5.errors_low` or `\"guard.stop[1]\"`");
  if (!criterion) return false;
  const auto word = reader.take_one_of({"pass", "fail", "undecided", "no_data"});
  if (!word) return false;
  static constexpr std::array kVerdicts = {core::Verdict::pass, core::Verdict::fail,
                                           core::Verdict::undecided, core::Verdict::no_data};
  expectation.what = VerdictExpected{criterion->text, kVerdicts[*word]};
  expectation.what_span = criterion->span;
  return true;
}

// The name before a weight, where there is one.
bool read_target(Reader& reader, std::optional<Name>& target) {
  if (!reader.peek().is(Token::Kind::word)) return true;
  target = reader.take_name("the name of a target");
  return target.has_value();
}

bool read_effect(Reader& reader, Expectation& expectation) {
  const std::size_t first = reader.place();
  const auto word = reader.take_one_of({kEffects[0].word, kEffects[1].word, kEffects[2].word,
                                        kEffects[3].word, kEffects[4].word, kEffects[5].word,
                                        kEffects[6].word, kEffects[7].word, kEffects[8].word});
  if (!word) return false;
  EffectExpected effect;
  effect.kind = kEffects[*word].kind;
  if (!reader.at_statement_end()) {
    if (effect.kind == core::EffectKind::traffic) {
      if (!read_target(reader, effect.target)) return false;
      if (!effect.target || !reader.at_statement_end()) effect.weight = reader.take_weight();
      if (!effect.target && !effect.weight) return false;
    } else {
      const auto name = reader.take_path("its channel, action or name");
      if (!name) return false;
      effect.name = name->text;
    }
  }
  expectation.what = std::move(effect);
  expectation.what_span = reader.span_since(first);
  return true;
}

bool read_outcome(Reader& reader, Expectation& expectation) {
  const auto word = reader.take_one_of({"succeeded", "rolled_back", "aborted"});
  if (!word) return false;
  static constexpr std::array kOutcomes = {core::Outcome::succeeded, core::Outcome::rolled_back,
                                           core::Outcome::aborted};
  expectation.what = OutcomeExpected{kOutcomes[*word]};
  return true;
}

bool read_weight(Reader& reader, Expectation& expectation) {
  const std::size_t first = reader.place();
  WeightExpected expected;
  if (!read_target(reader, expected.target)) return false;
  const auto weight = reader.take_weight();
  if (!weight) return false;
  expected.weight = *weight;
  expectation.what = std::move(expected);
  expectation.what_span = reader.span_since(first);
  return true;
}

bool read_question(Reader& reader, Expectation& expectation) {
  const auto item = reader.take_name("the text of a `confirm`, or the name of a decision");
  if (!item) return false;
  expectation.what = QuestionExpected{item->text};
  expectation.what_span = item->span;
  return true;
}

bool read_halted(Reader&, Expectation& expectation) {
  expectation.what = StandingExpected{true};
  return true;
}

bool read_paused(Reader&, Expectation& expectation) {
  expectation.what = StandingExpected{false};
  return true;
}

bool read_refusal(Reader& reader, Expectation& expectation) {
  if (!reader.take_word("rejected")) return false;
  RefusalExpected refusal;
  if (!reader.at_statement_end()) {
    const auto reason = reader.take_name("the reason of the rejection");
    if (!reason) return false;
    refusal.reason = reason->text;
  }
  expectation.what = std::move(refusal);
  return true;
}

// After `expect`; `first` is where its statement begins.
bool finish_expectation(Reader& reader, Scenario& scenario, Expectation expectation,
                        std::size_t first) {
  const auto kind = reader.take_one_of({"state", "verdict", "effect", "outcome", "traffic",
                                        "question", "halted", "paused", "start"});
  if (!kind) return false;
  static constexpr bool (*kReaders[])(Reader&, Expectation&) = {
      read_state,    read_verdict, read_effect, read_outcome, read_weight,
      read_question, read_halted,  read_paused, read_refusal};
  if (!kReaders[*kind](reader, expectation) || !reader.take_statement_end()) return false;
  expectation.text = reader.written_since(first);
  expectation.span = reader.span_since(first);
  scenario.expectations.push_back(std::move(expectation));
  return true;
}

// ---- `at …` -----------------------------------------------------------------------------------

bool read_answers(Reader& reader, Scenario& scenario, std::size_t first) {
  Answering rule;
  if (reader.accept_word("every")) {
    if (!reader.take_word("question")) return false;
  } else {
    reader.take();
    const auto item = reader.take_name("the text of a `confirm`, or the name of a decision");
    if (!item) return false;
    rule.question = Text{item->text, item->span};
  }
  if (!reader.take_word("answer")) return false;
  do {
    const auto word = reader.take_name("`yes`, `no`, `nothing` or an option");
    if (!word) return false;
    rule.words.push_back(*word);
  } while (reader.accept_symbol(","));
  if (reader.accept_word("as")) {
    do {
      const auto role = reader.take_name("a role");
      if (!role) return false;
      rule.roles.push_back(*role);
    } while (reader.accept_symbol(","));
  }
  if (reader.accept_word("after")) {
    const auto after = reader.take_duration();
    if (!after) return false;
    rule.after = *after;
  }
  rule.span = reader.span_since(first);
  for (const Answering& other : scenario.answers) {
    const bool same = other.question.has_value() == rule.question.has_value() &&
                      (!rule.question || other.question->value == rule.question->value);
    if (!same) continue;
    reader.error(Code::scenario_duplicate, rule.span,
                 "these questions were answered before, in line " + std::to_string(other.span.line),
                 "several answers in turn are written `answer no, yes`");
    return false;
  }
  scenario.answers.push_back(std::move(rule));
  return reader.take_statement_end();
}

bool read_confirm(Reader& reader, Act& act) {
  act.item = reader.take_text("the text of the `confirm`");
  if (!act.item) return false;
  if (reader.accept_word("no")) {
    act.yes = false;
  } else {
    reader.accept_word("yes");
  }
  return true;
}

bool read_settle(Reader& reader, Act& act) {
  const auto kind = reader.take_one_of({"shift", "run", "start", "checkpoint"});
  if (!kind) return false;
  static constexpr std::array kKinds = {core::EffectKind::traffic, core::EffectKind::run,
                                        core::EffectKind::start, core::EffectKind::checkpoint};
  act.effect = kKinds[*kind];
  const auto outcome = reader.take_one_of({"succeeded", "failed"});
  if (!outcome) return false;
  act.succeeded = *outcome == 0;
  return true;
}

// `for 1h`, `by 2h`, `over 30m`.
bool read_length(Reader& reader, std::string_view word, Act& act) {
  if (!reader.accept_word(word)) return true;
  act.duration = reader.take_duration();
  return act.duration.has_value();
}

// `to 10%`: above nothing it ends halted there.
bool read_target_weight(Reader& reader, Act& act) {
  if (!reader.accept_word("to")) return true;
  const auto weight = reader.take_weight();
  if (weight) act.to = *weight;
  return weight.has_value();
}

bool read_verb(Reader& reader, Act& act) {
  switch (act.verb) {
    case core::Verb::confirm:
      return read_confirm(reader, act);
    case core::Verb::decide: {
      const auto option = reader.take_name("an option");
      if (option) act.option = *option;
      return option.has_value();
    }
    case core::Verb::pause:
      return read_length(reader, "for", act);
    case core::Verb::extend:
      if (!reader.at_word("by")) {
        reader.expected("`by` and a duration");
        return false;
      }
      return read_length(reader, "by", act);
    case core::Verb::rollback:
      if (reader.accept_word("gradual"))
        act.how = core::RollbackHow::gradual;
      else
        reader.accept_word("immediate");
      if (!read_target_weight(reader, act) || !read_length(reader, "over", act)) return false;
      if (!reader.accept_word("in")) return true;
      act.target = reader.take_name("the name of a target");
      return act.target.has_value();
    case core::Verb::settle:
      return read_settle(reader, act);
    case core::Verb::start:
    case core::Verb::resume:
    case core::Verb::promote:
    case core::Verb::abort:
    case core::Verb::rebalance:
      return true;
  }
  return true;
}

bool read_who(Reader& reader, Act& act) {
  if (reader.accept_word("as")) {
    act.role = reader.take_name("a role");
    if (!act.role) return false;
  }
  if (reader.accept_word("by")) {
    const auto actor = reader.take_name("the name of a person");
    if (!actor) return false;
    act.actor = actor->text;
  }
  if (reader.accept_word("because")) {
    const auto because = reader.take_text("the reason");
    if (!because) return false;
    act.because = because->value;
  }
  if (reader.accept_word("rejected")) {
    act.rejected = true;
    if (!reader.at_statement_end()) {
      const auto reason = reader.take_name("the reason of the rejection");
      if (!reason) return false;
      act.reason = reason->text;
    }
  }
  return true;
}

bool read_act(Reader& reader, Scenario& scenario, const Moment& at, std::size_t first) {
  if (reader.at_word("start")) {
    reader.error(Code::scenario_unexpected, reader.peek().span,
                 "the rollout starts by itself, at 0s", "times count from its start");
    return false;
  }
  const auto word = reader.take_one_of({"expect", "confirm", "decide", "pause", "resume", "promote",
                                        "extend", "rollback", "abort", "settle", "rebalance"});
  if (!word) return false;
  static constexpr std::array kVerbs = {
      core::Verb::start,  core::Verb::confirm, core::Verb::decide,   core::Verb::pause,
      core::Verb::resume, core::Verb::promote, core::Verb::extend,   core::Verb::rollback,
      core::Verb::abort,  core::Verb::settle,  core::Verb::rebalance};
  Act act;
  act.at = at;
  act.verb = kVerbs[*word];
  if (!read_verb(reader, act) || !read_who(reader, act) || !reader.take_statement_end()) {
    return false;
  }
  act.text = reader.written_since(first);
  act.span = reader.span_since(first);
  scenario.acts.push_back(std::move(act));
  return true;
}

}  // namespace

bool read_expect(Reader& reader, Scenario& scenario, Expectation::When when) {
  Expectation expectation;
  expectation.when = when;
  const std::size_t words = when == Expectation::When::never ? 2 : 1;
  return finish_expectation(reader, scenario, std::move(expectation), reader.place() - words);
}

bool read_within(Reader& reader, Scenario& scenario) {
  const std::size_t first = reader.place();
  reader.take();
  Expectation expectation;
  expectation.when = Expectation::When::within;
  const auto within = reader.take_duration();
  if (!within || !reader.take_word("of")) return false;
  expectation.within = *within;
  const auto at = reader.take_moment();
  if (!at || !reader.take_word("expect")) return false;
  expectation.at = *at;
  return finish_expectation(reader, scenario, std::move(expectation), first);
}

bool read_at(Reader& reader, Scenario& scenario) {
  const std::size_t first = reader.place();
  reader.take();
  if (reader.at_word("every") || reader.at_word("question")) {
    return read_answers(reader, scenario, first);
  }
  const auto at = reader.take_moment();
  if (!at) return false;
  if (!reader.at_word("expect")) return read_act(reader, scenario, *at, first);
  reader.take();
  Expectation expectation;
  expectation.when = Expectation::When::at;
  expectation.at = *at;
  return finish_expectation(reader, scenario, std::move(expectation), first);
}

}  // namespace rollbook::dsl::scenario
