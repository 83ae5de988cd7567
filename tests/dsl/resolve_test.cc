// Names, arguments and values: source → findings.

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "tests/dsl/compiling.h"

namespace rollbook::dsl {
namespace {

struct Case {
  const char* name;
  Runbook runbook;
  const char* expected;
};
void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

const Case kResolveCases[] = {
    {"UnknownMetric", Runbook().with("error_rate > 1%", "eror_rate > 1%"),
     R"(15:10 RB0301 no metric is called `eror_rate`
  did you mean `error_rate`?
)"},
    {"UnknownMetricInRatio",
     Runbook().with(R"(errors / requests
)",
                    R"(errors / request
)"),
     R"(10:32 RB0301 no metric is called `request`
  did you mean `requests`?
)"},
    {"UnknownRole", Runbook().with(R"(confirm "Fine" by lead)", R"(confirm "Fine" by leed)"),
     R"(26:23 RB0302 no role is called `leed`
  did you mean `lead`?
)"},
    {"UnknownChannel", Runbook().with("page oncall", "page oncal"),
     R"(42:10 RB0303 no channel is called `oncal`
  did you mean `oncall`?
)"},
    {"UnknownAction", Runbook().with("run suite(", "run suit("),
     R"(24:9 RB0304 no action is called `suit`
  did you mean `suite`?
)"},
    {"UnknownDecision", Runbook().with("otherwise decide verdict", "otherwise decide verdit"),
     R"(27:32 RB0306 no decision is called `verdit`
  did you mean `verdict`?
)"},
    {"UnknownRollbacks",
     Runbook().with("    within 1h otherwise rollback automatic",
                    "    within 1h otherwise rollback gradual"),
     R"(36:34 RB0307 no rollback is called `gradual`
  there is `automatic`
)"},
    {"UnknownTemplate", Runbook().with("stage second {", "stage second using calm {"),
     R"(29:22 RB0305 no template is called `calm`
  declare it with `template calm …`
)"},
    {"UnknownInAnUnusedTemplate",
     Runbook().after("  role lead, owner", "  template calm { expect eror_rate < 1% over 5m }"),
     R"(6:26 RB0301 no metric is called `eror_rate`
  did you mean `error_rate`?
)"},
    {"ATemplatesFaultIsSaidOnce",
     Runbook()
         .after("  role lead, owner", "  template calm { expect eror_rate < 1% over 5m }")
         .with("stage first {", "stage first using calm {")
         .with("stage second {", "stage second using calm {"),
     R"(6:26 RB0301 no metric is called `eror_rate`
  did you mean `error_rate`?
)"},
    {"UnknownPlaceholder", Runbook().with("{cause}", "{case}"),
     R"(42:17 RB0309 no placeholder is called `{case}`
  did you mean `cause`?
)"},
    {"UnknownPlaceholderFarFromAll", Runbook().with("{cause}", "{moon}"),
     R"(42:17 RB0309 no placeholder is called `{moon}`
  there is `service`, `runbook`, `rollout`, `version`, `stage`, `weight`, `cause`, `actor` or `reason`; `{{` is a brace
)"},
    {"UnclosedPlaceholder", Runbook().with("{cause}", "{cause"),
     R"(42:17 RB0309 a `{` in this text is not closed
  close it as in `{cause}`, or write `{{` for a brace
)"},
    {"DoubledBraceIsABrace", Runbook().with("{cause}", "{{cause}"), ""},
    {"UnknownKindOfChannel", Runbook().with("pagerduty(", "pagerdut("),
     R"(12:20 RB0310 no kind of channel is called `pagerdut`
  did you mean `pagerduty`?
)"},
    {"UnknownSeverity",
     Runbook().with(R"(page oncall "Back: {cause}")", "open incident(severity: hi)"),
     R"(42:29 RB0310 no severity is called `hi`
  there is `low`, `medium`, `high` or `critical`
)"},
    {"UnknownReport", Runbook().after("    hold 2h", "    report stag"),
     R"(32:12 RB0310 no report is called `stag`
  did you mean `stage`?
)"},
    {"DuplicateNames", Runbook().after("  role lead, owner", R"(  role lead
  metric errors = counter x_total
  channel mail = slack("x")
  action suite())"),
     R"(6:8 RB0320 role `lead` is there already, in line 5
  leave one out, or give it another name
11:10 RB0320 metric `errors` is there already, in line 7
  leave one out, or give it another name
15:11 RB0320 channel `mail` is there already, in line 8
  leave one out, or give it another name
17:10 RB0320 action `suite` is there already, in line 9
  leave one out, or give it another name
28:15 RB0308 action `suite` has no parameter `phase`
  it takes none
)"},
    {"DuplicateStage", Runbook().with("stage second {", "stage first {"),
     R"(29:9 RB0320 stage `first` is there already, in line 21
  leave one out, or give it another name
)"},
    {"DuplicateStatements", Runbook().after(R"(  service "shop")", R"(  service "other"
  title "a"
  title "b")"),
     R"(4:3 RB0321 `service` stands here a second time, after line 3
  leave one out
6:3 RB0321 `title` stands here a second time, after line 5
  leave one out
)"},
    {"DuplicateInBlocks", Runbook().after("    hold 2h", R"(    hold 3h
    within 1h otherwise rollback automatic
    within 2h otherwise rollback automatic)"),
     R"(32:5 RB0321 `hold` stands here a second time, after line 31
  leave one out
34:5 RB0321 `within` stands here a second time, after line 33
  leave one out
34:25 RB0321 `otherwise` stands here a second time, after line 33
  leave one out
)"},
    {"DuplicateOption", Runbook().with(R"(option back "Go back")", R"(option go "Go back")"),
     R"(38:12 RB0320 option `go` is there already, in line 37
  leave one out, or give it another name
)"},
    {"DuplicateRoleInAQuorum", Runbook().with("by all of lead, owner", "by all of lead, lead"),
     R"(34:21 RB0320 role `lead` stands twice in this list
  for two distinct persons of one role write `by 2 of lead`
)"},
    {"NobodyIsNeeded", Runbook().with("by all of lead, owner", "by 0 of lead"),
     R"(34:8 RB0212 `0` must be above 0
  write 1 or more
)"},
    {"ReservedStageName", Runbook().with("stage second {", "stage success {"),
     R"(29:9 RB0206 no stage can be called `success`
  give it another name
)"},
    {"MissingArgument", Runbook().with(R"(suite(phase: "first"))", "suite()"),
     R"(24:5 RB0402 action `suite` needs `phase`
  add `phase: …`
)"},
    {"UnknownArgument",
     Runbook().with(R"(suite(phase: "first"))", R"(suite(phase: "first", fase: "x"))"),
     R"(24:31 RB0308 action `suite` has no parameter `fase`
  there is `phase`
)"},
    {"UnnamedArgument", Runbook().with(R"(suite(phase: "first"))", R"(suite("first"))"),
     R"(24:15 RB0308 this argument needs a name
  write `phase: …`
)"},
    {"ArgumentOfAnotherType", Runbook().with(R"(suite(phase: "first"))", "suite(phase: 10%)"),
     R"(24:22 RB0401 parameter `phase` is a text, this is a ratio
  write it like `"…"`
)"},
    {"ArgumentGivenTwice",
     Runbook().with(R"(suite(phase: "first"))", R"(suite(phase: "a", phase: "b"))"),
     R"(24:27 RB0320 argument `phase` is given twice
  leave one out
)"},
    {"BothArmsTheSame", Runbook().with(R"(canary "new")", R"(canary "old")"),
     R"(4:51 RB0212 baseline and canary are the same arm
  write the two values of the label
)"},
    {"RampWithTinySteps",
     Runbook().with(R"(    traffic 0%
)",
                    R"(    ramp traffic to 0% over 30m every 1ms
)"),
     R"(41:39 RB0212 the step of a ramp lasts a second at least
  write `1s` or more
)"},
    {"RampWithStepsLongerThanItself",
     Runbook().with(R"(    traffic 0%
)",
                    R"(    ramp traffic to 0% over 30m every 1h
)"),
     R"(41:39 RB0212 a step every `1h` is longer than the `30m` of the whole ramp
  write a step that fits into the ramp several times
)"},
    {"HoldWithAnEarlierEnd", Runbook().with("hold 2h", "hold 2h at most 1h"),
     R"(31:21 RB0212 `at most 1h` would end the hold before its own `2h`
  write more than `2h`, or leave `at most` out
)"},
    {"NoTimeAtAll", Runbook().with("hold 2h", "hold 0s"),
     R"(31:10 RB0212 `0s` must be above 0
  write how long, like `5m`; what shall take no time is left out
)"},
    {"TooManyExtensions",
     Runbook().with(R"(option back "Go back" rollback automatic)",
                    R"(option more "More" extend 1h at most 100)"),
     R"(38:42 RB0212 a stage is extended 16 times at most
  write 16 or less
)"},
    {"TooManyParameters",
     Runbook().with(
         "action suite(phase: text)",
         "action suite(p0: text, p1: text, p2: text, p3: text, p4: text, p5: text, p6: text, p7: "
         "text, p8: text, p9: text, p10: text, p11: text, p12: text, p13: text, p14: text, p15: "
         "text, p16: text, p17: text, p18: text, p19: text, p20: text, p21: text, p22: text, p23: "
         "text, p24: text, p25: text, p26: text, p27: text, p28: text, p29: text, p30: text, p31: "
         "text, p32: text, p33: text, p34: text, p35: text, p36: text, p37: text, p38: text, p39: "
         "text, p40: text, p41: text, p42: text, p43: text, p44: text, p45: text, p46: text, p47: "
         "text, p48: text, p49: text, p50: text, p51: text, p52: text, p53: text, p54: text, p55: "
         "text, p56: text, p57: text, p58: text, p59: text, p60: text, p61: text, p62: text, p63: "
         "text, p64: text)"),
     R"(13:3 RB0212 an action has 64 parameters at most
  hand over less, or a name under which the rest is found
)"},
    {"TooManyOptions",
     Runbook().with(R"(option back "Go back" rollback automatic)", R"(option o0 "O" next
    option o1 "O" next
    option o2 "O" next
    option o3 "O" next
    option o4 "O" next
    option o5 "O" next
    option o6 "O" next
    option o7 "O" next
    option o8 "O" next
    option o9 "O" next
    option o10 "O" next
    option o11 "O" next
    option o12 "O" next
    option o13 "O" next
    option o14 "O" next
    option o15 "O" next
    option o16 "O" next
    option o17 "O" next
    option o18 "O" next
    option o19 "O" next
    option o20 "O" next
    option o21 "O" next
    option o22 "O" next
    option o23 "O" next
    option o24 "O" next
    option o25 "O" next
    option o26 "O" next
    option o27 "O" next
    option o28 "O" next
    option o29 "O" next
    option o30 "O" next
    option o31 "O" next)"),
     R"(33:3 RB0212 a decision has 32 options at most
  nobody chooses well among more
)"},
    {"SameConfirmationTwice",
     Runbook().after(R"(    confirm "Fine" by lead)", R"(    confirm "Fine" by owner)"),
     R"(27:13 RB0321 this confirmation stands here a second time, after line 26
  leave one out
)"},
    {"SameChannelTwice", Runbook().with("ask mail, oncall", "ask mail, mail"),
     R"(35:15 RB0320 channel `mail` stands twice in this list
  leave one out
)"},
    {"SameLabelTwice",
     Runbook().with("errors_total default 0", "errors_total by type, type default 0"),
     R"(7:55 RB0320 label `type` stands twice after `by`
  leave one out
)"},
    {"SameParameterTwice", Runbook().with("suite(phase: text)", "suite(phase: text, phase: text)"),
     R"(13:29 RB0320 parameter `phase` is there twice
  give one of them another name
24:5 RB0402 action `suite` needs `phase`
  add `phase: …`
)"},
    {"ALongWindow", Runbook().with("hold 2h", "hold 100000h"),
     R"(31:10 RB0108 `100000h`: this number is too large
  the longest duration is 3650d
)"},
    {"NextLeadsToNext", Runbook().with(R"(option back "Go back")", R"(option next "Go back")"),
     R"(38:12 RB0206 an option called `next` must lead to `next`
  give it another name
)"},
    {"AReminderEveryMillisecond", Runbook().with("ask mail, oncall", "ask mail, remind every 1ms"),
     R"(35:28 RB0212 reminders come a second apart at least
  write `1s` or more
)"},
    {"DecidesTwice", Runbook().after("    hold 2h", R"(    decide verdict
    decide verdict)"),
     R"(33:5 RB0321 `decide` stands here a second time, after line 32
  leave one out
)"},
    {"AGuardWithTwoExits",
     Runbook().after("    otherwise rollback automatic", "    otherwise rollback automatic"),
     R"(20:5 RB0321 `otherwise` stands here a second time, after line 19
  leave one out
)"},
    {"ADecisionThatSaysThingsTwice", Runbook().after("    ask mail, oncall", R"(    ask mail
    by lead
    within 2h otherwise rollback automatic)"),
     R"(36:5 RB0321 `ask` stands here a second time, after line 35
  leave one out
37:5 RB0321 `by` stands here a second time, after line 34
  leave one out
39:5 RB0321 `within` stands here a second time, after line 38
  leave one out
)"},
    {"TwoFinishes", Runbook().after("  finish traffic 50%", "  success { finish traffic 50% }"),
     R"(45:13 RB0321 `finish traffic` stands here a second time, after line 44
  leave one out
)"},
    {"AnEmptyService", Runbook().with(R"(service "shop")", R"(service "")"),
     R"(3:11 RB0212 the service needs a name
  write what is rolled out: `service "shop"`
)"},
    {"AnIncidentWithArguments",
     Runbook().with(R"(page oncall "Back: {cause}")",
                    R"(open incident(severity: high, team: "web"))"),
     ""},
    {"AnIncidentWithAnUnnamedArgument",
     Runbook().with(R"(page oncall "Back: {cause}")", "open incident(high)"),
     R"(42:19 RB0308 this value needs a name
  write `severity: high`
)"},
    {"AStageNamedLikeAPath", Runbook().with("stage second {", R"(stage "a.b" {)"),
     R"(29:9 RB0201 expected a stage's name, found `"a.b"`
  it is written like `stage canary_5 using canary_stage {`
)"},
    {"ManyErrorsInOneRun",
     Runbook()
         .with("error_rate > 1%", "eror_rate > 1%")
         .with("run suite(", "run suit(")
         .with("page oncall", "page oncal"),
     R"(15:10 RB0301 no metric is called `eror_rate`
  did you mean `error_rate`?
24:9 RB0304 no action is called `suit`
  did you mean `suite`?
42:10 RB0303 no channel is called `oncal`
  did you mean `oncall`?
)"},
    {"SyntaxErrorsDoNotHideUnknownNames",
     Runbook().with("hold 2h", "hold five").with("page oncall", "page oncal"),
     R"(31:10 RB0201 expected `until` or a duration like `5m`, found `five`
  it is written like `hold 2h at most 3h`
42:10 RB0303 no channel is called `oncal`
  did you mean `oncall`?
)"},
    {"ANameOfABrokenDeclarationIsKnown",
     Runbook().with("metric queue      = gauge max queue_length",
                    "metric queue = gague max queue_length"),
     R"(9:18 RB0201 expected `counter`, `histogram`, `gauge` or a quotient like `errors / requests`, found `gague`
  did you mean `gauge`?
)"},
};

class Resolve : public testing::TestWithParam<Case> {};

TEST_P(Resolve, Finds) { EXPECT_EQ(findings(GetParam().runbook), GetParam().expected); }

INSTANTIATE_TEST_SUITE_P(Cases, Resolve, testing::ValuesIn(kResolveCases),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace rollbook::dsl
