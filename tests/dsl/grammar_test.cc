#include <gtest/gtest.h>

#include <random>

#include "dsl/lexer.h"
#include "dsl/parse.h"
#include "tests/dsl/support.h"

namespace rollbook::dsl {
namespace {

// The statement inside a block of the runbook, printed back without the frame; then what was found.
std::string parsed(const std::string& head, const std::string& statement) {
  Sink sink("x");
  const std::string text = "edition 1\nrunbook r {\n" + head + "\n" + statement + "\n}" +
                           (head.empty() ? "" : "\n}") + "\n";
  const std::string printed = ast::print(parse(text, sink));
  const std::size_t begin = printed.find('\n', head.empty() ? 0 : printed.find('\n') + 1) + 1;
  std::string inside = printed.substr(begin);
  for (int frame = head.empty() ? 1 : 2; frame > 0; --frame)
    inside.erase(inside.rfind('\n', inside.size() - 2) == std::string::npos
                     ? 0
                     : inside.rfind('\n', inside.size() - 2) + 1);
  std::string plain;
  std::istringstream lines(inside);
  for (std::string line; std::getline(lines, line);)
    plain += (plain.empty() ? "" : " ") + line.substr(line.find_first_not_of(' '));
  return plain + test::lines(sink);
}

constexpr const char* kRunbook = "";
constexpr const char* kStage = "stage s {";
constexpr const char* kGuard = "guard {";
constexpr const char* kDecide = "decide d {";
constexpr const char* kRequire = "require {";
constexpr const char* kSuccess = "success {";
constexpr const char* kRollback = "rollback b {";
constexpr const char* kSetup = "setup {";

struct Case {
  const char* block;
  const char* text;
  const char* printed;
};

// What the statement prints as when that is how it is written.
constexpr const char* kSame = nullptr;

TEST(Grammar, ReadsEveryStatement) {
  const Case cases[] = {
      {kRunbook, "title \"a \\\"b\\\"\"", kSame},
      {kRunbook, "service \"hal9\"", kSame},
      {kRunbook, "arms by label \"system\": baseline \"a\", canary \"b\"", kSame},
      {kRunbook, "load 900/s peak", kSame},
      {kRunbook, "load 900/s peak,\n 120/s trough", "load 900/s peak, 120/s trough"},
      {kRunbook, "role a, b,\n  # why\n  c", "role a, b, c"},
      {kRunbook, "metric a = counter x_total", "metric a = counter \"x_total\""},
      {kRunbook, "metric a = counter \"http.requests\" by \"http.route\", region default 0 unsplit",
       "metric a = counter \"http.requests\" by http.route, region unsplit default 0"},
      {kRunbook, "metric a = counter x by k8s.pod.name, region",
       "metric a = counter \"x\" by k8s.pod.name, region"},
      {kRunbook, "metric a = counter x{code=~\"5..\", \"le\"!=\"1\",b!~\"c\", d=\"\"}",
       "metric a = counter \"x\"{code=~\"5..\", le!=\"1\", b!~\"c\", d=\"\"}"},
      {kRunbook, "metric a = histogram in ms x", "metric a = histogram \"x\" in ms"},
      {kRunbook, "metric a = histogram x in us by l", "metric a = histogram \"x\" in us by l"},
      {kRunbook, "metric a = gauge max x", "metric a = gauge max \"x\""},
      {kRunbook, "metric a = gauge mean in s x", "metric a = gauge mean \"x\""},
      {kRunbook, "metric over = errors /\n requests", "metric over = errors / requests"},
      {kRunbook, "channel c = smtp(\"a@b.c\")", kSame},
      {kRunbook, "channel c = log()", kSame},
      {kRunbook, "action a()", kSame},
      {kRunbook, "action a(a: ratio, b: points, c: duration, d: rate, e: count, f: size, g: text)",
       kSame},
      {kRunbook, "param limit: ratio = 0.1% from 0.01% to 1%", kSame},
      {kRunbook, "param wait: duration = 2h", kSame},
      {kRunbook, "param phase: text = \"canary\"", kSame},
      {kRunbook, "advance only Mon-Fri 09:00-17:00 \"Europe/Berlin\"", kSame},
      {kRunbook, "advance only Mon - Thu, Sun 22 : 00 -\n04:30 \"UTC\"",
       "advance only Mon-Thu, Sun 22:00-04:30 \"UTC\""},
      {kRunbook, "advance only 00:00-24:00 \"UTC\"", kSame},
      {kRunbook, "after runbook other, another", kSame},
      {kRunbook, "action a(n: count) idempotent", kSame},
      {kRunbook, "guard always { stop a > 1% over 5m }", kSame},
      {kRunbook, "begins traffic 50%", kSame},
      {kRunbook, "finish traffic 50%", kSame},
      {kRunbook, "target eu where region = \"eu\"", kSame},
      {kRunbook, "target eu where \"cloud.region\" = \"eu-1\"",
       "target eu where cloud.region = \"eu-1\""},
      {kRunbook, "begins traffic eu 50%", kSame},
      {kRunbook, "finish traffic eu 50%", kSame},
      {kRunbook, "guard eu { stop a > 1% over 5m }", kSame},
      {kRunbook, "require { }", "require { }"},
      {kRunbook, "stage s using t { traffic 5% }", "stage s using t { traffic 5% }"},
      {kRunbook, "template t {\n}", "template t { }"},

      {kStage, "traffic 5% within 10m", kSame},
      {kStage, "traffic eu 5% within 10m", kSame},
      {kStage, "ramp traffic eu to 50% over 30m", kSame},
      {kStage, "expect traffic eu split as planned", kSame},
      {kStage, "ramp traffic to 50% over 30m every 1m within 5m", kSame},
      {kStage, "ramp traffic to 50% over 30m", kSame},
      {kStage, "ramp traffic to 50% over 30m every 1m within 5m irreversible", kSame},
      {kStage, "traffic 5% irreversible", kSame},
      {kStage, "run a(x: 1) within 1h irreversible", kSame},
      {kStage, "checkpoint \"c\" irreversible", kSame},
      {kStage, "undo { run a()\nnotify c \"x\" }", "undo { run a() notify c \"x\" }"},
      {kStage, "hold until fill at most 8h", kSame},
      {kStage, "hold 2h and 1000 requests", kSame},
      {kStage, "hold 2h and 1000 requests at most 3h { report stage }", kSame},
      {kStage, "within 5m otherwise halt", kSame},
      {kStage, "hold 2h", kSame},
      {kStage, "hold 2h at most 3h { run a() within 1h\n notify c \"x\" }",
       "hold 2h at most 3h { run a() within 1h notify c \"x\" }"},
      {kStage, "run a(x: 10%, y: \"b\", z: high, 5m)", kSame},
      {kStage, "run a(\n  x: 1,\n  y: 2\n) within 1h", "run a(x: 1, y: 2) within 1h"},
      {kStage, "start a(share: 10%)", kSame},
      {kStage, "checkpoint \"c\" within 10m", kSame},
      {kStage, "on enter { start a()\nreport stage }", "on enter { start a() report stage }"},
      {kStage, "on exit { report stage }", kSame},
      {kStage, "notify a, b \"text {cause} {{\"", kSame},
      {kStage, "page a \"t\"", kSame},
      {kStage, "open incident(severity: high)", kSame},
      {kStage, "expect error_rate < 0.1% over 5m", kSame},
      {kStage, "expect low: error_rate <= 0.1% over 5m for 2m", kSame},
      {kStage, "expect low: error_rate <= 0.1% for 2m over 5m",
       "expect low: error_rate <= 0.1% over 5m for 2m"},
      {kStage, "expect baseline.p99.9(latency) >= 5ms over 1h", kSame},
      {kStage, "expect total.rate(a) > 5/s over 1h", kSame},
      {kStage, "expect count(a) >\n 5 over 1h", "expect count(a) > 5 over 1h"},
      {kStage, "expect a / b * 2 + c < (1 + 2) * 3% over 5m",
       "expect (((a / b) * 2) + c) < ((1 + 2) * 3%) over 5m"},
      {kStage, "expect over > 5 over 5m", kSame},
      {kStage, "replace expect low: error_rate < 1% over 5m", kSame},
      {kStage, "confirm \"x\" by a", kSame},
      {kStage, "confirm \"x\" by any of a, b", kSame},
      {kStage, "confirm \"x\" by all of a, b", kSame},
      {kStage, "confirm \"x\" by 2 of sre", kSame},
      {kStage, "decide verdict", kSame},
      {kStage, "within 24h otherwise decide verdict", kSame},
      {kStage, "within 24h", kSame},
      {kStage, "otherwise rollback gradual", kSame},

      {kRequire, "within 48h otherwise end", kSame},
      {kSuccess, "finish traffic 50%", kSame},
      {kRollback, "traffic 0%", kSame},
      {kRollback, "page a \"Rolled back: {cause}\"", kSame},
      {kSetup, "checkpoint \"pre\"", kSame},

      {kGuard, "stop a > 1% over 5m and b > 2% over 1h for 5m", kSame},
      {kGuard, "stop a > 1% over 5m at least 50 requests and absent(b) for 3m and c > 2 over 1m",
       kSame},
      {kGuard, "stop a > 1% over 5m and\n b > 2% over 1h",
       "stop a > 1% over 5m and b > 2% over 1h"},
      {kGuard, "pause while a > 0.05% over 5m for 1m", kSame},
      {kGuard, "otherwise halt", kSame},
      {kDecide, "option a \"b\" halt", kSame},
      {kDecide, "option a \"b\" next override", kSame},
      {kGuard, "stop p99(latency) > 50ms over 5m for 2m", kSame},
      {kGuard, "stop a > 1% at least 50 requests over 5m",
       "stop a > 1% over 5m at least 50 requests"},
      {kGuard, "stop absent(canary.requests) for 3m", kSame},
      {kGuard, "stop new(errors by type) at least 5 over 5m", kSame},
      {kGuard, "stop new(canary.errors by type, endpoint) at least 5 over 5m", kSame},
      {kGuard, "stop new(a by \"http.code\") at least 5 over 5m",
       "stop new(a by http.code) at least 5 over 5m"},
      {kGuard, "stop new(a by http.code, type) at least 5 over 5m", kSame},
      {kGuard, "stop a > 1% with confidence 99%", kSame},
      {kGuard, "stop p99(l) > 50ms with confidence 99.9%", kSame},
      {kStage, "expect canary.p99(l) <= baseline.p99(l) * 105% over 24h",
       "expect canary.p99(l) <= (baseline.p99(l) * 105%) over 24h"},
      {kStage, "expect a unchanged from previous 8h by at most 2%", kSame},
      {kStage, "expect total.rate(a) unchanged from same hours yesterday by at most 2%",
       "expect total.rate(a) unchanged from same hours yesterday by at most 2%"},
      {kStage, "expect low: a / b unchanged from same hours last week by at most 2%",
       "expect low: (a / b) unchanged from same hours last week by at most 2%"},
      {kStage, "expect a unchanged from previous 8h by at most 2% with confidence 99%",
       "expect a unchanged from previous 8h by at most 2% with confidence 99%"},
      {kStage, "expect traffic split as planned", kSame},
      {kGuard, "otherwise rollback automatic", kSame},

      {kDecide, "by all of a, b", kSame},
      {kDecide, "ask a, b, remind every 4h", kSame},
      {kDecide, "ask remind", kSame},
      {kDecide, "within 24h otherwise rollback gradual", kSame},
      {kDecide, "option proceed \"Go\" next", kSame},
      {kDecide, "option more \"More\" extend 24h at most 2", kSame},
      {kDecide, "option back \"Back\" rollback gradual", kSame},
  };
  for (const Case& c : cases)
    EXPECT_EQ(parsed(c.block, c.text), c.printed == kSame ? c.text : c.printed) << c.text;
}

TEST(Grammar, SaysWhatItExpected) {
  const Case cases[] = {
      {kRunbook, "titel \"a\"",
       "RB0202 no statement of `runbook` begins with `titel` | did you mean `title`?"},
      {kRunbook, "\"a\"", "RB0201 expected a statement of `runbook`, found `\"a\"`"},
      {kRunbook, "title hal9",
       "RB0201 expected a text in quotes, found `hal9` | it is written like `title \"The shop\"`"},
      {kRunbook, "load 900 peak",
       "RB0201 expected a rate like `900/s`, found `900` | it is written like `load 900/s peak, "
       "120/s trough`"},
      {kRunbook, "role a b",
       "RB0201 expected `,` or the end of the line, found `b` | it is written like `role lead, "
       "owner`"},
      {kRunbook, "metric a = countr x",
       "RB0201 expected `counter`, `histogram`, `gauge` or a quotient like `errors / requests`, "
       "found `countr` | did you mean `counter`?"},
      {kRunbook, "metric a = gauge x",
       "RB0201 expected `max`, `min`, `mean` or `last`, found `x` | it is written like `metric "
       "queue = gauge max queue_length`"},
      {kRunbook, "metric gauge = counter x",
       "RB0206 `gauge` is a kind of metric, not a name | give the metric another name"},
      {kRunbook, "metric a = counter x default 1",
       "RB0212 the default of a metric that is not there can only be `0` | write `default 0`, or "
       "leave it out"},
      {kRunbook, "action a(share: ration)",
       "RB0201 expected a type (`ratio`, `points`, `duration`, `rate`, `count`, `size` or "
       "`text`), found `ration` | did you mean `ratio`?"},
      {kRunbook, "stage s usng t {\ntraffic 5%\n}",
       "RB0201 expected `using` or `{`, found `usng` | did you mean `using`?"},
      {kRunbook, "hold 5m", "RB0203 `hold` has no place in `runbook` | it belongs in `stage`"},
      {kStage, "hold five",
       "RB0201 expected `until` or a duration like `5m`, found `five` | it is written like `hold "
       "2h at most "
       "3h`"},
      {kStage, "hold 5%",
       "RB0201 expected `until` or a duration like `5m`, found `5%` | it is written like `hold 2h "
       "at most "
       "3h`"},
      {kStage, "hold 2h att most 3h",
       "RB0201 expected `and … requests`, `at most`, `{` or the end of the line, found `att` | did "
       "you mean `at`?"},
      {kStage, "hold 2h at most 2h",
       "RB0212 `at most 2h` would end the hold before its own `2h` | write more than `2h`, or "
       "leave `at most` out"},
      {kStage, "hold 0s",
       "RB0212 `0s` must be above 0 | write how long, like `5m`; what shall take no time is left "
       "out"},
      {kStage, "traffic 5", "RB0201 expected a share of traffic like `5%`, found `5` | write `5%`"},
      {kStage, "traffic 101%",
       "RB0212 `101%` is more than all of the traffic | all of it is `100%`"},
      {kStage, "ramp traffic to 5% over 1m every 2m",
       "RB0212 a step every `2m` is longer than the `1m` of the whole ramp | write a step that "
       "fits into the ramp several times"},
      {kStage, "on entr { report stage }",
       "RB0201 expected `enter` or `exit`, found `entr` | did you mean `enter`?"},
      {kStage, "on enter { run a() }",
       "RB0203 `run` has no place in `on enter` | it belongs in `stage`, `hold`, `setup`, `undo` "
       "or "
       "`rollback`"},
      {kStage, "notify a b \"x\"",
       "RB0201 expected `,` or a message in quotes, found `b` | it is written like `notify mail "
       "\"Now at {weight}\"`"},
      {kStage, "run a(x: )",
       "RB0201 expected a number with its unit like `0.1%`, a text or a word, found `)` | it is "
       "written like `run suite(phase: \"first\") within 1h`"},
      {kStage, "expect error_rate",
       "RB0201 expected a comparison (`<`, `<=`, `>` or `>=`), found the end of the line | it is "
       "written like `expect error_rate < 0.5% over 5m`"},
      {kStage, "expect a == 1% over 5m",
       "RB0201 expected a comparison (`<`, `<=`, `>` or `>=`), found `==` | it is written like "
       "`expect error_rate < 0.5% over 5m`"},
      {kStage, "expect a < over 5m",
       "RB0201 expected a limit like `0.1%`, found `over` | it is written like `expect error_rate "
       "< 0.5% over 5m`"},
      {kStage, "expect a < 1% ovr 5m",
       "RB0201 expected `over`, `with confidence`, `for`, `at least` or the end of the line, found "
       "`ovr` | did you "
       "mean `over`?"},
      {kStage, "expect a < 1%", "RB0207 over what time? a condition needs `over` | add `over 5m`"},
      {kStage, "expect a < 1% over 5m over 6m",
       "RB0209 `over` was said already | leave one of the two out"},
      {kStage, "expect 1% > a over 5m",
       "RB0403 the limit stands on the right | write the metric first, like `error_rate < 0.1%`"},
      {kStage, "expect absent(a) for 5m",
       "RB0203 `absent` belongs in `stop` | silence is never a reason to go on: `stop "
       "absent(metric) for 3m`"},
      {kStage, "expect a < 1% over 5m at least 5 requests",
       "RB0203 `at least … requests` belongs in `stop` | an `expect` always needs a window that "
       "was watched whole"},
      {kStage, "expect canry.p99(l) < 5ms over 5m",
       "RB0370 no target is called `canry`, and no arm | did you mean `canary`?"},
      {kStage, "expect rat(l) < 5ms over 5m",
       "RB0210 no function is called `rat` | did you mean `rate`?"},
      {kStage, "expect p100(l) < 5ms over 5m",
       "RB0210 no function is called `p100` | functions are `p99(…)` and other quantiles, "
       "`rate(…)`, `count(…)`, "
       "`bracket(…)`"},
      {kStage, "confirm \"x\" by a, b",
       "RB0205 a list of roles says neither all nor any | write `by all of …` or `by any of …`"},
      {kStage, "confirm \"x\" by all a",
       "RB0201 expected `of`, found `a` | it is written like `confirm \"No complaints\" by owner`"},
      {kStage, "confirm \"x\" by 0 of a", "RB0212 `0` must be above 0 | write 1 or more"},
      {kStage, "confirm \"x\" by 1.5 of a",
       "RB0201 expected `any`, `all`, a number like `2` or a role, found `1.5` | it is written "
       "like `confirm \"No complaints\" by owner`"},
      {kStage, "within 24h otherwise stop",
       "RB0201 expected `decide`, `rollback`, `halt` or `end`, found `stop` | it is written like "
       "`within "
       "24h otherwise rollback automatic`"},
      {kStage, "stop a > 1% over 5m",
       "RB0203 `stop` has no place in a stage | it belongs in `guard`"},
      {kStage, "expect new(a by b) at least 5 over 5m",
       "RB0203 `new` belongs in `stop` | what the baseline never showed is no reason to go on: "
       "`stop new(errors by type) at least 5 over 5m`"},
      {kGuard, "stop new(a by b) at least 5",
       "RB0207 over what time? `new` needs `over` | add `over 5m`"},
      {kGuard, "stop new(a) at least 5 over 5m",
       "RB0201 expected `by`, found `)` | it is written like `stop new(errors by type) at least 5 "
       "over 5m`"},
      {kGuard, "stop absent(a)",
       "RB0208 how long may it be silent? `absent` needs `for` | add `for 3m`"},
      {kGuard, "stop absent(a) for 3m over 5m",
       "RB0209 `absent` knows only `for`: silence has no window and no requests | leave it out"},
      {kDecide, "option a \"b\" nxt",
       "RB0201 expected `next`, `extend`, `rollback` or `halt`, found `nxt` | did you mean "
       "`next`?"},
      {kDecide, "option a \"b\" extend 1h",
       "RB0201 expected `at most`, found the end of the line | it is written like `option longer "
       "\"Extend the canary\" extend 24h at most 2`"},
      {kDecide, "option a \"b\" extend 1h at most 0",
       "RB0212 `0` must be above 0 | write 1 or more"},
      {kRequire, "decide x",
       "RB0203 `decide` has no place in `require` | it belongs in `stage`, and its declaration in "
       "`runbook`"},
  };
  for (const Case& c : cases) {
    const std::string found = parsed(c.block, c.text);
    const std::size_t at = found.find(" RB");
    ASSERT_NE(at, std::string::npos) << c.text << "\n" << found;
    EXPECT_EQ(found.substr(at + 1), c.printed) << c.text;
  }
}

TEST(Grammar, SaysWhatIsWrongInASelector) {
  const struct {
    const char* selector;
    const char* found;
  } cases[] = {
      {"{a=\"b\" c=\"d\"}",
       "3:30 RB0112 expected `,` or `}` in the label selector | a selector is written like "
       "`{code=~\"5..\", region!=\"eu\"}`"},
      {"{a=\"b\", =\"d\"}",
       "3:31 RB0112 expected a label in the selector | a selector is written like `{code=~\"5..\", "
       "region!=\"eu\"}`"},
      {"{a=b}",
       "3:26 RB0112 expected the label's value in quotes | a selector is written like "
       "`{code=~\"5..\", region!=\"eu\"}`"},
      {"{a=\"b\", c}",
       "3:32 RB0112 expected `=`, `!=`, `=~` or `!~` after the label | a selector is written like "
       "`{code=~\"5..\", region!=\"eu\"}`"},
      {"{\"a\"=\"b\\d\"}",
       "3:30 RB0112 `\\d` is no escape | as in PromQL, a backslash of a pattern is written twice: "
       "`\\\\.`"},
      {"{a=~\"5(..\"}",
       "3:27 RB0112 this pattern is not valid: missing ): 5(.. | write a pattern of RE2, as `5..`"},
      {"{a=\"b\",}", ""},
      {"{ a = \"b\" , c=~\"\\\\d\\t\\n\\\"\" }", ""},
  };
  for (const auto& c : cases) {
    Sink sink("x");
    parse("edition 1\nrunbook r {\n  metric m = counter x" + std::string(c.selector) + "\n}\n",
          sink);
    EXPECT_EQ(test::lines(sink), *c.found == '\0' ? "" : std::string("\nx:") + c.found)
        << c.selector;
  }
}

TEST(Grammar, ABlockInTheWrongPlaceIsOneFinding) {
  Sink sink("x");
  parse(
      "edition 1\nrunbook r {\n  guard {\n    hold 5m\n    traffic 5%\n\n    run a()\n"
      "    stop a > 1% over 5m\n    hold 5m\n  }\n}\n",
      sink);
  EXPECT_EQ(test::lines(sink),
            "\nx:4:5 RB0203 `hold` has no place in `guard` | it belongs in `stage`"
            "\nx:9:5 RB0203 `hold` has no place in `guard` | it belongs in `stage`");
}

TEST(Grammar, SaysWhereTheWordsOfControlFlowBelong) {
  const struct {
    const char* block;
    const char* text;
    const char* found;
  } cases[] = {
      {kStage, "irreversible",
       "RB0203 `irreversible` has no place in a stage | it belongs in the end of a step, like `run "
       "drop_old() irreversible`"},
      {kRollback, "undo {\nrun a()\n}",
       "RB0203 `undo` has no place in `rollback` | it belongs in `stage` or `template`"},
      {kStage, "pause while a > 1% over 5m",
       "RB0203 `pause` has no place in a stage | it belongs in `guard`, as `pause while …`"},
      {kStage, "halt",
       "RB0203 `halt` has no place in a stage | it belongs in `otherwise` and `option`"},
      {kGuard, "pause when a > 1% over 5m",
       "RB0201 expected `while`, found `when` | it is written like `pause while error_rate > 0.5% "
       "over 5m`"},
      {kStage, "hold until fill",
       "RB0201 expected `at most`, found the end of the line | it is written like `hold until "
       "backfill at most 24h`"},
      {kStage, "hold 2h and many requests",
       "RB0201 expected a number like `2`, found `many` | it is written like `hold 2h at most 3h`"},
      {kStage, "hold",
       "RB0201 expected `until` or a duration like `5m`, found the end of the line | it is written "
       "like `hold 2h at most 3h`"},
  };
  for (const auto& c : cases) {
    const std::string found = parsed(c.block, c.text);
    const std::size_t at = found.find(" RB");
    ASSERT_NE(at, std::string::npos) << c.text << "\n" << found;
    EXPECT_EQ(found.substr(at + 1), c.found) << c.text;
  }
}

TEST(Grammar, TheFilesFrame) {
  const struct {
    const char* text;
    const char* found;
  } cases[] = {
      {"", "\nx:1:1 RB0103 the runbook is empty | it begins with `edition 1` and `runbook NAME {`"},
      {"# nothing\n",
       "\nx:2:1 RB0103 the runbook is empty | it begins with `edition 1` and `runbook NAME {`"},
      {"edition 1\nrunbook a {\n}\n", ""},
      {"runbook a {\n}\n",
       "\nx:1:1 RB0204 a runbook begins with its edition | write `edition 1` above"},
      {"edition 2\nrunbook a {\n}\n", "\nx:1:9 RB0204 there is no edition 2 | write `edition 1`"},
      {"edition one\nrunbook a {\n}\n",
       "\nx:1:9 RB0201 expected `1`, found `one` | it is written like `edition 1`"},
      {"edition 1\n",
       "\nx:2:1 RB0201 expected `runbook NAME {`, found the end of the file | a runbook begins "
       "with `edition 1` and `runbook NAME {`"},
      {"edition 1\nrunbok a {\ntitle \"x\"\n}\n",
       "\nx:2:1 RB0202 no statement of the file begins with `runbok` | did you mean `runbook`?"},
      {"edition 1\nrunbook a\n{\n}\n",
       "\nx:2:10 RB0201 expected `{`, found the end of the line | it is written like `runbook "
       "shop_canary {`"},
      {"edition 1\nrunbook a {\n}\nrunbook b {\n}\n",
       "\nx:4:1 RB0201 expected the end of the file, found `runbook` | a file holds one runbook"},
      {"edition 1\nimport \"x\"\nrunbook a {\n}\n",
       "\nx:2:1 RB0562 this text must stand alone, and `import` names a file beside it | send what "
       "`rollbook expand --imports FILE` prints"},
  };
  for (const auto& c : cases) {
    Sink sink("x");
    parse(c.text, sink);
    EXPECT_EQ(test::lines(sink), c.found) << c.text;
  }
}

TEST(Grammar, KeepsPlacesAndTexts) {
  Sink sink("x");
  const ast::Runbook runbook = parse(
      "edition 1\nrunbook r {\n  guard {\n    stop  p99(l)>50ms   over 5m  # why\n  }\n"
      "  stage s using t {\n    hold 2h { run a() }\n  }\n}\n",
      sink);
  ASSERT_FALSE(sink.has_errors()) << test::lines(sink);
  EXPECT_EQ(runbook.name.text, "r");
  EXPECT_EQ(runbook.span, (core::Span{2, 1, 2, 10}));
  const auto guards = ast::all<ast::Guard>(runbook.statements);
  ASSERT_EQ(guards.size(), 1U);
  EXPECT_EQ(guards[0]->span, (core::Span{3, 3, 3, 8}));
  const auto stops = ast::all<ast::Stop>(guards[0]->block);
  ASSERT_EQ(stops.size(), 1U);
  EXPECT_EQ(stops[0]->criterion.text, "p99(l) > 50ms over 5m");  // whatever its layout
  EXPECT_EQ(stops[0]->criterion.span, (core::Span{4, 11, 4, 32}));
  const auto& comparison = std::get<ast::Comparison>(stops[0]->criterion.condition);
  const auto& call = std::get<ast::Call>(comparison.left.node);
  EXPECT_EQ(call.quantile, core::Fixed::from_nanos(990'000'000));
  EXPECT_EQ(call.argument.span, (core::Span{4, 15, 4, 16}));
  EXPECT_EQ(comparison.comparison_span, (core::Span{4, 17, 4, 18}));
  EXPECT_EQ(stops[0]->criterion.over->duration(), std::chrono::minutes(5));
  const auto stages = ast::all<ast::Stage>(runbook.statements);
  ASSERT_EQ(stages.size(), 1U);
  EXPECT_EQ(stages[0]->span, (core::Span{6, 3, 6, 18}));
  EXPECT_EQ(stages[0]->base->text, "t");
  const auto holds = ast::all<ast::Hold>(stages[0]->block);
  ASSERT_EQ(holds.size(), 1U);
  EXPECT_EQ(holds[0]->span, (core::Span{7, 5, 7, 12}));
  EXPECT_EQ(holds[0]->block.size(), 1U);
}

TEST(Grammar, AMistakeCostsItsStatementAlone) {
  Sink sink("x");
  const ast::Runbook runbook = parse(
      "edition 1\nrunbook r {\n  metric a = countr x\n  role b,\n  stage s {\n    hold five\n"
      "    traffic 5%\n    expect a <\n    run q(\n    decide d\n  }\n  metric c = counter y\n}\n",
      sink);
  EXPECT_EQ(ast::print(runbook),
            "runbook r {\n"
            "  error metric a\n"
            "  error role b\n"
            "  stage s {\n"
            "    error hold five\n"
            "    traffic 5%\n"
            "    error expect a\n"
            "    error run q\n"
            "    decide d\n"
            "  }\n"
            "  metric c = counter \"y\"\n"
            "}\n")
      << test::lines(sink);
  EXPECT_EQ(sink.errors(), 5U) << test::lines(sink);
}

TEST(Grammar, LostBracesAreFoundByIndentation) {
  const std::string text =
      "edition 1\n"
      "runbook r {\n"
      "  guard {\n"
      "    stop a > 1% over 5m\n"
      "    otherwise rollback b\n"
      "  }\n"
      "  stage s {\n"
      "    on exit { report stage }\n"
      "    hold 2h {\n"
      "      run a()\n"
      "    }\n"
      "    traffic 5%\n"
      "  }\n"
      "}\n";
  Sink none("x");
  const ast::Runbook whole = parse(text, none);
  ASSERT_FALSE(none.has_errors()) << test::lines(none);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '{' && text[at] != '}') continue;
    Sink sink("x");
    std::string broken = text;
    broken.erase(at, 1);
    const ast::Runbook repaired = parse(broken, sink);
    EXPECT_EQ(sink.errors(), 1U) << at << test::lines(sink);
    EXPECT_EQ(sink.diagnostics()[0].code, "RB0111");
    // Where the brace stood on a line of its own or ended one, nothing of the meaning is lost.
    const bool one_line = text.find("on exit") < at && at < text.find("hold");
    if (!one_line) {
      EXPECT_EQ(ast::print(repaired), ast::print(whole)) << at << test::lines(sink);
    }
  }
}

