#pragma once
// The AST of a runbook: what was written, in written order, each piece with its place. It knows
// the shape of every statement and the type of every literal, but no name is resolved and no
// template is expanded here (dsl/resolve does that).
//
// Everything is a value: copy it, compare it, keep it. A statement that could not be read, or is
// not supported yet, stands as ast::Error; its diagnostic is in the sink already, so later passes
// skip it and count its name as declared.
//
//   for (const auto* stage : ast::all<ast::Stage>(runbook.statements)) lower(*stage);

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dsl/ast_criterion.h"
#include "dsl/ast_frame.h"
#include "dsl/ast_leaves.h"
#include "engine/core/machine.h"
#include "engine/core/types.h"

namespace rollbook::dsl::ast {

// ---- Statements of bodies -----------------------------------------------------------------
// A body is that of require, setup, template, stage, hold, on enter, on exit, rollback, success.
// The grammar refuses a statement where it has no meaning, with the place it belongs to.

struct Statement;

struct Traffic {  // traffic [eu] 5% [within 10m] [irreversible]
  std::optional<Name> target;
  Number weight;  // a ratio, 0 to 1
  std::optional<Number> within;
  bool irreversible = false;  // once it was asked for there is no way back; so for all that acts
  Span span;
  bool operator==(const Traffic&) const = default;
};

struct Ramp {  // ramp traffic [eu] to 0% over 30m [every 1m] [within 5m] [irreversible]
  std::optional<Name> target;
  Number to;  // a ratio, 0 to 1
  Number over;
  std::optional<Number> every;
  std::optional<Number> within;  // of each step
  bool irreversible = false;
  Span span;
  bool operator==(const Ramp&) const = default;
};

struct Hold {  // hold 2h [and 1000 requests] [at most 3h] [{ … }]
  Number duration;
  std::optional<Number> requests;
  std::optional<Number> at_most;
  std::vector<Statement> block;  // run, checkpoint, notify, page, open, report, start
  Span span;
  bool operator==(const Hold&) const;
};

struct HoldUntil {  // hold until backfill at most 24h
  Name action;      // that was started before
  Number at_most;
  Span span;
  bool operator==(const HoldUntil&) const = default;
};

struct Run {  // run suite(phase: "x") [within 1h] [irreversible]
  Name action;
  std::vector<Argument> arguments;
  std::optional<Number> within;
  bool irreversible = false;
  Span span;
  bool operator==(const Run&) const = default;
};

struct Start {  // start trace_sampling(share: 10%) [irreversible]
  Name action;
  std::vector<Argument> arguments;
  bool irreversible = false;
  Span span;
  bool operator==(const Start&) const = default;
};

struct Checkpoint {  // checkpoint "pre-canary" [within 10m] [irreversible]
  Text name;
  std::optional<Number> within;
  bool irreversible = false;
  Span span;
  bool operator==(const Checkpoint&) const = default;
};

struct Notify {  // notify mail, status "text"
  std::vector<Name> channels;
  Text text;
  Span span;
  bool operator==(const Notify&) const = default;
};

struct Page {  // page oncall "text"
  std::vector<Name> channels;
  Text text;
  Span span;
  bool operator==(const Page&) const = default;
};

struct Open {  // open incident(severity: high)
  Name kind;
  std::vector<Argument> arguments;
  Span span;
  bool operator==(const Open&) const = default;
};

struct Report {  // report stage
  Name kind;
  Span span;
  bool operator==(const Report&) const = default;
};

struct OnEnter {                 // on enter { … }
  std::vector<Statement> block;  // notify, page, open, report, start: what does not wait
  Span span;
  bool operator==(const OnEnter&) const;
};

struct OnExit {                  // on exit { … }
  std::vector<Statement> block;  // notify, page, open, report
  Span span;
  bool operator==(const OnExit&) const;
};

struct Undo {                    // undo { … }
  std::vector<Statement> block;  // run, checkpoint, notify, page, open, report
  Span span;
  bool operator==(const Undo&) const;
};

struct Expect {           // [replace] expect [name:] error_rate < 0.1% over 5m [for 2m]
  bool replaces = false;  // the template's of that name, which is then there
  std::optional<Name> name;
  Criterion criterion;
  Span span;
  bool operator==(const Expect&) const = default;
};

struct Confirm {  // confirm "text" by role
  Text text;
  Quorum quorum;
  Span span;
  bool operator==(const Confirm&) const = default;
};

struct DecideUse {  // decide verdict
  Name decision;
  Span span;
  bool operator==(const DecideUse&) const = default;
};

struct Within {  // within 24h | within 24h otherwise … | otherwise …   (one of the two at least)
  std::optional<Number> duration;
  std::optional<Exit> otherwise;
  Span span;
  bool operator==(const Within&) const = default;
};

struct FinishTraffic {  // finish traffic [eu] 50%
  std::optional<Name> target;
  Number weight;  // a ratio, 0 to 1
  Span span;
  bool operator==(const FinishTraffic&) const = default;
};

struct Statement {
  std::variant<Error, Traffic, Ramp, Hold, HoldUntil, Run, Start, Checkpoint, Notify, Page, Open,
               Report, OnEnter, OnExit, Undo, Expect, Confirm, DecideUse, Within, FinishTraffic>
      node;
  Span span;
  bool operator==(const Statement&) const = default;
};

// ---- The runbook's own statements ---------------------------------------------------------

struct Title {  // title "…"
  Text text;
  Span span;
  bool operator==(const Title&) const = default;
};

struct Service {  // service "hal9"
  Text name;
  Span span;
  bool operator==(const Service&) const = default;
};

struct Arms {  // arms by label "system": baseline "flat", canary "hierarchical"
  Text label;
  Text baseline;
  Text canary;
  Span span;
  bool operator==(const Arms&) const = default;
};

struct Load {   // load 900/s peak[, 120/s trough]
  Number peak;  // a rate
  std::optional<Number> trough;
  Span span;
  bool operator==(const Load&) const = default;
};

struct Roles {  // role a, b, c
  std::vector<Name> names;
  Span span;
  bool operator==(const Roles&) const = default;
};

// counter | histogram [in ms] | gauge max, then the name on the wire and the clauses after it.
struct Measured {
  core::MetricKind kind = core::MetricKind::counter;
  core::GaugeFold fold = core::GaugeFold::last;  // gauges only
  Name selector;                                 // `hal9_errors_total`
  std::vector<core::LabelMatcher> matchers;      // patterns are valid RE2
  core::Fixed unit = core::Fixed::from_int(1);   // `in ms`: 0.001
  std::vector<Name> by;
  bool unsplit = false;
  bool default_zero = false;
  bool operator==(const Measured&) const = default;
};

// `errors / requests`.
struct Quotient {
  Name numerator;
  Name denominator;
  bool operator==(const Quotient&) const = default;
};

struct Metric {  // metric errors = counter hal9_errors_total by type default 0
  Name name;
  std::variant<Measured, Quotient> source;
  Span span;
  bool operator==(const Metric&) const = default;
};

struct Channel {  // channel mail = smtp("engineering@example.com")
  Name name;
  Name kind;
  std::vector<Argument> arguments;
  Span span;
  bool operator==(const Channel&) const = default;
};

struct Parameter {
  Name name;
  Type type = Type::text;
  Span span;
  bool operator==(const Parameter&) const = default;
};

struct Action {  // action trace_sampling(share: ratio) [idempotent]
  Name name;
  std::vector<Parameter> parameters;
  bool idempotent = false;  // a run of it that failed may be asked for again
  Span span;
  bool operator==(const Action&) const = default;
};

struct Target {  // target eu where region = "eu"
  Name name;
  Name label;
  Text value;
  Span span;
  bool operator==(const Target&) const = default;
};

struct BeginsTraffic {  // begins traffic [eu] 50%
  std::optional<Name> target;
  Number weight;  // a ratio, 0 to 1
  Span span;
  bool operator==(const BeginsTraffic&) const = default;
};

struct Require {                 // require { … }
  std::vector<Statement> block;  // expect, confirm, within
  Span span;                     // of the head, up to the brace; so for every block below
  bool operator==(const Require&) const = default;
};

struct Setup {                   // setup { … }
  std::vector<Statement> block;  // checkpoint, run, notify, page, open, report
  Span span;
  bool operator==(const Setup&) const = default;
};

struct BaselineFails {  // when baseline fails too halt
  Span keyword;
  Span span;
  bool operator==(const BaselineFails&) const = default;
};

// stop error_rate > 0.1% over 5m for 2m [at least 50 requests] [and …] [when baseline fails too …]
struct Stop {
  Criterion criterion;
  std::vector<Criterion> also;          // true at the same instant
  std::optional<BaselineFails> unless;  // of this stop; as a statement: of all stops of its guard
  Span span;
  bool operator==(const Stop&) const = default;
};

struct Otherwise {  // otherwise rollback automatic
  Exit exit;
  Span span;
  bool operator==(const Otherwise&) const = default;
};

struct PauseWhile {  // pause while error_rate > 0.05% over 5m
  Criterion criterion;
  Span span;
  bool operator==(const PauseWhile&) const = default;
};

struct GuardStatement {
  std::variant<Error, Stop, PauseWhile, BaselineFails, Otherwise> node;
  Span span;
  bool operator==(const GuardStatement&) const = default;
};

struct Guard {  // guard [always | eu] { … }
  bool always = false;
  std::optional<Name> target;
  std::vector<GuardStatement> block;
  Span span;
  bool operator==(const Guard&) const = default;
};

struct Template {  // template canary_stage { … }
  Name name;
  std::vector<Statement> block;  // as a stage's
  Span span;
  bool operator==(const Template&) const = default;
};

struct Stage {  // stage canary_5 [using canary_stage] { … }
  Name name;
  std::optional<Name> base;      // the template
  std::vector<Statement> block;  // all statements but `finish`
  Span span;
  bool operator==(const Stage&) const = default;
};

struct DecidedBy {  // by all of a, b
  Quorum quorum;
  Span span;
  bool operator==(const DecidedBy&) const = default;
};

struct Ask {  // ask mail, oncall[, remind every 4h]
  std::vector<Name> channels;
  std::optional<Number> remind_every;
  Span span;
  bool operator==(const Ask&) const = default;
};

// Where an option leads: `next [override]`, `extend 24h at most 2`, `rollback gradual`, `halt`.
struct Option {
  Name name;
  Text text;
  core::OptionKind kind = core::OptionKind::next;
  bool overrides = false;  // `next` only
  Number extend_by;        // `extend` only
  Number extend_at_most;   // `extend` only
  Name rollback;           // `rollback` only
  Span span;
  bool operator==(const Option&) const = default;
};

struct DecisionStatement {
  std::variant<Error, DecidedBy, Ask, Within, Option> node;
  Span span;
  bool operator==(const DecisionStatement&) const = default;
};

struct Decision {  // decide verdict { … }
  Name name;
  std::vector<DecisionStatement> block;
  Span span;
  bool operator==(const Decision&) const = default;
};

struct Rollback {  // rollback automatic { … }
  Name name;
  std::vector<Statement> block;  // traffic, ramp, run, checkpoint, notify, page, open, report
  Span span;
  bool operator==(const Rollback&) const = default;
};

struct Success {                 // success { … }
  std::vector<Statement> block;  // expect, confirm, within, finish
  Span span;
  bool operator==(const Success&) const = default;
};

struct RunbookStatement {
  std::variant<Error, Title, Service, Arms, Load, Roles, Metric, Channel, Action, Param, Target,
               AdvanceOnly, After, BeginsTraffic, FinishTraffic, Require, Setup, Guard, Template,
               Stage, Decision, Rollback, Success>
      node;
  Span span;
  bool operator==(const RunbookStatement&) const = default;
};

struct Runbook {
  std::uint32_t edition = 1;
  Name name;  // "" when the header could not be read
  std::vector<RunbookStatement> statements;
  Span span;  // of the header: `runbook hal9_canary`
  bool operator==(const Runbook&) const = default;
};

inline bool Hold::operator==(const Hold&) const = default;
inline bool OnEnter::operator==(const OnEnter&) const = default;
inline bool OnExit::operator==(const OnExit&) const = default;
inline bool Undo::operator==(const Undo&) const = default;

// The statements of one kind, in written order; pointers into `statements`.
template <class Node, class AnyStatement>
std::vector<const Node*> all(const std::vector<AnyStatement>& statements) {
  std::vector<const Node*> found;
  for (const AnyStatement& statement : statements)
    if (const auto* node = std::get_if<Node>(&statement.node)) found.push_back(node);
  return found;
}

// One statement a line, indented, without places: for tests and for people.
std::string print(const Runbook& runbook);

}  // namespace rollbook::dsl::ast
