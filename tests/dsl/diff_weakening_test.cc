// diff: changes that weaken a plan, each on its own and behind one that strengthens it. However
// many of those there are, none may hide it.

#include <gtest/gtest.h>

#include "dsl/diff.h"
#include "tests/dsl/diffing.h"

namespace rollbook::dsl {
namespace {

// With nearly everything that a plan may have.
Runbook shop() {
  return Runbook(R"(edition 1
runbook shop_canary {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  role owner, lead, sre
  metric requests   = counter shop_requests_total
  metric errors     = counter shop_errors_total default 0
  metric latency    = histogram shop_latency_seconds
  metric queue      = gauge max shop_queue_length
  metric error_rate = errors / requests
  channel mail   = smtp("shop@example.com")
  channel oncall = pagerduty("shop")
  action suite(phase: text)
  action backfill()
  require {
    expect total.error_rate < 0.5% over 1h
    confirm "Support told" by lead
    within 48h otherwise end
  }
  setup {
    checkpoint "before" within 10m
    run suite(phase: "setup") within 10m
  }
  guard {
    stop error_rate > 1% over 5m
    stop p99(latency) > 500ms over 5m for 5m when baseline fails too halt
    stop error_rate > 5% over 1m and error_rate > 2% over 10m
    stop absent(requests) for 3m
    pause while queue > 500 over 5m
    otherwise rollback automatic
  }
  guard {
    stop queue > 1000 over 10m
    otherwise rollback gradual
  }
  stage five {
    traffic 5%
    hold 2h
    expect errors_low: error_rate < 0.5% over 5m
    confirm "No complaints" by any of owner, sre
    within 24h otherwise decide verdict
  }
  stage tests {
    run suite(phase: "ten") within 1h
    within 2h otherwise rollback automatic
  }
  stage half {
    ramp traffic to 50% over 30m every 5m
    hold 8h and 50000 requests
    run suite(phase: "half") within 1h
    expect error_rate < 0.5% over 1h for 10m
    expect canary.p99(latency) <= baseline.p99(latency) * 105% over 4h
    expect errors / requests unchanged from previous 1h by at most 2%
    confirm "Still none" by all of owner, lead
    undo { notify mail "undone" }
    within 24h otherwise decide verdict
    decide verdict
  }
  stage most {
    traffic 60%
    hold 1h
  }
  decide verdict {
    by all of owner, lead
    ask mail, oncall, remind every 4h
    within 24h otherwise rollback gradual
    option proceed "Go on" next
    option longer "Longer" extend 4h at most 2
    option back "Back" rollback gradual
    option stop "Stop" halt
  }
  rollback automatic {
    traffic 0%
    open incident(severity: high)
    page oncall "Rolled back: {cause}"
  }
  rollback gradual {
    ramp traffic to 0% over 30m
    notify mail "Back"
  }
  success {
    expect error_rate < 0.5% over 6h
    confirm "Accepted" by all of owner, lead
    within 24h otherwise rollback gradual
    finish traffic 60%
  }
}
)");
}

// Two targets, each with a guard of its own.
Runbook regions() {
  return Runbook(R"(edition 1
runbook shop_regions {
  service "shop"
  arms    by label "version": baseline "old", canary "new"
  target  eu where region = "eu"
  target  us where region = "us"
  metric requests   = counter shop_requests_total
  metric errors     = counter shop_errors_total default 0
  metric error_rate = errors / requests
  channel oncall    = pagerduty("shop")
  guard eu {
    stop error_rate > 1% over 5m
    stop absent(requests) for 3m
    otherwise rollback eu_back
  }
  guard us {
    stop error_rate > 1% over 5m
    stop absent(requests) for 3m
    otherwise rollback us_back
  }
  stage eu_first {
    traffic eu 10%
    hold 2h
    expect eu.error_rate < 0.2% over 1h
    within 1h otherwise rollback eu_back
  }
  stage everywhere {
    traffic eu 50%
    traffic us 50%
    hold 8h
    expect eu.error_rate < 0.2% over 1h
    expect us.error_rate < 0.2% over 1h
    within 1h otherwise rollback gradual
  }
  finish traffic eu 50%
  finish traffic us 50%
  rollback eu_back {
    traffic eu 0%
    page oncall "Back in the EU: {cause}"
  }
  rollback us_back {
    traffic us 0%
    page oncall "Back in the US: {cause}"
  }
  rollback gradual {
    ramp traffic eu to 0% over 30m every 1m
    ramp traffic us to 0% over 30m every 1m
  }
}
)");
}

struct Weakening {
  const char* name;
  Runbook after;
  const char* expected;  // among what is said; "": any weakening
};

std::string weakenings(const std::string& before, const std::string& after) {
  std::vector<Change> found = changes(before, after);
  std::erase_if(found, [](const Change& each) { return each.bearing != Bearing::weakens; });
  return said(found);
}

void expect_weaker(const Runbook& base, const std::vector<Weakening>& all) {
  const auto held = [](const Runbook& runbook) {
    return Runbook(runbook).with("hold 2h", "hold 3h");
  };
  ASSERT_EQ(said(changes(base, held(base))).substr(0, 11), "strengthens");
  for (const Weakening& each : all) {
    const std::string alone = weakenings(base, each.after);
    EXPECT_NE(alone, "") << each.name << "\nsaid " << said(changes(base, each.after));
    EXPECT_NE(alone.find(each.expected), std::string::npos) << each.name << "\nsaid " << alone;
    EXPECT_EQ(weakenings(base, held(each.after)), alone) << each.name << ", behind a longer hold";
  }
}

Runbook with(const std::string& part, const std::string& instead) {
  return shop().with(part, instead);
}
// A stage in front of another.
Runbook with_stage(const std::string& before, const std::string& stage) {
  return shop().with("  stage " + before, "  stage " + stage + "\n  stage " + before);
}

// The guard that halts comes first in what follows.
const char* const kQueueGuard =
    "  guard {\n    stop queue > 1000 over 10m\n    otherwise rollback gradual\n  }\n";

Runbook guards_swapped() {
  return shop().with(kQueueGuard, "").with("  guard {", std::string(kQueueGuard) + "  guard {");
}

TEST(Weakening, OfAGuardIsSaid) {
  const char* const veto = " when baseline fails too halt";
  expect_weaker(
      shop(),
      {
          {"abort leads elsewhere", guards_swapped(),
           "weakens abort: leads to rollback automatic → rollback gradual"},
          {"another stop is held back",
           with(veto, "").with("absent(requests) for 3m",
                               "absent(requests) for 3m when baseline fails too halt"),
           "another stop is held back when the baseline fails too"},
          {"a stop is held back while another is not any more, and one is gone",
           with(veto, "")
               .with("    stop absent(requests) for 3m\n", "")
               .with("stop error_rate > 1% over 5m",
                     "stop error_rate > 1% over 5m when baseline fails too halt"),
           "held back"},
          {"a tighter limit that must last longer",
           with("error_rate > 1% over 5m", "error_rate > 0.9% over 5m for 20m"), "for 20m"},
          {"a tighter limit on more requests",
           with("error_rate > 1% over 5m", "error_rate > 0.9% over 5m at least 99999 requests"),
           "at least 99999"},
          {"one of two conditions looser, the other tighter",
           with("error_rate > 5% over 1m and error_rate > 2% over 10m",
                "error_rate > 4% over 1m and error_rate > 3% over 10m"),
           "`error_rate > 2% over 10m` → `error_rate > 3% over 10m`"},
          {"a stop that moved to the softer guard",
           with("    stop absent(requests) for 3m\n", "")
               .with("    stop queue > 1000 over 10m\n",
                     "    stop queue > 1000 over 10m\n    stop absent(requests) for 3m\n"),
           "stop `absent(requests) for 3m` removed"},
          {"a pause at a higher limit that comes sooner",
           with("queue > 500 over 5m", "queue > 900 over 5m"), "queue > 900"},
          {"a guard whose rollback leaves traffic",
           shop()
               .with("  stage five {",
                     "  guard {\n    stop error_rate > 0.9% over 1m\n    otherwise rollback some\n"
                     "  }\n  stage five {")
               .with("  rollback gradual {",
                     "  rollback some {\n    traffic 4%\n  }\n  rollback gradual {"),
           "another one added, otherwise rollback some"},
      });
}

TEST(Weakening, OfAStageIsSaid) {
  expect_weaker(
      shop(),
      {
          {"a last stage with all traffic",
           with("  decide verdict {\n    by",
                "  stage all {\n    traffic 100%\n    hold 6h\n  }\n  decide verdict {\n    by")
               .with("finish traffic 60%", "finish traffic 100%"),
           "stage `all`: added: traffic 60% → 100% behind the last stage that was approved"},
          {"more traffic before the tests",
           with_stage("tests", "soon {\n    traffic 49%\n    hold 1h\n  }"),
           "stage `soon`: added: traffic 5% → 49% before what stood between it and stage `tests`"},
          {"at once what a ramp brings",
           with_stage("half", "soon {\n    traffic 49%\n    hold 1h\n  }"),
           "stage `soon`: added: traffic 5% → 49%"},
          {"more than the next stage brings, then it",
           with_stage("five", "early {\n    traffic 4%\n    run backfill()\n    hold 1h\n  }"),
           "`run backfill` added, which the plan before does nowhere"},
          {"a new stage that cannot be taken back",
           with_stage("most", "drop {\n    hold 1h\n    undo { run suite(phase: \"back\") }\n  }"),
           "undo: is waited for before traffic goes back"},
          {"the way out of a stage of runs only",
           with("within 2h otherwise rollback automatic", "within 2h otherwise halt"),
           "stage `tests`: otherwise rollback automatic → halt"},
          {"the way out of a stage of runs only is left to a softer guard",
           guards_swapped().with("    within 2h otherwise rollback automatic\n", ""),
           "stage `tests`: otherwise rollback automatic → rollback gradual"},
          {"a lower peak that comes at once",
           with("ramp traffic to 50% over 30m every 5m", "traffic 49%"), "stage `half`: traffic"},
          {"a lower peak in a steeper ramp",
           with("ramp traffic to 50% over 30m every 5m", "ramp traffic to 49% over 5m every 1m"),
           "stage `half`: traffic"},
          {"two shifts in place of a ramp",
           with("ramp traffic to 50% over 30m every 5m", "traffic 49%\n    traffic 50%"),
           "stage `half`: traffic"},
          {"less traffic before the next shift", with("traffic 5%", "traffic 0.1%"),
           "stage `five`: traffic 5% → 0.1%"},
          {"a stage without its traffic",
           with("    traffic 60%\n", "").with("finish traffic 60%", "finish traffic 50%"),
           "stage `most`: traffic 60% → none"},
          {"a longer hold of fewer requests",
           with("hold 8h and 50000 requests", "hold 9h and 10 requests"), "50000 requests"},
          {"a longer hold that may last for ever",
           with("hold 8h and 50000 requests", "hold 9h and 50000 requests at most 1000h"),
           "hold at most"},
          {"an action that nobody approved",
           with("    run suite(phase: \"half\") within 1h\n",
                "    run suite(phase: \"half\") within 1h\n    run backfill()\n"),
           "`run backfill` added, which the plan before does nowhere"},
          {"an action started on entry",
           shop().after("    traffic 60%", "    on enter { start backfill() }"),
           "`start backfill` added"},
          {"a run before the ramp",
           with("    run suite(phase: \"half\") within 1h\n", "")
               .with("    ramp traffic to 50%",
                     "    run suite(phase: \"half\") within 1h\n    ramp traffic to 50%"),
           "steps come in another order"},
          {"a longer run beside a shorter one",
           with("run suite(phase: \"ten\") within 1h",
                "run suite(phase: \"ten\") within 2h\n    run suite(phase: \"half\") within 1m"),
           "deadline of `run suite(phase: ten)` 1h → 2h"},
          {"setup in another order",
           with("    checkpoint \"before\" within 10m\n", "")
               .with("    run suite(phase: \"setup\") within 10m\n",
                     "    run suite(phase: \"setup\") within 10m\n"
                     "    checkpoint \"before\" within 10m\n"),
           "setup: steps come in another order"},
      });
}

TEST(Weakening, OfAReviewIsSaid) {
  expect_weaker(
      shop(),
      {
          {"a stricter limit that need not last",
           with("error_rate < 0.5% over 1h for 10m", "error_rate < 0.4% over 1h"), "0.4%"},
          {"a looser factor", with("* 105%", "* 150%"), "150%"},
          {"other persons",
           with("\"Still none\" by all of owner, lead", "\"Still none\" by all of owner, sre"),
           "confirm \"Still none\" by all of owner, lead"},
          {"more persons to choose from",
           with("by any of owner, sre", "by any of owner, sre, lead"), "by any of"},
          {"asked earlier",
           with("    confirm \"Still none\" by all of owner, lead\n", "")
               .with("    confirm \"No complaints\"",
                     "    confirm \"Still none\" by all of owner, lead\n"
                     "    confirm \"No complaints\""),
           "confirm \"Still none\" removed"},
          {"a decision less",
           with("    within 24h otherwise decide verdict\n    decide verdict\n",
                "    within 24h otherwise decide verdict\n"),
           "decide `verdict` removed"},
          {"nobody can look longer", with("    option longer \"Longer\" extend 4h at most 2\n", ""),
           "option `longer`"},
          {"a page becomes a mail", with("ask mail, oncall, remind", "ask mail, remind"),
           "others are asked"},
          {"a shorter look, and asked oftener",
           with("extend 4h at most 2", "extend 1h at most 2").with("every 4h", "every 1h"),
           "extend"},
          {"the last gate halts",
           with("otherwise rollback gradual\n    finish", "otherwise halt\n    finish"),
           "success: otherwise rollback gradual → halt"},
          {"a gate before traffic that halts",
           with("within 48h otherwise end", "within 48h otherwise halt"),
           "require: otherwise end → halt"},
      });
}

TEST(Weakening, OfAWayBackIsSaid) {
  const char* const gradual =
      "  rollback gradual {\n    ramp traffic to 0% over 30m\n    notify mail \"Back\"\n  }\n";
  const auto quick = [&](const std::string& how) {
    return with("    within 24h otherwise rollback gradual\n    option",
                "    within 24h otherwise rollback quick\n    option")
        .with("  rollback gradual {", "  rollback quick {\n" + how + "  }\n  rollback gradual {");
  };
  const char* const exit = "decide `verdict`: otherwise rollback gradual → rollback quick";
  expect_weaker(
      shop(),
      {
          {"a quicker one that leaves traffic", quick("    traffic 4%\n    notify mail \"b\"\n"),
           exit},
          {"a quicker one that tells nobody", quick("    traffic 0%\n"), exit},
          {"a quicker one that waits first",
           quick("    run suite(phase: \"x\")\n    traffic 0%\n    notify mail \"b\"\n"), exit},
          {"a quicker one that goes up first",
           quick("    traffic 90%\n    traffic 0%\n    notify mail \"b\"\n"), exit},
          {"in two steps what was one",
           with("    traffic 0%\n", "    traffic 3%\n    traffic 0%\n"),
           "rollback `automatic`: traffic 0% → 3%, 0%"},
          {"a run between the steps",
           with("    ramp traffic to 0% over 30m\n",
                "    traffic 10%\n    run suite(phase: \"ten\")\n    traffic 0%\n"),
           "rollback `gradual`"},
          {"less urgent", with("severity: high", "severity: low"), "incident"},
      });
  // Without a block `rollback --gradual` takes 30 minutes.
  const Runbook none = Runbook(shop())
                           .with(gradual, "")
                           .with("otherwise rollback gradual\n  }\n  stage five",
                                 "otherwise rollback automatic\n  }\n  stage five")
                           .with("otherwise rollback gradual\n    option",
                                 "otherwise rollback automatic\n    option")
                           .with("\"Back\" rollback gradual", "\"Back\" rollback automatic")
                           .with("otherwise rollback gradual\n    finish",
                                 "otherwise rollback automatic\n    finish");
  const auto block = [&](const std::string& how) {
    return Runbook(none).with("  success {", "  rollback gradual {\n" + how + "  }\n  success {");
  };
  expect_weaker(none, {
                          {"a slower one", block("    ramp traffic to 0% over 12h\n"),
                           "rollback `gradual`: added"},
                          {"one that leaves traffic", block("    ramp traffic to 1% over 10m\n"),
                           "rollback `gradual`: added"},
                          {"one that waits", block("    run suite(phase: \"x\")\n    traffic 0%\n"),
                           "rollback `gradual`: added"},
                      });
  EXPECT_EQ(said(changes(none, block("    ramp traffic to 0% over 20m\n"))),
            "strengthens rollback `gradual`: added\n");
}

TEST(Weakening, OfATargetIsSaid) {
  const auto in = [](const std::string& part, const std::string& instead) {
    return regions().with(part, instead);
  };
  expect_weaker(
      regions(),
      {
          {"one is looked at twice, the other never",
           in("    expect us.error_rate < 0.2% over 1h\n",
              "    expect eu.error_rate < 0.2% over 1h for 1s\n"),
           "expect `us.error_rate < 0.2% over 1h` removed"},
          {"all but one go back",
           in("within 1h otherwise rollback gradual", "within 1h otherwise rollback eu_back"),
           "stage `everywhere`: otherwise rollback gradual → rollback eu_back"},
          {"all traffic of one",
           in("  finish traffic eu 50%\n  finish traffic us 50%\n",
              "  stage more {\n    traffic us 100%\n    hold 1h\n  }\n"
              "  finish traffic eu 50%\n  finish traffic us 100%\n"),
           "stage `more`: added: traffic us 50% → 100%"},
          {"another one first",
           in("    traffic eu 50%\n    traffic us 50%\n",
              "    traffic us 50%\n    traffic eu 50%\n"),
           "steps come in another order"},
          {"the second before the first was looked at",
           in("    traffic eu 10%\n", "    traffic eu 10%\n    traffic us 1%\n"),
           "stage `eu_first`: traffic us none → 1%"},
          {"the way back of one",
           in("ramp traffic us to 0% over 30m", "ramp traffic us to 0% over 12h"),
           "rollback `gradual`: traffic us 0% over 30m → 0% over 12h"},
          {"another one goes back first, slowly",
           in("    traffic us 0%\n    page",
              "    ramp traffic eu to 0% over 12h\n    traffic us 0%\n    page"),
           "rollback `us_back`: waits for something before traffic us goes back"},
          {"a shift more that nobody misses",
           in("    traffic eu 10%\n", "    traffic eu 5%\n    traffic eu 10% within 20h\n"),
           "stage `eu_first`: deadline of the shifts 5m → 20h"},
          {"the rows are swapped",
           in("  target  eu where region = \"eu\"\n", "")
               .with("  target  us where region = \"us\"\n",
                     "  target  us where region = \"us\"\n  target  eu where region = \"eu\"\n"),
           "the targets come in another order"},
      });
}

// Every line left out, or behind the next one; every number doubled, or halved.
std::vector<std::string> edits_of(const std::string& text) {
  std::vector<std::string> edits;
  for (std::size_t line = 0; line < text.size(); line = text.find('\n', line) + 1) {
    const std::size_t next = text.find('\n', line) + 1;
    edits.push_back(std::string(text).erase(line, next - line));
    if (next >= text.size()) continue;
    const std::size_t behind = text.find('\n', next) + 1;
    const std::string one = text.substr(line, next - line);
    edits.push_back(std::string(text).erase(line, next - line).insert(line + behind - next, one));
  }
  const auto is_digit = [&](std::size_t at) {
    return at < text.size() && text[at] >= '0' && text[at] <= '9';
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_digit(at) || (at > 0 && (is_digit(at - 1) || text[at - 1] == '.'))) continue;
    std::size_t end = at;
    while (is_digit(end)) ++end;
    const int number = std::stoi(text.substr(at, end - at));
    for (const int other : {2 * number, number / 2, number + 1}) {
      edits.push_back(std::string(text).replace(at, end - at, std::to_string(other)));
    }
  }
  return edits;
}

// What this comparison has no word for weakens by itself: it must behind a strengthening too. So
// each has a word.
TEST(Weakening, IsNotHiddenWhateverIsEdited) {
  const std::string service = "  service \"shop\"\n";
  std::size_t compared = 0;
  for (const Runbook& base : {shop(), regions(), Runbook()}) {
    const auto before = compile(base);
    ASSERT_TRUE(before.plan);
    const auto weakens = [&](const runtime::Plan& plan) {
      std::vector<Change> found = diff(*before.plan, plan);
      std::erase_if(found, [](const Change& each) { return each.bearing != Bearing::weakens; });
      return said(found);
    };
    for (const std::string& edit : edits_of(base)) {
      const auto after = compile(edit);
      if (!after.plan || edit.find(service) == std::string::npos) continue;
      const auto stricter =
          compile(Runbook(edit).with(service, service + "  after runbook shop_shadow\n"));
      ASSERT_TRUE(stricter.plan) << edit;
      EXPECT_EQ(weakens(*after.plan), weakens(*stricter.plan)) << edit;
      ++compared;
    }
  }
  EXPECT_GT(compared, 300u);
}

// What is proven to be safer stays so: else people would be asked for nothing, and stop reading.
TEST(Weakening, IsNotSaidOfWhatIsSafer) {
  const std::pair<const char*, Runbook> cases[] = {
      {"a stage between two shifts",
       with_stage("most", "between {\n    traffic 55%\n    hold 1h\n  }")},
      {"a first stage below the first",
       with_stage("five", "early {\n    traffic 1%\n    hold 1h\n  }")},
      {"a stage that only looks",
       with_stage("half",
                  "look {\n    hold 1h\n    expect error_rate < 0.5% over 5m\n"
                  "    within 2h otherwise rollback automatic\n  }")},
      {"a shift in two steps", with("    traffic 60%\n", "    traffic 55%\n    traffic 60%\n")},
      {"a slower ramp", with("over 30m every 5m", "over 60m every 5m")},
      {"an action that the plan runs elsewhere",
       with("    traffic 60%\n", "    traffic 60%\n    run suite(phase: \"half\")\n")},
      {"a rollback in one step instead of a ramp",
       with("    ramp traffic to 0% over 30m\n", "    traffic 0%\n")},
      {"a run that leads back instead of to people",
       with("otherwise decide verdict\n  }\n  stage tests",
            "otherwise rollback automatic\n  }\n  stage tests")},
      {"a stop that is not held back any more", with(" when baseline fails too halt", "")},
  };
  for (const auto& [name, after] : cases) {
    const std::string all = said(changes(shop(), after));
    EXPECT_EQ(all.substr(0, 11), "strengthens") << name << "\n" << all;
    EXPECT_EQ(weakenings(shop(), after), "") << name;
  }
}

}  // namespace
}  // namespace rollbook::dsl