TEST(Grammar, TheExampleIsReadWhole) {
  Sink sink("example.runbook");
  const ast::Runbook runbook = parse(test::example(), sink);
  EXPECT_EQ(test::lines(sink), "");
  // What is printed is a runbook too, the same one.
  Sink again("printed");
  const std::string printed = ast::print(runbook);
  EXPECT_EQ(ast::print(parse("edition 1\n" + printed, again)), printed);
  EXPECT_EQ(test::lines(again), "");
  EXPECT_EQ(ast::all<ast::Stage>(runbook.statements).size(), 4U);
}

TEST(Grammar, OneTokenTooFewIsAtMostOneFinding) {
  const std::string text = test::example();
  Sink none("x");
  for (const Token& token : lex(text, none)) {
    std::string broken = text;
    broken.erase(token.begin, token.end - token.begin);
    Sink sink("x");
    parse(broken, sink);
    EXPECT_LE(sink.errors(), 1U) << "without `" << token.value << "` of line " << token.span.line
                                 << test::lines(sink);
  }
}

TEST(Grammar, OneTokenTooManyIsAFewFindings) {
  const std::vector<std::string> extras = {" { ", " } ",     " ( ",  " ) ", " , ",
                                           " : ", " stage ", " 5m ", "\n"};
  const std::string text = test::example();
  Sink none("x");
  const Tokens tokens = lex(text, none);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    // Every token meets a third of them, every kind of token all.
    for (std::size_t k = i % 3; k < extras.size(); k += 3) {
      std::string broken = text;
      broken.insert(tokens[i].begin, extras[k]);
      Sink sink("x");
      parse(broken, sink);
      EXPECT_LE(sink.errors(), 3U) << "with `" << extras[k] << "` before `" << tokens[i].value
                                   << "` of line " << tokens[i].span.line << test::lines(sink);
    }
  }
}

