// diff: two versions of a plan, what is said of them, and planted faults that it calls weakening.

#include "dsl/diff.h"

#include <gtest/gtest.h>

#include "tests/dsl/diffing.h"

namespace rollbook::dsl {
namespace {

std::string said(const std::string& before, const std::string& after) {
  return said(changes(before, after));
}

TEST(Diff, TheSamePlanHasNoDifference) { EXPECT_EQ(said(Runbook(), Runbook()), ""); }

struct Case {
  const char* name;
  Runbook after;
  const char* expected;
};

// Each undone is the opposite: what weakens one way strengthens the other.
TEST(Diff, SaysWhatHasChanged) {
  const Case cases[] = {
      {"a comment", Runbook().after("  service \"shop\"", "  # of the shop"),
       "cosmetic runbook: worded in another way\n"},
      {"a limit written otherwise", Runbook().with("> 1% over", "> 1.0% over"),
       "cosmetic guard: `error_rate > 1% over 5m` → `error_rate > 1.0% over 5m`\n"},
      {"a title", Runbook().after("  service \"shop\"", "  title \"The shop\""),
       "cosmetic runbook: another title\n"},
      {"a message", Runbook().with("\"Back: {cause}\"", "\"Rolled back: {cause}\""),
       "cosmetic rollback `automatic`: messages are worded in another way\n"},
      {"a metric for later",
       Runbook().after("  metric queue      = gauge max queue_length",
                       "  metric more       = counter more_total"),
       "cosmetic runbook: worded in another way\n"},
      {"stops in another order",
       Runbook()
           .with("    stop error_rate > 1% over 5m\n", "")
           .after("    stop queue > 1000 over 5m", "    stop error_rate > 1% over 5m"),
       "cosmetic runbook: worded in another way\n"},
      {"roles in another order", Runbook().with("by all of lead, owner", "by all of owner, lead"),
       "cosmetic runbook: worded in another way\n"},
      {"a tighter stop", Runbook().with("> 1% over", "> 0.8% over"),
       "strengthens guard: `error_rate > 1% over 5m` → `error_rate > 0.8% over 5m`\n"},
      {"another stop",
       Runbook().after("    stop queue > 1000 over 5m", "    stop p50(latency) > 20ms over 5m"),
       "strengthens guard: stop `p50(latency) > 20ms over 5m` added\n"},
      {"a longer hold", Runbook().with("hold 2h", "hold 3h"),
       "strengthens stage `second`: hold 2h → 3h\n"},
      {"another signer", Runbook().with("\"Fine\" by lead", "\"Fine\" by all of lead, owner"),
       "strengthens stage `first`: confirm \"Fine\" by lead → by all of lead, owner\n"},
      {"a lower weight",
       Runbook()
           .with("traffic 50%\n", "traffic 40%\n")
           .with("finish traffic 50%", "finish traffic 40%"),
       "strengthens stage `second`: traffic 50% → 40%\n"},
      {"a stage more",
       Runbook().with("  stage second {",
                      "  stage between {\n    traffic 20%\n    hold 1h\n  }\n"
                      "  stage second {"),
       "strengthens stage `between`: added\n"},
      {"another window", Runbook().with("error_rate > 1% over 5m", "error_rate > 1% over 10m"),
       "weakens guard: `error_rate > 1% over 5m` → `error_rate > 1% over 10m`: another window "
       "judges other data\n"},
      {"another service", Runbook().with("service \"shop\"", "service \"mall\""),
       "weakens runbook: another service: `shop` → `mall`\n"},
      {"another series", Runbook().with("counter   requests_total", "counter   other_total"),
       "weakens metric `requests`: measures something else\n"},
      {"people instead of a rollback",
       Runbook()
           .with("within 2h otherwise decide verdict", "within 2h otherwise rollback automatic")
           .after("    hold 2h", "    decide verdict\n    within 1h otherwise rollback automatic"),
       "strengthens stage `first`: otherwise decide verdict → rollback automatic\n"
       "strengthens stage `second`: decide `verdict` added\n"},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(said(Runbook(), test.after), test.expected) << test.name;
    for (const Change& change : changes(test.after, Runbook())) {
      const bool was_cosmetic = std::string_view(test.expected).starts_with("cosmetic");
      if (was_cosmetic) {
        EXPECT_EQ(change.bearing, Bearing::cosmetic) << test.name;
      }
      if (std::string_view(test.expected).starts_with("strengthens")) {
        EXPECT_EQ(change.bearing, Bearing::weakens) << test.name;
      }
    }
  }
}

// ---- Planted faults ---------------------------------------------------------------------------

// A change that makes a plan less safe: either no plan at all, or one that diff calls weaker.
struct Planted {
  const char* name;
  Runbook after;
  const char* caught;  // by check: a code; by diff: its line
};

TEST(Planted, EveryFaultIsCaught) {
  const Planted faults[] = {
      {"a guard looser by ten", Runbook().with("> 1% over", "> 10% over"),
       "weakens guard: `error_rate > 1% over 5m` → `error_rate > 10% over 5m`"},
      {"a missing exit", Runbook().with("    within 2h otherwise decide verdict\n", ""), "RB0502"},
      {"swapped stages",
       Runbook()
           .with("stage first", "stage third")
           .with("stage second", "stage first")
           .with("stage third", "stage second"),
       "weakens stage `first`: the stages come in another order"},
      {"swapped weights", Runbook().with("traffic 10%", "traffic 60%"), "RB0504"},
      {"a shorter hold", Runbook().with("hold 2h", "hold 20m"),
       "weakens stage `second`: hold 2h → 20m"},
      {"fewer signers", Runbook().with("by all of lead, owner", "by any of lead, owner"),
       "weakens decide `verdict`: decided by all of lead, owner → by any of lead, owner"},
      {"silence no longer stops", Runbook().with("    stop absent(requests) for 3m\n", ""),
       "weakens guard: stop `absent(requests) for 3m` removed"},
      {"a stop that waits longer",
       Runbook().with("queue > 1000 over 5m", "queue > 1000 over 5m for 30m"),
       "weakens guard: `queue > 1000 over 5m` → `queue > 1000 over 5m for 30m`"},
      {"a stop that needs more requests",
       Runbook().with("error_rate > 1% over 5m", "error_rate > 1% over 5m at least 90000 requests"),
       "weakens guard: `error_rate > 1% over 5m` → `error_rate > 1% over 5m at least 90000 "
       "requests`"},
      {"a stop that is gone", Runbook().with("    stop p99(latency) > 50ms over 5m\n", ""),
       "weakens guard: stop `p99(latency) > 50ms over 5m` removed"},
      {"a looser gate", Runbook().with("error_rate < 0.5%", "error_rate < 0.9%"),
       "weakens stage `first`: `error_rate < 0.5% over 5m` → `error_rate < 0.9% over 5m`"},
      {"more traffic at once", Runbook().with("traffic 10%", "traffic 45%"),
       "weakens stage `first`: traffic 10% → 45%"},
      {"a rollback that takes an hour",
       Runbook().with("    traffic 0%\n", "    ramp traffic to 0% over 1h\n"),
       "weakens rollback `automatic`: traffic 0% → 0% over 1h"},
      {"a rollback that waits",
       Runbook().with("    traffic 0%\n", "    run suite(phase: \"drain\")\n    traffic 0%\n"),
       "weakens rollback `automatic`: waits for something before traffic goes back"},
      {"nobody is paged", Runbook().with("    page oncall \"Back: {cause}\"\n", ""),
       "weakens rollback `automatic`: `page oncall` removed"},
      {"a test that is not run", Runbook().with("    run suite(phase: \"first\")\n", ""),
       "weakens stage `first`: `run suite(phase: first)` removed"},
      {"a sign-off that is gone", Runbook().with("    confirm \"Fine\" by lead\n", ""),
       "weakens stage `first`: confirm \"Fine\" removed"},
      {"more time to decide",
       Runbook().with("within 1h otherwise rollback", "within 9h otherwise rollback"),
       "weakens decide `verdict`: within 1h → 9h"},
      {"a way out that is gone",
       Runbook().with("    option back \"Go back\" rollback automatic\n", ""),
       "weakens decide `verdict`: option `back` removed"},
      {"a stage that is gone",
       Runbook()
           .with("  stage second {\n    traffic 50%\n    hold 2h\n  }\n", "")
           .with("finish traffic 50%", "finish traffic 10%"),
       "weakens stage `second`: removed"},
      {"no guard", Runbook().with("3m\n    otherwise rollback automatic", "3m"), "RB0502"},
      {"a start that cannot be taken back, and nobody halts",
       Runbook().with("    hold 2h\n", "    start suite(phase: \"x\") irreversible\n    hold 2h\n"),
       "RB0532"},
      {"a gate of two conditions in one",
       Runbook().with("error_rate < 0.5% over 5m",
                      "error_rate < 0.5% over 5m and queue < 9 over 5m"),
       "RB0907"},
  };
  for (const Planted& fault : faults) {
    const runtime::Compiled compiled = compile(fault.after);
    const std::string what = compiled.plan ? said(Runbook(), fault.after) : errors(fault.after);
    EXPECT_NE(what.find(fault.caught), std::string::npos)
        << fault.name << "\nexpected " << fault.caught << "\nsaid " << what;
  }
}

// The same in a plan with what few plans have.
TEST(Planted, AFaultInWhatIsSeldomWrittenIsCaughtToo) {
  const std::string hours = "  advance only Mon-Fri 09:00-17:00 \"Europe/Berlin\"\n";
  const std::string before_it = "  after runbook shop_shadow\n";
  const std::string start = "    start suite(phase: \"fill\")\n";
  const std::string until = "    hold until suite at most 4h\n";
  const std::string undo = "    undo { run suite(phase: \"undo\") }\n";
  const Runbook rich =
      Runbook()
          .with("  service \"shop\"\n", "  service \"shop\"\n" + before_it + hours)
          .with("errors_total default 0", "errors_total{service.name=\"shop\"} default 0")
          .with("    hold 2h\n", start + until + "    hold 2h\n" + undo +
                                     "    within 3h otherwise decide verdict\n");
  ASSERT_EQ(findings(rich), "");
  const auto with = [&](const std::string& part, const std::string& instead) {
    return Runbook(rich).with(part, instead);
  };
  const Planted faults[] = {
      {"hours in which nobody waits", with(hours, ""), "weakens runbook: advance only "},
      {"a runbook that need not come before", with(before_it, ""),
       "weakens runbook: after runbook `shop_shadow` removed"},
      {"nothing is undone", with(undo, ""),
       "weakens stage `second`, undo: `run suite(phase: undo)` removed"},
      {"a longer wait for what was started", with(until, "    hold until suite at most 40h\n"),
       "weakens stage `second`: hold until suite at most 4h → 40h"},
      {"nothing is started that is waited for", with(start, ""), "RB0530"},
      {"what is started cannot be taken back",
       with(start, "    start suite(phase: \"fill\") irreversible\n"), "RB0532"},
      {"errors of another service", with("service.name=\"shop\"", "service.name=\"ship\""),
       "weakens metric `errors`"},
      {"a look at the canary before it has traffic", with("    traffic 10%\n", ""), "RB0618"},
  };
  for (const Planted& fault : faults) {
    const runtime::Compiled compiled = compile(fault.after);
    const std::string what = findings(fault.after) + (compiled.plan ? said(rich, fault.after) : "");
    EXPECT_NE(what.find(fault.caught), std::string::npos)
        << fault.name << "\nexpected " << fault.caught << "\nsaid " << what;
  }
}

TEST(Diff, AWeakeningIsShownByAScenarioWhereItCanBe) {
  const auto looser = changes(Runbook(), Runbook().with("> 1% over", "> 3% over"));
  ASSERT_EQ(looser.size(), 1u);
  EXPECT_EQ(looser[0].scenario,
            R"(scenario "`error_rate > 1% over 5m` stops" for "t.runbook" {
  series healthy at 900/s
  at every question answer yes
  errors 2% from stage first
  within 6m of stage first expect state rollback.automatic
}
)");
  const auto shorter = changes(Runbook(), Runbook().with("hold 2h", "hold 1h"));
  ASSERT_EQ(shorter.size(), 1u);
  EXPECT_EQ(shorter[0].scenario, R"(scenario "stage second is held for 2h" for "t.runbook" {
  series healthy at 900/s
  at every question answer yes
  at stage second + 1h30m expect state second.hold
}
)");
  const auto silent = changes(Runbook(), Runbook().with("    stop absent(requests) for 3m\n", ""));
  ASSERT_EQ(silent.size(), 1u);
  EXPECT_NE(silent[0].scenario.find("  silence from stage first\n"), std::string::npos);
}

}  // namespace
}  // namespace rollbook::dsl
