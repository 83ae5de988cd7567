// plans/hal9-canary.runbook as it ships: a day of shadow, 38 hours of stages, and everything that
// can end them. Rules are tried one by one in the other files; here the whole text is held.

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/paths.h"
#include "tests/scenarios/rehearsal.h"

namespace rollbook::tests {
namespace {

using core::Duration;
using core::EffectKind;
using core::EffectRequested;
using core::Raw;
using core::Verb;
using Settlement = Rehearsal::Settlement;

const Labels kNew{{"system", "hierarchical"}};
const Labels kOld{{"system", "flat"}};
const std::vector<std::string> kLeads{"engineering_lead", "operations_lead", "product_owner"};
constexpr const char* kBack = "rollback.automatic.shift";
constexpr const char* kRamp = "rollback.gradual.ramp";
constexpr const char* kComplaints = "No user complaints";

const std::string& canary() {
  static const std::string text = [] {
    std::ostringstream read;
    read << std::ifstream(ROLLBOOK_SOURCE_DIR "/plans/hal9-canary.runbook").rdbuf();
    return read.str();
  }();
  return text;
}

// Without the test, which would speak before the window does.
std::string windows_alone() {
  std::string text = canary();
  const std::size_t at = text.find("stop error_rate > 0.1% with confidence 99%");
  const std::size_t length = text.find('\n', at) - at;
  return text.replace(at, length, "");
}

// 100 requests a second on the canary, all right and within 5 ms; ten of the shadow's compared.
void serve(Rehearsal& r) {
  r.scrape_every = 60s;
  r.counter("hal9_requests_total", kNew, 100);
  r.counter("hal9_requests_total", kOld, 800);
  r.counter("hal9_errors_total", kOld, 0);
  r.histogram("hal9_request_duration_seconds", kNew, {5, 10, 15, 20, 50}, {100, 0, 0, 0, 0, 0});
  r.histogram("hal9_request_duration_seconds", kOld, {5, 10, 15, 20, 50}, {800, 0, 0, 0, 0, 0});
  r.counter("hal9_orders_total", kNew, 20);
  r.counter("hal9_orders_total", kOld, 160);
  r.counter("shadow_responses_total", {{"matched", "true"}}, 10);
  r.counter("shadow_responses_total", {{"matched", "false"}}, 0);
}

void approve(Rehearsal& r) {
  EXPECT_EQ(r.confirm("Rollback procedures reviewed", "engineering_lead", "erin"), "");
  EXPECT_EQ(r.confirm("Customer support notified", "operations_lead", "omar"), "");
}

// In the hold of a stage, with every window of five minutes full, at a scrape; the next comes 15 s
// later.
void settle_in(Rehearsal& r, const std::string& stage) {
  serve(r);
  r.agreeable = true;
  r.start();
  r.run_to(stage + ".hold.wait");
  r.agreeable = false;
  r.run_for(30min);
  r.scrape_every = 15s;
  r.run_for(30min);
  r.run_for(15s - r.elapsed() % 15s);
  ASSERT_EQ(r.state(), stage + ".hold.wait");
}

// In the stage's open decision, after a `no` of the product owner.
void dispute(Rehearsal& r, const std::string& stage) {
  settle_in(r, stage);
  r.scrape_every = 60s;
  r.run_to(stage + ".review.gate");
  r.run_for(10min);
  EXPECT_EQ(r.confirm(kComplaints, "product_owner", "paula", false), "");
  ASSERT_EQ(r.state(), stage + ".review.otherwise");
}

std::string vote(Rehearsal& r, const std::string& option) {
  std::string refused;
  for (const std::string& role : kLeads) refused += r.decide(option, role, "the " + role);
  return refused;
}

// ---- The whole way ------------------------------------------------------------------------------

TEST(Hal9, ADayOfShadowAnd38HoursOfStagesLeadToSuccess) {
  Rehearsal r(canary());
  serve(r);
  r.scrape_every = 15s;
  r.agreeable = true;
  ASSERT_EQ(r.start(), "");
  r.run_to_end(72h);
  EXPECT_EQ(r.path(),
            "before.begin preflight.gate setup.1 setup.2 canary_5.shift canary_5.hold.wait "
            "canary_5.review.gate canary_10.shift canary_10.hold.wait canary_10.review.gate "
            "canary_25.shift canary_25.hold.wait canary_25.run1 canary_25.review.gate "
            "canary_50.shift canary_50.hold.run1 canary_50.hold.wait canary_50.review.gate "
            "canary_50.review.decide success.gate succeeded");
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.weights(), "5% 10% 25% 50%");
  EXPECT_EQ(r.entered("canary_5.shift"), 24h + 200ms);
  EXPECT_EQ(r.entered("canary_5.hold.wait"), r.entered("canary_5.shift") + 200ms);
  EXPECT_EQ(r.entered("canary_5.review.gate"), r.entered("canary_5.hold.wait") + 2h);
  EXPECT_EQ(r.entered("canary_10.review.gate"), r.entered("canary_10.hold.wait") + 4h);
  EXPECT_EQ(r.entered("canary_25.run1"), r.entered("canary_25.hold.wait") + 8h);
  EXPECT_EQ(r.entered("canary_50.review.gate"), r.entered("canary_50.hold.run1") + 24h);
  const Duration ran = r.entered("succeeded") - r.entered("canary_5.shift");
  EXPECT_GE(ran, 38h);
  EXPECT_LE(ran, 38h + 1min);
  EXPECT_EQ(r.effects(EffectKind::checkpoint).size(), 1U);
  EXPECT_EQ(r.effects(EffectKind::run).size(), 2U);
  EXPECT_EQ(r.effects(EffectKind::start).size(), 4U);
  EXPECT_EQ(r.effects(EffectKind::stop).size(), 4U);
  EXPECT_EQ(r.effects(EffectKind::report).size(), 4U);
  EXPECT_EQ(r.effects(EffectKind::page).size(), 1U);  // the decision asks its channels
  EXPECT_EQ(r.effects(EffectKind::incident).size(), 0U);
  EXPECT_EQ(r.shard().state().services.at("hal9").settled.nanos, 500'000'000);
}

// ---- Before any traffic -------------------------------------------------------------------------

TEST(Hal9, TheShadowMustAgreeInMoreThan999OfAThousand) {
  for (const int wrong : {864, 865}) {
    Rehearsal r(canary());
    serve(r);
    r.start();
    r.run_for(12h);
    approve(r);
    // With the 864,000 of a day: 999 × 865 that agree, so that 865 that do not are the limit.
    r.add("shadow_responses_total", {{"matched", "true"}}, 135);
    r.add("shadow_responses_total", {{"matched", "false"}}, wrong);
    r.run_for(12h + 2min);
    // Scrapes come 15 s after the minute: with that of 24 h 15 s the window of a day is whole.
    if (wrong == 864) {
      EXPECT_EQ(r.entered("canary_5.shift"), 24h + 15s + 200ms);
    } else {
      EXPECT_EQ(r.state(), "aborted");
      EXPECT_EQ(r.entered("aborted"), 24h + 15s);
      EXPECT_EQ(r.weights(), "");
    }
  }
}

TEST(Hal9, WithoutItsPrerequisitesItEndsBeforeAnyTraffic) {
  for (const char* missing : {"numbers", "answer", "no"}) {
    Rehearsal r(canary());
    serve(r);
    const std::string what = missing;
    if (what == "numbers") r.silence();
    r.start();
    EXPECT_EQ(r.confirm("Rollback procedures reviewed", "engineering_lead", "erin"), "");
    if (what == "numbers") {
      EXPECT_EQ(r.confirm("Customer support notified", "operations_lead", "omar"), "");
    } else if (what == "no") {
      r.run_for(1h);
      EXPECT_EQ(r.confirm("Customer support notified", "operations_lead", "omar", false), "");
    }
    r.run_to_end(49h);
    EXPECT_EQ(r.state(), "aborted") << missing;
    EXPECT_EQ(r.entered("aborted"), what == "no" ? Duration(1h) : Duration(48h));
    EXPECT_EQ(r.weights(), "") << missing;
    EXPECT_EQ(r.effects(EffectKind::checkpoint).size(), 0U) << missing;
    EXPECT_TRUE(r.asked().empty());
  }
}

// ---- Each stop by itself, at its edge -----------------------------------------------------------

// Of 30,000 requests in five minutes 30 errors are 0.1 %, 300 slow answers 1 %, 15,000 a half.
constexpr const char* kLatency = "hal9_request_duration_seconds";
void move(Rehearsal& r, std::int64_t count, std::size_t to_bucket) {
  std::vector<std::int64_t> counts(6);
  counts[0] = -count;
  counts[to_bucket] = count;
  r.observe(kLatency, kNew, counts);
}
constexpr std::size_t kAbove15ms = 3, kAbove50ms = 5;

struct Edge {
  const char* name;
  std::function<void(Rehearsal&)> up_to;  // the most that is let pass
  std::function<void(Rehearsal&)> one_more;
  const char* because;
};
const Edge kEdges[] = {
    {"errors", [](Rehearsal& r) { r.add("hal9_errors_total", kNew, 30); },
     [](Rehearsal& r) { r.add("hal9_errors_total", kNew, 1); },
     "error_rate > 0.1% over 5m for 2m: 0.1033% in 30000 samples, test.runbook:47:10"},
    {"p99", [](Rehearsal& r) { move(r, 300, kAbove50ms); },
     [](Rehearsal& r) { move(r, 1, kAbove50ms); },
     "p99(latency) > 50ms over 5m for 2m: above 50ms, the last edge of its buckets, in 30000 "
     "samples, test.runbook:48:10"},
    {"p50",
     [](Rehearsal& r) {
       r.histogram(kLatency, kNew, {5, 10, 15, 20, 50}, {50, 0, 0, 50, 0, 0});
       r.run_for(6min);
     },
     [](Rehearsal& r) { move(r, 1, kAbove15ms); },
     "p50(latency) > 15ms over 5m for 2m: 15ms in 30000 samples, test.runbook:49:10"},
};

TEST(Hal9, EachStopRollsBackByItselfOneCountAboveItsLimit) {
  for (const char* stage : {"canary_5", "canary_50"}) {
    for (const Edge& edge : kEdges) {
      for (const bool over : {false, true}) {
        SCOPED_TRACE(std::string(stage) + ", " + edge.name + (over ? ", over" : ", at the limit"));
        Rehearsal r(windows_alone());
        settle_in(r, stage);
        edge.up_to(r);
        if (over) edge.one_more(r);
        r.run_for(15s);  // the scrape that shows it
        const Duration shown = r.elapsed();
        r.run_for(2min - 1ms);
        EXPECT_EQ(r.state(), std::string(stage) + ".hold.wait");
        r.run_for(10min);
        EXPECT_EQ(r.state(), over ? "rolled_back" : std::string(stage) + ".hold.wait");
        if (!over) continue;
        EXPECT_EQ(r.entered(kBack), shown + 2min);
        EXPECT_EQ(r.because(kBack), edge.because);
        EXPECT_EQ(r.effects(EffectKind::traffic).back().to, core::kNoTraffic);
        EXPECT_EQ(r.effects(EffectKind::incident).size(), 1U);
        EXPECT_EQ(r.effects(EffectKind::page).back().text, "Rolled back: " + r.because(kBack));
        EXPECT_EQ(r.effects(EffectKind::stop).size(), r.effects(EffectKind::start).size());
      }
    }
  }
}

// Forty errors at once may be one accident; forty with each scrape are none.
TEST(Hal9, TheTestRollsBackWithTheScrapeThatProvesIt) {
  for (const int scrapes : {1, 4}) {
    Rehearsal r(canary());
    settle_in(r, "canary_5");
    for (int scrape = 0; scrape < scrapes; ++scrape) {
      r.add("hal9_errors_total", kNew, 40);
      r.run_for(15s);
    }
    r.run_for(1min);
    EXPECT_EQ(r.state(), scrapes == 1 ? "canary_5.hold.wait" : "rolled_back") << scrapes;
    if (scrapes == 1) continue;
    EXPECT_EQ(r.because(kBack).find("error_rate > 0.1% with confidence 99%: "), 0U)
        << r.because(kBack);
    EXPECT_EQ(r.effects(EffectKind::incident).size(), 1U);
  }
}

TEST(Hal9, ThreeMinutesOfSilenceRollBackAndAMillisecondLessDoesNot) {
  Rehearsal r(canary());
  settle_in(r, "canary_25");
  const Duration last = r.elapsed();
  r.silence("hal9_requests_total", kNew);  // whatever else goes on
  r.run_for(3min - 1ms);
  EXPECT_EQ(r.state(), "canary_25.hold.wait");
  r.run_to_end(1min);
  EXPECT_EQ(r.entered(kBack), last + 3min);
  EXPECT_EQ(r.weights(), "5% 10% 25% 0%");
}

// ---- People -------------------------------------------------------------------------------------

TEST(Hal9, EveryOptionOfTheDecision) {
  {
    Rehearsal r(canary());
    dispute(r, "canary_25");
    EXPECT_EQ(vote(r, "proceed"), "");
    r.run_for(1h);
    EXPECT_EQ(r.state(), "canary_25.review.otherwise");  // all agree, but the complaint stands
    EXPECT_EQ(r.confirm(kComplaints, "product_owner", "paula"), "");
    EXPECT_EQ(r.because("canary_50.shift"), "decided: Proceed to state migration");
    EXPECT_EQ(r.weights(), "5% 10% 25% 50%");
  }
  {
    Rehearsal r(canary());
    dispute(r, "canary_25");
    const Duration decided = r.elapsed();
    EXPECT_EQ(vote(r, "extend"), "");
    EXPECT_EQ(r.state(), "canary_25.hold.wait");
    r.run_to("canary_25.review.gate");
    EXPECT_EQ(r.entered("canary_25.review.gate"), decided + 24h);
    EXPECT_EQ(r.effects(EffectKind::run).size(), 1U);
    EXPECT_EQ(r.confirm(kComplaints, "product_owner", "paula"), "");
    EXPECT_EQ(r.because("canary_50.shift"), "all checks passed");
  }
  {
    Rehearsal r(canary());
    dispute(r, "canary_25");
    // One voice for going back is enough.
    EXPECT_EQ(r.decide("proceed", "engineering_lead", "erin"), "");
    EXPECT_EQ(r.decide("investigate", "operations_lead", "omar"), "");
    EXPECT_EQ(r.because(kRamp), "decided: Roll back and investigate");
    const Duration began = r.elapsed();
    r.run_to_end(1h);
    EXPECT_EQ(r.state(), "rolled_back");
    const auto shifts = r.effects(EffectKind::traffic);
    ASSERT_EQ(shifts.size(), 3U + 30U);
    for (std::size_t i = 0; i < 30; ++i) {
      EXPECT_EQ(r.times(EffectKind::traffic)[3 + i], began + i * Duration(1min));
      EXPECT_LT(shifts[3 + i].to, shifts[2 + i].to);
    }
    EXPECT_EQ(shifts.back().to, core::kNoTraffic);
    EXPECT_EQ(r.effects(EffectKind::incident).size(), 0U);
  }
}

TEST(Hal9, WithoutAnAnswerOrAllThreeADisputeIsRolledBackAfterADay) {
  for (const std::size_t voices : {0U, 2U}) {
    Rehearsal r(canary());
    dispute(r, "canary_10");
    const Duration opened = r.elapsed();
    EXPECT_EQ(r.confirm(kComplaints, "product_owner", "paula"), "");
    for (std::size_t i = 0; i < voices; ++i) {
      EXPECT_EQ(r.decide("proceed", kLeads[i], "the " + kLeads[i]), "");
    }
    r.run_for(24h - 1ms);
    EXPECT_EQ(r.state(), "canary_10.review.otherwise");
    r.run_to_end(1h);
    EXPECT_EQ(r.entered(kRamp), opened + 24h);
    EXPECT_EQ(r.because(kRamp), "`verdict` was not decided within 24h");
    EXPECT_EQ(r.state(), "rolled_back");
  }
}

TEST(Hal9, TwoExtensionsAndNoThird) {
  Rehearsal r(canary());
  dispute(r, "canary_5");
  for (int i = 0; i < 2; ++i) {
    const auto question = r.question("verdict");
    EXPECT_EQ(vote(r, "extend"), "");
    r.run_to("canary_5.review.gate");
    EXPECT_EQ(r.confirm(kComplaints, "product_owner", "paula", false), "");
    ASSERT_EQ(r.state(), "canary_5.review.otherwise");
    // Whoever still answers the question of the day before is not heard.
    EXPECT_EQ(r.decide("investigate", "product_owner", "paula", question), "no_question");
  }
  EXPECT_EQ(r.decide("extend", "product_owner", "paula"), "option");
  EXPECT_EQ(r.state(), "canary_5.review.otherwise");
}

TEST(Hal9, ComplaintsNobodySpeaksOfAreDecidedAfterADay) {
  Rehearsal r(canary());
  settle_in(r, "canary_5");
  r.scrape_every = 60s;
  r.run_to_end(100h);
  const Duration review = r.entered("canary_5.review.gate");
  EXPECT_EQ(r.entered("canary_5.review.otherwise"), review + 24h);
  EXPECT_EQ(r.entered(kRamp), review + 48h);
  EXPECT_EQ(r.state(), "rolled_back");
}

TEST(Hal9, TheLastStageIsAlwaysDecided) {
  Rehearsal r(canary());
  settle_in(r, "canary_50");
  r.scrape_every = 60s;
  r.run_to("canary_50.review.gate");
  EXPECT_EQ(r.confirm(kComplaints, "product_owner", "paula"), "");
  // The last day is whole with the next scrape.
  r.run_to("canary_50.review.decide", 2min);
  const Duration opened = r.elapsed();
  r.run_to_end(25h);
  EXPECT_EQ(r.entered(kRamp), opened + 24h);
  EXPECT_EQ(r.state(), "rolled_back");
}

// ---- Runs and the acceptance --------------------------------------------------------------------

TEST(Hal9, ASuiteThatFailsOrNeverEndsIsDecided) {
  struct Case {
    const char* stage;
    const char* suite;
    bool never;
    Duration after;  // the first wait of the stage
    const char* because;
  };
  for (const Case& c : {
           Case{"canary_25", "validation_suite", false, 8h + 200ms,
                "run `validation_suite` failed"},
           Case{"canary_25", "validation_suite", true, 8h + 1h,
                "run `validation_suite` failed: no settle before the deadline"},
           Case{"canary_50", "stability_suite", true, 24h,
                "run `stability_suite` failed: no settle before the deadline"},
       }) {
    Rehearsal r(canary());
    serve(r);
    r.agreeable = true;
    r.settles = [&](const EffectRequested& effect) {
      if (effect.name != c.suite) return Settlement{};
      return Settlement{.succeeds = false, .never = c.never};
    };
    r.start();
    r.run_to(std::string(c.stage) + ".hold");
    r.agreeable = false;
    const Duration held = r.elapsed();
    r.run_to(std::string(c.stage) + ".review.otherwise");
    EXPECT_EQ(r.elapsed(), held + c.after) << c.because;
    EXPECT_EQ(r.because(), c.because);
  }
}

TEST(Hal9, WithoutTheAcceptanceOfAllThreeItIsRolledBack) {
  for (const std::size_t voices : {0U, 2U, 3U}) {
    Rehearsal r(canary());
    settle_in(r, "canary_50");
    r.scrape_every = 60s;
    r.run_to("canary_50.review.gate");
    EXPECT_EQ(r.confirm(kComplaints, "product_owner", "paula"), "");
    r.run_to("canary_50.review.decide", 2min);
    EXPECT_EQ(vote(r, "proceed"), "");
    ASSERT_EQ(r.state(), "success.gate");
    const Duration asked = r.elapsed();
    // With three voices the last says no.
    for (std::size_t i = 0; i < voices; ++i) {
      EXPECT_EQ(r.confirm("Release accepted", kLeads[i], "the " + kLeads[i], i < 2), "");
    }
    r.run_to_end(26h);
    EXPECT_EQ(r.entered(kRamp), voices == 3 ? asked : asked + 24h) << voices;
    EXPECT_EQ(r.state(), "rolled_back");
  }
}

}  // namespace
}  // namespace rollbook::tests