TEST(Grammar, AnyBeginOfATextIsReadWithoutHarm) {
  const std::string text = test::example();
  for (std::size_t length = 0; length <= text.size(); ++length) {
    Sink sink("x");
    ast::print(parse(text.substr(0, length), sink));
    EXPECT_LE(sink.errors(), 6U) << length << test::lines(sink);
  }
}

TEST(Grammar, NoTextDoesHarm) {
  const std::string text = test::example();
  std::mt19937 random(11);
  for (int round = 0; round < 400; ++round) {
    std::string broken = text;
    for (int edit = 0; edit <= round % 40; ++edit) {
      const std::size_t from = random() % broken.size();
      if (random() % 2 == 0)
        broken[from] = "{}()\",:\n#x5%"[random() % 12];
      else
        broken.insert(from, broken.substr(random() % broken.size(), random() % 30));
    }
    Sink sink("x");
    ast::print(parse(broken, sink));
    for (const auto& found : sink.diagnostics()) render(found, broken);
  }
}

TEST(Grammar, DeepExpressionsAreRefused) {
  std::string sum = "1";
  for (int i = 0; i < 40; ++i) sum += " + 1";
  const std::string found = parsed(kGuard, ("stop a > " + sum + " over 5m").c_str());
  EXPECT_NE(found.find("RB0201"), std::string::npos) << found;
}

}  // namespace
}  // namespace rollbook::dsl
