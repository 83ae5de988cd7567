// The blocks with statements of their own: guard and decide.

#include "dsl/grammar_rules.h"

namespace rollbook::dsl::grammar {
namespace {

ROLLBOOK_RULE(guard_statement, Recovering, ast::GuardStatement)
ROLLBOOK_RULE(pause_while, Plain, ast::PauseWhile)
ROLLBOOK_RULE(guard_otherwise, Plain, ast::Otherwise)
ROLLBOOK_RULE(decision_statement, Recovering, ast::DecisionStatement)
ROLLBOOK_RULE(decided_by, Plain, ast::DecidedBy)
ROLLBOOK_RULE(ask, Plain, ast::Ask)
ROLLBOOK_RULE(option, Plain, ast::Option)

const auto guard_otherwise_def = located(kw("otherwise") > exit_phrase[set<&ast::Otherwise::exit>]);

const auto pause_while_def =
    located(kw("pause", "pause while") > kw("while") > criterion[set<&ast::PauseWhile::criterion>]);

const auto guard_statement_def = statement_of(
    stop[set_node] | pause_while[set_node] | baseline_fails[set_node] | guard_otherwise[set_node],
    Block::guard);

const auto decided_by_def = located(quorum[set<&ast::DecidedBy::quorum>]);

const auto remind = peek(1, "every") >> kw("remind", "remind every") >>
                    kw("every") > duration[set<&ast::Ask::remind_every>];
const auto asked = name("a channel")[push<&ast::Ask::channels>];
const auto ask_def = located(kw("ask") > asked > *(comma > (remind | asked)));

using Kind = core::OptionKind;
const auto next = kw("next")[put<&ast::Option::kind, Kind::next>] >>
                  -kw("override")[put<&ast::Option::overrides, true>];
const auto halt = kw("halt")[put<&ast::Option::kind, Kind::halt>];
const auto extend = kw("extend")[put<&ast::Option::kind, Kind::extend>] >
                    duration[set<&ast::Option::extend_by>] > kw("at", "at most") >
                    kw("most") > whole_number[set<&ast::Option::extend_at_most>];
const auto roll_back = kw("rollback")[put<&ast::Option::kind, Kind::rollback>] >
                       name("a rollback")[set<&ast::Option::rollback>];
const auto option_def = located(kw("option") > name("an option's name")[set<&ast::Option::name>] >
                                text("the option's text in quotes")[set<&ast::Option::text>] >
                                (next | extend | roll_back | halt));

const auto decision_statement_def = statement_of(
    decided_by[set_node] | ask[set_node] | within[set_node] | option[set_node], Block::decide);

BOOST_SPIRIT_DEFINE(guard_statement, pause_while, guard_otherwise, decision_statement, decided_by,
                    ask, option)

}  // namespace

const auto guard_def = located(kw("guard") > -(kw("always")[put<&ast::Guard::always, true>] |
                                               word_before("{")[set<&ast::Guard::target>]) >
                               block_of<&ast::Guard::block>(guard_statement));

const auto decision_def =
    located(kw("decide") > name("a decision's name")[set<&ast::Decision::name>] >
            block_of<&ast::Decision::block>(decision_statement));

BOOST_SPIRIT_DEFINE(guard, decision)

ROLLBOOK_INSTANTIATE(guard)
ROLLBOOK_INSTANTIATE(decision)

}  // namespace rollbook::dsl::grammar
