#pragma once
// The rules that more than one grammar*.cc uses: declared here, defined and instantiated where
// the comment says. Included by dsl/grammar*.cc only.

#include "dsl/grammar_actions.h"

namespace rollbook::dsl::grammar {

// One rule: its id (which says what happens on success and on error) and its node.
#define ROLLBOOK_RULE(rule_name, Base, Node)               \
  struct rule_name##_id : Base {};                         \
  using rule_name##_type = x3::rule<rule_name##_id, Node>; \
  inline const rule_name##_type rule_name{#rule_name};     \
  BOOST_SPIRIT_DECLARE(rule_name##_type)

#define ROLLBOOK_INSTANTIATE(rule_name) BOOST_SPIRIT_INSTANTIATE(rule_name##_type, Cursor, Context)

// grammar_criterion.cc
ROLLBOOK_RULE(criterion, Plain, ast::Criterion)
ROLLBOOK_RULE(measured_value, Plain, ast::Expression)

// grammar_judge.cc
ROLLBOOK_RULE(judge, Plain, ast::Judge)

// grammar_review.cc
ROLLBOOK_RULE(exit_phrase, Plain, ast::Exit)
ROLLBOOK_RULE(quorum, Plain, ast::Quorum)
ROLLBOOK_RULE(within, Plain, ast::Within)
ROLLBOOK_RULE(expect, Plain, ast::Expect)
ROLLBOOK_RULE(replace_expect, Plain, ast::Expect)
ROLLBOOK_RULE(baseline_fails, Plain, ast::BaselineFails)
ROLLBOOK_RULE(stop, Plain, ast::Stop)
ROLLBOOK_RULE(confirm, Plain, ast::Confirm)
ROLLBOOK_RULE(decide_use, Plain, ast::DecideUse)
ROLLBOOK_RULE(finish_traffic, Plain, ast::FinishTraffic)

// grammar_acts.cc
ROLLBOOK_RULE(argument, Plain, ast::Argument)
ROLLBOOK_RULE(traffic, Plain, ast::Traffic)
ROLLBOOK_RULE(ramp, Plain, ast::Ramp)
ROLLBOOK_RULE(run, Plain, ast::Run)
ROLLBOOK_RULE(start, Plain, ast::Start)
ROLLBOOK_RULE(checkpoint, Plain, ast::Checkpoint)
ROLLBOOK_RULE(notify, Plain, ast::Notify)
ROLLBOOK_RULE(page, Plain, ast::Page)
ROLLBOOK_RULE(open_record, Plain, ast::Open)
ROLLBOOK_RULE(report, Plain, ast::Report)

// grammar_declarations.cc
ROLLBOOK_RULE(title, Plain, ast::Title)
ROLLBOOK_RULE(service, Plain, ast::Service)
ROLLBOOK_RULE(arms, Plain, ast::Arms)
ROLLBOOK_RULE(load, Plain, ast::Load)
ROLLBOOK_RULE(roles, Plain, ast::Roles)
ROLLBOOK_RULE(metric, Plain, ast::Metric)
ROLLBOOK_RULE(channel, Plain, ast::Channel)
ROLLBOOK_RULE(action_declaration, Plain, ast::Action)
ROLLBOOK_RULE(target, Plain, ast::Target)

// grammar_frame.cc
ROLLBOOK_RULE(param, Plain, ast::Param)
ROLLBOOK_RULE(advance_only, Plain, ast::AdvanceOnly)
ROLLBOOK_RULE(after_runbook, Plain, ast::After)

// grammar_bodies.cc
ROLLBOOK_RULE(require, Plain, ast::Require)
ROLLBOOK_RULE(setup, Plain, ast::Setup)
ROLLBOOK_RULE(stage_template, Plain, ast::Template)
ROLLBOOK_RULE(stage, Plain, ast::Stage)
ROLLBOOK_RULE(rollback, Plain, ast::Rollback)
ROLLBOOK_RULE(success, Plain, ast::Success)

// grammar_guard.cc
ROLLBOOK_RULE(guard, Plain, ast::Guard)
ROLLBOOK_RULE(decision, Plain, ast::Decision)

}  // namespace rollbook::dsl::grammar
