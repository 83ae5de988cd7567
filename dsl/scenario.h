#pragma once
// What a `*.scenario` says: the AST of the second language of this folder. It shares the lexer
// with runbooks; docs/scenarios.md is its reference. Names are checked against a machine later
// (tools/scenario/script.h), so that a file can be read without its runbook.
//
//   scenario "an error spike rolls back" for "hal9-canary.runbook" {
//     series healthy at 900/s
//     errors 2% from 27h
//     at every question answer yes
//     within 3m of 27h expect state rollback.automatic
//   }

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dsl/ast_leaves.h"
#include "dsl/diagnostics.h"
#include "engine/core/command.h"
#include "engine/core/event.h"

namespace rollbook::dsl::scenario {

using ast::Name;
using ast::Span;
using ast::Text;

// `27h`, or `stage canary_25 + 1h`: counted from the first shift of that stage.
struct Moment {
  std::string stage;  // "": the start of the rollout
  core::Duration after{};
  Span span;
};

// ---- What was before ------------------------------------------------------------------------

// `given runbook "hal9_canary" succeeded`: the service's last rollout of it.
struct Predecessor {
  Name runbook;
  Span span;
};

// `given param limit = 2%`: as `rollbook start --param` takes it.
struct GivenParam {
  Name name;
  std::string value;
  Span span;
};

// ---- What the service sends ---------------------------------------------------------------

struct Quantile {
  core::Fixed at;  // 0.99
  core::Duration value{};
};

// What a series shows from a moment on.
struct Level {
  enum class Kind : std::uint8_t {
    rate,       // `5/s`: counters
    share,      // `2%`: counters, of the requests of the series' arm; gauges: the value
    value,      // `40`, `64KiB`, `30s`: gauges
    latencies,  // `p50 8ms p99 12ms [at 90/s]`: histograms
    silent,
  };
  Kind kind = Kind::silent;
  core::Fixed number;                       // rate (per second), share, value
  std::vector<Quantile> quantiles;          // both rising
  std::optional<core::Fixed> observations;  // a second; else as many as its arm has requests
  Span span;
};

struct Phase {
  Level level;
  std::optional<Moment> until;  // all but the last have one
};

struct Series {
  Name name;
  std::vector<std::pair<std::string, std::string>> labels;  // sorted
  std::vector<Phase> phases;
  Span span;
};

// `series healthy at 900/s [trough 120/s]`
struct Healthy {
  std::int64_t peak = 0;    // requests a second of all arms
  std::int64_t trough = 0;  // the same, unless it was said
  Span span;
};

// ---- What goes wrong ------------------------------------------------------------------------

// As `rollbook sandbox --fault` takes it.
struct Fault {
  std::string text;
  Span span;
};

// `engine away from 27h for 10m`, `bus away from 27h until 28h`
struct Away {
  bool engine = true;  // else the bus
  Moment from;
  std::optional<Moment> until;
  core::Duration lasts{};
  Span span;
};

// ---- What people do -------------------------------------------------------------------------

// `at every question answer yes`, `at question "No complaints" answer no, yes after 10m`. The nth
// time a question is asked it gets the nth word, and the last from then on.
struct Answering {
  std::optional<Text> question;  // none: every one that no other rule names
  std::vector<Name> words;       // yes, no, nothing, or an option
  std::vector<Name> roles;       // who answers; empty: as many as it needs
  core::Duration after{};
  Span span;
};

// `at 26h pause for 1h`
struct Act {
  Moment at;
  core::Verb verb = core::Verb::pause;
  std::optional<Text> item;  // confirm
  Name option;               // decide
  bool yes = true;           // confirm
  std::optional<Name> role;
  std::string actor = "maria";
  std::string because;                     // `{reason}` in messages
  std::optional<core::Duration> duration;  // pause, extend, rollback
  core::RollbackHow how = core::RollbackHow::immediate;
  std::optional<Name> target;                           // rollback
  core::Weight to = core::kNoTraffic;                   // rollback
  core::EffectKind effect = core::EffectKind::traffic;  // settle: the last of that kind
  bool succeeded = true;
  bool rejected = false;  // it must be
  std::string reason;     // of the rejection; "": any
  std::string text;       // as written, for messages
  Span span;
};

// ---- What is expected -----------------------------------------------------------------------

struct StateExpected {
  std::string name;  // canary_10, canary_10.hold, rollback.automatic
};
struct VerdictExpected {
  std::string criterion;  // its id, or its text as the runbook has it
  core::Verdict verdict = core::Verdict::fail;
};
struct EffectExpected {
  core::EffectKind kind = core::EffectKind::notify;
  std::string name;                    // channel, action, checkpoint; "": any
  std::optional<Name> target;          // traffic
  std::optional<core::Weight> weight;  // traffic
};
struct OutcomeExpected {
  core::Outcome outcome = core::Outcome::succeeded;
};
struct WeightExpected {  // settled
  std::optional<Name> target;
  core::Weight weight;
};
struct QuestionExpected {
  std::string item;
};

// `halted` or `paused`: from then on until somebody resumes, or it goes another way.
struct StandingExpected {
  bool halted = false;
};
// `start rejected [REASON]`
struct RefusalExpected {
  std::string reason;  // "": any
};

struct Expectation {
  enum class When : std::uint8_t {
    ever,    // `expect …`: at some time
    never,   // `never expect …`
    at,      // `at T expect …`: what is so then, or has happened by then
    within,  // `within D of T expect …`: at some time in [T, T + D]
  };
  When when = When::ever;
  Moment at;
  core::Duration within{};
  std::variant<StateExpected, VerdictExpected, EffectExpected, OutcomeExpected, WeightExpected,
               QuestionExpected, StandingExpected, RefusalExpected>
      what;
  Span what_span;    // of what is named
  std::string text;  // as written
  Span span;
};

struct Scenario {
  Text title;
  Text runbook;
  std::vector<Predecessor> predecessors;
  std::vector<GivenParam> params;
  std::optional<Healthy> healthy;
  std::vector<Series> series;
  std::vector<Fault> faults;
  std::vector<Away> aways;
  std::vector<Answering> answers;
  std::vector<Act> acts;
  std::vector<Expectation> expectations;
  std::optional<Moment> end;  // `end at 50h`; else when the rollout has ended
  Span span;                  // of its first line
};

// Reads as much as it can and reports several errors in one run; never fails for any bytes. What
// is returned may be run only when the sink has no error.
std::vector<Scenario> parse(const std::string& text, Sink& sink);

}  // namespace rollbook::dsl::scenario
