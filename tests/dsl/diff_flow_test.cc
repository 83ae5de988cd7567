// diff of several guards, tests, halts, and what is undone or cannot be: each change has words of
// its own, none is cosmetic.

#include <gtest/gtest.h>

#include "dsl/diff.h"
#include "tests/dsl/compiling.h"

namespace rollbook::dsl {
namespace {

std::string said(const std::string& before, const std::string& after) {
  const auto first = compile(before);
  const auto second = compile(after);
  EXPECT_TRUE(first.plan) << findings(before);
  EXPECT_TRUE(second.plan) << findings(after);
  if (!first.plan || !second.plan) return "";
  std::string lines;
  for (const Change& change : diff(*first.plan, *second.plan)) {
    lines +=
        std::string(to_string(change.bearing)) + " " + change.where + ": " + change.what + "\n";
  }
  return lines;
}

constexpr const char* kHalting =
    "  guard {\n    stop queue > 5000 over 1m\n    otherwise halt\n  }";

Runbook halting() { return Runbook().after("  action suite(phase: text)", kHalting); }

// A stage's statements in front of what `first` looks at.
Runbook with_expect(const std::string& line) {
  return Runbook().after("    expect error_rate < 0.5% over 5m", "    " + line);
}

struct Case {
  const char* name;
  Runbook before;
  Runbook after;
  const char* there;  // before → after
  const char* back;   // after → before
};

void expect_said(const std::vector<Case>& cases) {
  for (const Case& test : cases) {
    EXPECT_EQ(said(test.before, test.after), test.there) << test.name;
    EXPECT_EQ(said(test.after, test.before), test.back) << test.name << ", undone";
  }
}

TEST(DiffGuards, AreMatchedByWhereTheyLead) {
  expect_said({
      {"a guard that halts", Runbook(), halting(),
       "strengthens guard: another one added, otherwise halt\n", "weakens guard: removed\n"},
      {"a stop of the one that halts", halting(), halting().with("queue > 5000", "queue > 9000"),
       "weakens guard: `queue > 5000 over 1m` → `queue > 9000 over 1m`\n",
       "strengthens guard: `queue > 9000 over 1m` → `queue > 5000 over 1m`\n"},
      {"a halt instead of a rollback", Runbook(),
       Runbook().with("3m\n    otherwise rollback automatic", "3m\n    otherwise halt"),
       "weakens guard: otherwise rollback automatic → halt\n",
       "strengthens guard: otherwise halt → rollback automatic\n"},
      {"armed from the start", Runbook(), Runbook().with("  guard {", "  guard always {"),
       "strengthens guard: armed with the first shift → from the start\n",
       "weakens guard: armed from the start → with the first shift\n"},
      {"a softer limit", Runbook(),
       Runbook().after("    stop queue > 1000 over 5m", "    pause while queue > 800 over 5m"),
       "strengthens guard: pause while `queue > 800 over 5m` added\n",
       "weakens guard: pause while `queue > 800 over 5m` removed\n"},
      {"a softer limit that is looser",
       Runbook().after("    stop queue > 1000 over 5m", "    pause while queue > 800 over 5m"),
       Runbook().after("    stop queue > 1000 over 5m", "    pause while queue > 900 over 5m"),
       "weakens guard: `queue > 800 over 5m` → `queue > 900 over 5m`\n",
       "strengthens guard: `queue > 900 over 5m` → `queue > 800 over 5m`\n"},
  });
}

TEST(DiffGuards, AStopOfSeveralConditionsIsOne) {
  const std::string single = "stop queue > 1000 over 5m";
  const std::string both = "stop queue > 1000 over 5m and error_rate > 0.5% over 1h";
  const std::string looser = "stop queue > 1000 over 5m and error_rate > 0.6% over 1h";
  expect_said({
      {"a condition more", Runbook(), Runbook().with(single, both),
       "weakens guard: stop `queue > 1000 over 5m` removed\n"
       "strengthens guard: stop `queue > 1000 over 5m and error_rate > 0.5% over 1h` added\n",
       "strengthens guard: stop `queue > 1000 over 5m` added\n"
       "weakens guard: stop `queue > 1000 over 5m and error_rate > 0.5% over 1h` removed\n"},
      {"one of two looser", Runbook().with(single, both), Runbook().with(single, looser),
       "weakens guard: `error_rate > 0.5% over 1h` → `error_rate > 0.6% over 1h`\n",
       "strengthens guard: `error_rate > 0.6% over 1h` → `error_rate > 0.5% over 1h`\n"},
  });
}

TEST(DiffCriteria, TestsAndOtherArmsHaveTheirOwnNumbers) {
  const auto stop = [](const std::string& how) {
    return Runbook().with("stop error_rate > 1% over 5m", "stop error_rate > 1% " + how);
  };
  const std::string arms = "expect canary.p99(latency) <= baseline.p99(latency) * ";
  expect_said({
      {"a test instead of a window", stop("over 5m"), stop("with confidence 99%"),
       "weakens guard: `error_rate > 1% over 5m` → `error_rate > 1% with confidence 99%`: decided "
       "in another way\n",
       "weakens guard: `error_rate > 1% with confidence 99%` → `error_rate > 1% over 5m`: decided "
       "in another way\n"},
      {"more confidence before it stops", stop("with confidence 99%"),
       stop("with confidence 99.9%"),
       "weakens guard: `error_rate > 1% with confidence 99%` → `error_rate > 1% with confidence "
       "99.9%`\n",
       "strengthens guard: `error_rate > 1% with confidence 99.9%` → `error_rate > 1% with "
       "confidence 99%`\n"},
      {"a looser factor", with_expect(arms + "105% over 1h"), with_expect(arms + "110% over 1h"),
       "weakens stage `first`: `canary.p99(latency) <= baseline.p99(latency) * 105% over 1h` → "
       "`canary.p99(latency) <= baseline.p99(latency) * 110% over 1h`\n",
       "strengthens stage `first`: `canary.p99(latency) <= baseline.p99(latency) * 110% over 1h` "
       "→ `canary.p99(latency) <= baseline.p99(latency) * 105% over 1h`\n"},
      {"a wider tolerance",
       with_expect("expect error_rate unchanged from previous 8h by at most 2%"),
       with_expect("expect error_rate unchanged from previous 8h by at most 3%"),
       "weakens stage `first`: `error_rate unchanged from previous 8h by at most 2%` → `error_rate "
       "unchanged from previous 8h by at most 3%`\n",
       "strengthens stage `first`: `error_rate unchanged from previous 8h by at most 3%` → "
       "`error_rate unchanged from previous 8h by at most 2%`\n"},
      {"another past", with_expect("expect error_rate unchanged from previous 8h by at most 2%"),
       with_expect("expect error_rate unchanged from previous 4h by at most 2%"),
       "weakens stage `first`: `error_rate unchanged from previous 8h by at most 2%` → `error_rate "
       "unchanged from previous 4h by at most 2%`: another window judges other data\n",
       "weakens stage `first`: `error_rate unchanged from previous 4h by at most 2%` → `error_rate "
       "unchanged from previous 8h by at most 2%`: another window judges other data\n"},
      {"the split of the traffic", Runbook(), with_expect("expect traffic split as planned"),
       "strengthens stage `first`: expect `traffic split as planned` added\n",
       "weakens stage `first`: expect `traffic split as planned` removed\n"},
  });
}

TEST(DiffSteps, WhatIsUndoneHeldAndIrreversibleIsCompared) {
  const std::string run = "    run suite(phase: \"first\")\n";
  const auto hold = [](const std::string& how) {
    return Runbook().with("    hold 2h\n", "    hold 2h" + how + "\n");
  };
  const auto until = [](const std::string& most) {
    return Runbook().with(
        "    hold 2h\n",
        "    start suite(phase: \"x\")\n    hold until suite at most " + most + "\n    hold 2h\n");
  };
  // With a guard that goes on watching, and no way back behind the step.
  const Runbook late = halting().with("    hold 2h\n",
                                      "    hold 2h\n    run suite(phase: \"drop\") within 1h\n"
                                      "    expect queue < 5 over 5m\n    otherwise halt\n");
  expect_said({
      {"what a stage undoes", Runbook(),
       Runbook().after("    hold 2h", "    undo { run suite(phase: \"undo\") }"),
       "weakens stage `second`, undo: `run suite(phase: undo)` is waited for before traffic goes "
       "back\n"
       "weakens stage `second`, undo: `run suite(phase: undo)` added, which the plan before does "
       "nowhere\n",
       "weakens stage `second`, undo: `run suite(phase: undo)` removed\n"},
      {"a notice of it", Runbook(),
       Runbook().after("    hold 2h", "    undo { notify mail \"x\" }"),
       "strengthens stage `second`, undo: `notify mail` added\n",
       "weakens stage `second`, undo: `notify mail` removed\n"},
      {"requests that a hold needs", hold(""), hold(" and 5000 requests"),
       "strengthens stage `second`: hold for 5000 requests added\n",
       "weakens stage `second`: hold for 5000 requests removed\n"},
      {"more of them", hold(" and 5000 requests"), hold(" and 6000 requests"),
       "strengthens stage `second`: hold for 5000 requests → 6000 requests\n",
       "weakens stage `second`: hold for 6000 requests → 5000 requests\n"},
      {"how long a hold waits for an action", until("4h"), until("6h"),
       "weakens stage `second`: hold until suite at most 4h → 6h\n",
       "strengthens stage `second`: hold until suite at most 6h → 4h\n"},
      {"a step that cannot be taken back", late,
       Runbook(late).with("within 1h\n    expect", "within 1h irreversible\n    expect"),
       "weakens stage `second`: `run suite(phase: drop)` is irreversible\n",
       "weakens stage `second`: `run suite(phase: drop)` is not irreversible any more\n"},
      {"what is started and cannot be taken back",
       Runbook(late).with("    run suite(phase: \"drop\") within 1h\n",
                          "    notify mail \"x\"\n    start suite(phase: \"drop\")\n"),
       Runbook(late).with("    run suite(phase: \"drop\") within 1h\n",
                          "    notify mail \"x\"\n    start suite(phase: \"drop\") irreversible\n"),
       "weakens stage `second`: `start suite(phase: drop)` is irreversible\n",
       "weakens stage `second`: `start suite(phase: drop)` is not irreversible any more\n"},
      {"what is started on entry and cannot be taken back",
       Runbook(late).after("  stage second {", "    on enter { start suite(phase: \"drop\") }"),
       Runbook(late).after("  stage second {",
                           "    on enter { start suite(phase: \"drop\") irreversible }"),
       "weakens stage `second`, on enter: `start suite(phase: drop)` is irreversible\n",
       "weakens stage `second`, on enter: `start suite(phase: drop)` is not irreversible any "
       "more\n"},
      {"a step beside the hold", Runbook(),
       Runbook().with(run, "").with("    hold 1h\n",
                                    "    hold 1h {\n      run suite(phase: \"first\")\n    }\n"),
       "weakens stage `first`: `run suite(phase: first)` removed\n"
       "strengthens stage `first`: `run suite(phase: first) beside the hold` added\n",
       "weakens stage `first`: `run suite(phase: first) beside the hold` removed\n"
       "strengthens stage `first`: `run suite(phase: first)` added\n"},
      {"a step before the shift", Runbook(),
       Runbook().with(run, "").with("    traffic 10%\n", run + "    traffic 10%\n"),
       "weakens stage `first`: steps come in another order\n",
       "weakens stage `first`: steps come in another order\n"},
      {"a shift that may take longer", Runbook(),
       Runbook().with("    traffic 10%\n", "    traffic 10% within 20m\n"),
       "weakens stage `first`: deadline of the shift 5m → 20m\n",
       "strengthens stage `first`: deadline of the shift 20m → 5m\n"},
      {"an action that is tried again", Runbook(),
       Runbook().with("action suite(phase: text)", "action suite(phase: text) idempotent"),
       "weakens stage `first`: what failed is tried again: its action is idempotent\n",
       "strengthens stage `first`: what failed is not tried again: its action is not "
       "idempotent\n"},
  });
}

TEST(DiffPeople, AnOverrideWeakensAndAHaltIsAWayOut) {
  const std::string go = "option go \"Go on\" next";
  expect_said({
      {"next override", Runbook(), Runbook().with(go, go + " override"),
       "weakens decide `verdict`: option `go` → option `go` (next override)\n",
       "strengthens decide `verdict`: option `go` (next override) → option `go`\n"},
      {"an option that halts", Runbook(),
       Runbook().after("    " + go, "    option wait \"Wait\" halt"),
       "strengthens decide `verdict`: option `wait` (halt) added\n",
       "weakens decide `verdict`: option `wait` (halt) removed\n"},
      {"a halt when nobody answers", Runbook(),
       Runbook().with("within 1h otherwise rollback automatic", "within 1h otherwise halt"),
       "weakens decide `verdict`: otherwise rollback automatic → halt\n",
       "strengthens decide `verdict`: otherwise halt → rollback automatic\n"},
  });
}

TEST(DiffFrame, SurroundingsAreCompared) {
  const auto line = [](const std::string& text) {
    return Runbook().after("  service \"shop\"", "  " + text);
  };
  const std::string hours = "advance only Mon-Fri 09:00-17:00 \"Europe/Berlin\"";
  expect_said({
      {"hours of a calendar", Runbook(), line(hours),
       "strengthens runbook: advance only Mon-Fri 09:00-17:00 \"Europe/Berlin\" added\n",
       "weakens runbook: advance only Mon-Fri 09:00-17:00 \"Europe/Berlin\" removed\n"},
      {"other hours", line(hours), line("advance only Mon-Fri 09:00-18:00 \"Europe/Berlin\""),
       "weakens runbook: advance only Mon-Fri 09:00-17:00 \"Europe/Berlin\" → Mon-Fri 09:00-18:00 "
       "\"Europe/Berlin\"\n",
       "weakens runbook: advance only Mon-Fri 09:00-18:00 \"Europe/Berlin\" → Mon-Fri 09:00-17:00 "
       "\"Europe/Berlin\"\n"},
      {"what goes before", Runbook(), line("after runbook shop_shadow"),
       "strengthens runbook: after runbook `shop_shadow` added\n",
       "weakens runbook: after runbook `shop_shadow` removed\n"},
      {"where a channel leads", Runbook(),
       Runbook().with("smtp(\"a@example.com\")", "smtp(\"b@example.com\")"),
       "weakens channel `mail`: `channel mail = smtp(\"a@example.com\")` → `channel mail = "
       "smtp(\"b@example.com\")`\n",
       "weakens channel `mail`: `channel mail = smtp(\"b@example.com\")` → `channel mail = "
       "smtp(\"a@example.com\")`\n"},
      {"the range of a parameter",
       line("param limit: ratio = 1% from 0.1% to 1%").with("> 1% over", "> limit over"),
       line("param limit: ratio = 1% from 0.1% to 5%").with("> 1% over", "> limit over"),
       "weakens parameter `limit`: `param limit: ratio = 1% from 0.1% to 1%` → `param limit: ratio "
       "= 1% from 0.1% to 5%`\n",
       "weakens parameter `limit`: `param limit: ratio = 1% from 0.1% to 5%` → `param limit: ratio "
       "= 1% from 0.1% to 1%`\n"},
  });
}

}  // namespace
}  // namespace rollbook::dsl
