// `advance only`, `after runbook` and `replace`: what they make, and what they refuse.

#include <gtest/gtest.h>

#include "dsl/first_runbook.h"
#include "dsl/zones.h"
#include "tests/dsl/compiling.h"

namespace rollbook::dsl {
namespace {

using namespace std::chrono_literals;

Runbook on(const std::string& hours) {
  return Runbook().after("  role lead, owner", "  advance only " + hours);
}

core::Time utc(int year, unsigned month, unsigned day, int hour) {
  using namespace std::chrono;
  const sys_days date =
      year_month_day{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  return core::Time(date.time_since_epoch() + hours(hour));
}

// ---- Zones --------------------------------------------------------------------------------------

TEST(Zones, HaveTheirChangesUpTo2037) {
  const auto berlin = zone_offsets("Europe/Berlin");
  ASSERT_TRUE(berlin);
  EXPECT_EQ(berlin->front(), (core::OffsetChange{core::kDistantPast, 1h}));
  EXPECT_NE(std::find(berlin->begin(), berlin->end(), core::OffsetChange{utc(2026, 3, 29, 1), 2h}),
            berlin->end());
  EXPECT_NE(std::find(berlin->begin(), berlin->end(), core::OffsetChange{utc(2026, 10, 25, 1), 1h}),
            berlin->end());
  EXPECT_EQ(berlin->back().from, utc(2037, 10, 25, 1));
  const auto rising = std::is_sorted(berlin->begin(), berlin->end(),
                                     [](const auto& a, const auto& b) { return a.from < b.from; });
  EXPECT_TRUE(rising);
  EXPECT_EQ(zone_offsets("UTC")->size(), 1u);
  EXPECT_EQ(zone_offsets("Asia/Kathmandu")->back().offset, 5h + 45min);
  EXPECT_FALSE(zone_offsets("Europe/Atlantis"));
  EXPECT_GT(zone_names().size(), 300u);
}

// ---- advance only -------------------------------------------------------------------------------

TEST(AdvanceOnly, BecomesHoursOfTheMachine) {
  const core::Machine machine = placeless_machine(on("Mon-Thu, Sat 09:00-17:30 \"Europe/Berlin\""));
  ASSERT_EQ(machine.advance_only.hours.size(), 1u);
  const core::OpenHours& hours = machine.advance_only.hours[0];
  EXPECT_EQ(hours.days, 0b0101111);
  EXPECT_EQ(hours.opens, 9h);
  EXPECT_EQ(hours.closes, 17h + 30min);
  EXPECT_EQ(hours.zone, "Europe/Berlin");
  EXPECT_EQ(hours.text, "Mon-Thu, Sat 09:00-17:30 \"Europe/Berlin\"");
  EXPECT_TRUE(machine.advance_only.open(utc(2026, 7, 6, 7)));
  EXPECT_FALSE(machine.advance_only.open(utc(2026, 1, 5, 7)));
}

TEST(AdvanceOnly, DaysAndTimesMayGoOverTheirEnds) {
  EXPECT_EQ(placeless_machine(on("Fri-Mon 22:00-04:00 \"UTC\"")).advance_only.hours[0].days,
            0b1110001);
  EXPECT_EQ(placeless_machine(on("Fri-Mon 22:00-04:00 \"UTC\"")).advance_only.hours[0].closes, 28h);
  EXPECT_EQ(placeless_machine(on("00:00-24:00 \"UTC\"")).advance_only.hours[0].days, 0x7f);
  EXPECT_EQ(placeless_machine(on("00:00-24:00 \"UTC\"")).advance_only.hours[0].closes, 24h);
  EXPECT_EQ(placeless_machine(on("Mon 09:00-12:00 \"UTC\"\n  advance only Tue 13:00-17:00 \"UTC\""))
                .advance_only.hours.size(),
            2u);
}

TEST(AdvanceOnly, OnlyWhatActsOrLeavesAStageWaits) {
  const core::Machine machine = placeless_machine(on("Mon-Fri 09:00-17:00 \"UTC\""));
  const auto waits = [&](const char* from, const char* to) {
    for (const core::Transition& each : machine.transitions) {
      if (each.from == machine.find(from) &&
          machine.leaf(each.to) == machine.leaf(machine.find(to))) {
        return each.on_calendar;
      }
    }
    ADD_FAILURE() << "no step from " << from << " to " << to;
    return false;
  };
  EXPECT_TRUE(waits("before.begin", "first"));
  EXPECT_FALSE(waits("first.shift", "first.hold"));
  EXPECT_TRUE(waits("first.hold.wait", "first.run1"));
  EXPECT_FALSE(waits("first.run1", "first.review"));
  EXPECT_TRUE(waits("first.review.gate", "second"));
  EXPECT_TRUE(waits("first.review.otherwise", "second"));
  EXPECT_TRUE(waits("second.hold.wait", "succeeded"));
  for (const core::Transition& each : machine.transitions) {
    EXPECT_TRUE(each.forward || !each.on_calendar) << each.label;
  }
  for (const core::Transition& each : placeless_machine(Runbook()).transitions) {
    EXPECT_FALSE(each.on_calendar);
  }
}

TEST(AdvanceOnly, RefusesWhatNoCalendarHas) {
  const struct {
    const char* hours;
    const char* expected;
  } cases[] = {
      {"Mon-Fri 09:00-17:00 \"Europe/Berln\"",
       "6:36 RB0363 no time zone is called `Europe/Berln`\n  did you mean `Europe/Berlin`?\n"},
      {"Mon-Fri 09:00-17:00 \"Berlin\"",
       "6:36 RB0363 no time zone is called `Berlin`\n  did you mean `Europe/Berlin`?\n"},
      {"Mon-Fri 09:00-17:00 \"../../etc/passwd\"",
       "6:36 RB0363 no time zone is called `../../etc/passwd`\n"
       "  zones are called as in the IANA data, like `Europe/Berlin` or `UTC`\n"},
      {"Mon-Fry 09:00-17:00 \"UTC\"",
       "6:20 RB0310 no day is called `Fry`\n  did you mean `Fri`?\n"},
      {"Mon-Fri 09:00-25:00 \"UTC\"",
       "6:30 RB0212 no clock shows `25:00`\n"
       "  a time is written from `00:00` to `23:59`, or `24:00` for midnight\n"},
      {"Mon-Fri 24:00-12:00 \"UTC\"",
       "6:24 RB0212 no clock shows `24:00`\n  a time is written from `00:00` to `23:59`\n"},
      {"Mon-Fri 9:5-12:00 \"UTC\"",
       "6:24 RB0212 no clock shows `9:5`\n  a time is written from `00:00` to `23:59`\n"},
      {"Mon-Fri 09:00-09:00 \"UTC\"",
       "6:24 RB0212 hours that end when they begin are none\n"
       "  write `00:00-24:00` for the whole day\n"},
      {"Mon-Fri 09:00 \"UTC\"",
       "6:30 RB0201 expected `-`, found `\"UTC\"`\n  it is written like `advance only Mon-Fri "
       "09:00-17:00 \"Europe/Berlin\"`\n"},
      {"Mon-Fri 09:00-17:00",
       "6:35 RB0201 expected a time zone like `\"Europe/Berlin\"`, found the end of the line\n  it "
       "is written like `advance only Mon-Fri 09:00-17:00 \"Europe/Berlin\"`\n"},
  };
  for (const auto& c : cases) EXPECT_EQ(errors(on(c.hours)), c.expected) << c.hours;
}

// ---- after runbook ------------------------------------------------------------------------------

TEST(AfterRunbook, BecomesAListOfTheMachine) {
  const Runbook runbook = Runbook().after("  role lead, owner", "  after runbook shadow, dry_run");
  EXPECT_EQ(placeless_machine(runbook).after, (std::vector<std::string>{"shadow", "dry_run"}));
}

TEST(AfterRunbook, NamesNoRunbookTwiceAndNotItself) {
  EXPECT_EQ(errors(Runbook().after("  role lead, owner", "  after runbook shop")),
            "6:17 RB0212 a rollout cannot wait for one of its own runbook to have succeeded: there "
            "would be no first\n  name the runbook that goes before this one\n");
  EXPECT_EQ(errors(Runbook().after("  role lead, owner", "  after runbook a, b, a")),
            "6:23 RB0320 runbook `a` stands here twice\n  leave one out\n");
}

// ---- replace ------------------------------------------------------------------------------------

Runbook with_template() {
  return Runbook()
      .after("  role lead, owner",
             "  template calm {\n"
             "    expect queue_low: queue < 100 over 5m\n"
             "    expect error_rate < 0.9% over 5m\n"
             "    within 2h otherwise rollback automatic\n"
             "  }")
      .with("stage second {", "stage second using calm {");
}

TEST(Replace, StandsInThePlaceOfTheTemplatesCriterion) {
  const core::Machine machine = placeless_machine(with_template().with(
      "    hold 2h", "    hold 2h\n    replace expect queue_low: queue < 7 over 5m"));
  std::vector<std::string> found;
  for (const core::Criterion& criterion : machine.criteria) {
    if (criterion.id.starts_with("second.")) found.push_back(criterion.id + " " + criterion.text);
  }
  EXPECT_EQ(found, (std::vector<std::string>{"second.queue_low queue < 7 over 5m",
                                             "second.expect[2] error_rate < 0.9% over 5m"}));
}

TEST(Replace, RefusesWhatIsNotThereToReplace) {
  const struct {
    const char* statement;
    const char* expected;
  } cases[] = {
      {"replace expect queue_lo: queue < 7 over 5m",
       "37:20 RB0364 the template has no criterion called `queue_lo`\n"
       "  did you mean `queue_low`?\n"},
      {"replace expect queue < 7 over 5m",
       "37:26 RB0201 expected `:`, found `<`\n  it is written like `replace expect errors_low: "
       "error_rate < 0.2% over 5m`\n"},
      {"expect queue_low: queue < 7 over 5m",
       "37:12 RB0320 criterion `queue_low` is there already, in line 7\n"
       "  leave one out, or give it another name\n"},
      {"replace expect queue_low: queue < 7 over 5m\n    replace expect queue_low: queue < 8 over "
       "5m",
       "38:5 RB0321 this `replace` stands here a second time, after line 37\n  leave one out\n"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(
        errors(with_template().with("    hold 2h", std::string("    hold 2h\n    ") + c.statement)),
        c.expected)
        << c.statement;
  }
  EXPECT_EQ(errors(Runbook().with("    hold 2h",
                                  "    hold 2h\n    replace expect low: queue < 7 over 5m")),
            "32:5 RB0364 nothing to replace: no template is used here\n"
            "  write `expect low: …`\n");
  EXPECT_EQ(errors(with_template().with("    expect error_rate < 0.9%",
                                        "    replace expect a: error_rate < 0.9%")),
            "8:5 RB0203 a template uses no other one, so there is nothing to replace\n"
            "  `replace` belongs in a stage that uses a template\n");
}

// ---- first_runbook ------------------------------------------------------------------------------

TEST(FirstRunbook, CompilesWithoutAnErrorWhateverIsWished) {
  for (const core::Duration hold :
       {core::Duration(2s), core::Duration(30s), core::Duration(1h), core::Duration(72h)}) {
    for (const std::vector<core::Weight>& stages :
         {std::vector{core::kAllTraffic},
          std::vector{core::Weight{5'000'000}, core::Weight{50'000'000}},
          std::vector{core::Weight{50'000'000}, core::Weight{250'000'000}, core::kAllTraffic}}) {
      FirstRunbook wishes;
      wishes.service = "shop \"2\" front-end";
      wishes.name = as_word(wishes.service) + "_canary";
      wishes.stages = stages;
      wishes.hold = hold;
      EXPECT_EQ(errors(first_runbook(wishes)), "");
      wishes.latency = "shop.request.duration";
      EXPECT_EQ(errors(first_runbook(wishes)), "");
    }
  }
}

TEST(FirstRunbook, MakesWordsOfServices) {
  EXPECT_EQ(as_word("shop"), "shop");
  EXPECT_EQ(as_word("shop front-end/2"), "shop_front_end_2");
  EXPECT_EQ(as_word("2fa"), "s2fa");
  EXPECT_EQ(as_word("\xC3\xA4"), "s");
}

}  // namespace
}  // namespace rollbook::dsl
