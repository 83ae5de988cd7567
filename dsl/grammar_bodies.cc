// The bodies: which statements stand in require, setup, template, stage, hold, on enter, on exit,
// rollback and success.

#include "dsl/grammar_rules.h"

namespace rollbook::dsl::grammar {
namespace {

ROLLBOOK_RULE(hold, Plain, ast::Hold)
ROLLBOOK_RULE(hold_until, Plain, ast::HoldUntil)
ROLLBOOK_RULE(undo, Plain, ast::Undo)
ROLLBOOK_RULE(on_enter, Plain, ast::OnEnter)
ROLLBOOK_RULE(on_exit, Plain, ast::OnExit)

ROLLBOOK_RULE(require_statement, Recovering, ast::Statement)
ROLLBOOK_RULE(setup_statement, Recovering, ast::Statement)
ROLLBOOK_RULE(stage_statement, Recovering, ast::Statement)
ROLLBOOK_RULE(hold_statement, Recovering, ast::Statement)
ROLLBOOK_RULE(on_enter_statement, Recovering, ast::Statement)
ROLLBOOK_RULE(on_exit_statement, Recovering, ast::Statement)
ROLLBOOK_RULE(undo_statement, Recovering, ast::Statement)
ROLLBOOK_RULE(rollback_statement, Recovering, ast::Statement)
ROLLBOOK_RULE(success_statement, Recovering, ast::Statement)

// What goes out and is not waited for.
const auto messages = notify[set_node] | page[set_node] | open_record[set_node] | report[set_node];
const auto awaited = run[set_node] | checkpoint[set_node];

const auto require_statement_def =
    statement_of(expect[set_node] | confirm[set_node] | within[set_node], Block::require);

const auto setup_statement_def = statement_of(awaited | messages, Block::setup);

const auto stage_statement_def =
    statement_of(traffic[set_node] | ramp[set_node] | hold_until[set_node] | hold[set_node] |
                     awaited | messages | start[set_node] | on_enter[set_node] | on_exit[set_node] |
                     undo[set_node] | expect[set_node] | replace_expect[set_node] |
                     confirm[set_node] | decide_use[set_node] | within[set_node],
                 Block::stage);

const auto hold_statement_def = statement_of(awaited | messages | start[set_node], Block::hold);

const auto on_enter_statement_def = statement_of(messages | start[set_node], Block::on_enter);

const auto on_exit_statement_def = statement_of(messages, Block::on_exit);

const auto undo_statement_def = statement_of(awaited | messages, Block::undo);

const auto rollback_statement_def =
    statement_of(traffic[set_node] | ramp[set_node] | awaited | messages, Block::rollback);

const auto success_statement_def =
    statement_of(expect[set_node] | confirm[set_node] | within[set_node] | finish_traffic[set_node],
                 Block::success);

const auto hold_def = located(
    kw("hold") > duration[set<&ast::Hold::duration>] >>
    -(kw("and", "and … requests") > whole_number[set<&ast::Hold::requests>] > kw("requests")) >>
    -(kw("at", "at most") > kw("most") > duration[set<&ast::Hold::at_most>]) >>
    -block_of<&ast::Hold::block>(hold_statement));

const auto hold_until_def =
    located(kw("hold") >> kw("until") > name("an action")[set<&ast::HoldUntil::action>] >
            kw("at", "at most") > kw("most") > duration[set<&ast::HoldUntil::at_most>]);

const auto undo_def = located(kw("undo") > block_of<&ast::Undo::block>(undo_statement));

// `on` and `hold` have two continuations: the places where a keyword is read twice.
const auto on_enter_def =
    located(kw("on") >> kw("enter") > block_of<&ast::OnEnter::block>(on_enter_statement));
const auto on_exit_def =
    located(kw("on") > kw("exit") > block_of<&ast::OnExit::block>(on_exit_statement));

BOOST_SPIRIT_DEFINE(hold, hold_until, undo, on_enter, on_exit, require_statement, setup_statement,
                    stage_statement, hold_statement, on_enter_statement, on_exit_statement,
                    undo_statement, rollback_statement, success_statement)

}  // namespace

const auto require_def = located(kw("require") > block_of<&ast::Require::block>(require_statement));

const auto setup_def = located(kw("setup") > block_of<&ast::Setup::block>(setup_statement));

const auto stage_template_def =
    located(kw("template") > name("a template's name")[set<&ast::Template::name>] >
            block_of<&ast::Template::block>(stage_statement));

const auto stage_def = located(kw("stage") > name("a stage's name")[set<&ast::Stage::name>] >
                               -(kw("using") > name("a template")[set<&ast::Stage::base>]) >
                               block_of<&ast::Stage::block>(stage_statement));

const auto rollback_def =
    located(kw("rollback") > name("a rollback's name")[set<&ast::Rollback::name>] >
            block_of<&ast::Rollback::block>(rollback_statement));

const auto success_def = located(kw("success") > block_of<&ast::Success::block>(success_statement));

BOOST_SPIRIT_DEFINE(require, setup, stage_template, stage, rollback, success)

ROLLBOOK_INSTANTIATE(require)
ROLLBOOK_INSTANTIATE(setup)
ROLLBOOK_INSTANTIATE(stage_template)
ROLLBOOK_INSTANTIATE(stage)
ROLLBOOK_INSTANTIATE(rollback)
ROLLBOOK_INSTANTIATE(success)

}  // namespace rollbook::dsl::grammar
