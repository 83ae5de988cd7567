#include "dsl/params.h"

#include <gtest/gtest.h>

#include "dsl/compiler.h"
#include "tests/dsl/compiling.h"

namespace rollbook::dsl {
namespace {

// A runbook in which every type of parameter stands where its literal did.
Runbook with_every_type() {
  return Runbook()
      .after("  role lead, owner",
             "  param limit: ratio = 1% from 0.1% to 5%\n"
             "  param share: ratio = 10%\n"
             "  param latency_most: duration = 50ms\n"
             "  param held: duration = 1h from 30m to 4h\n"
             "  param length: count = 1000\n"
             "  param phase: text = \"first\"")
      .with("error_rate > 1% over 5m", "error_rate > limit over 5m")
      .with("p99(latency) > 50ms", "p99(latency) > latency_most")
      .with("queue > 1000", "queue > length")
      .with("traffic 10%", "traffic share")
      .with("hold 1h", "hold held")
      .with("suite(phase: \"first\")", "suite(phase: phase)");
}

runtime::Compiled started(const std::string& text, const std::vector<core::Argument>& params) {
  return Compiler().compile("t.runbook", text, params);
}
std::string refused(const std::string& text, const std::vector<core::Argument>& params) {
  const runtime::Compiled compiled = started(text, params);
  EXPECT_FALSE(compiled.plan);
  std::string lines;
  for (const runtime::Diagnostic& found : compiled.diagnostics) {
    lines += std::to_string(found.span.line) + ":" + std::to_string(found.span.column) + " " +
             found.code + " " + found.message + "\n  " + found.help + "\n";
  }
  return lines;
}

TEST(Params, StandWhereverALiteralOfTheirTypeMay) {
  EXPECT_EQ(findings(with_every_type()), "");
  EXPECT_TRUE(placeless_machine(with_every_type()) == placeless_machine(Runbook()));
}

TEST(Params, EveryOtherType) {
  const auto one = [](const char* param, const char* part, const char* instead) {
    return Runbook().after("  role lead, owner", param).with(part, instead).text();
  };
  EXPECT_EQ(errors(one("  param x: rate = 5/s", "error_rate > 1% over 5m",
                       "rate(errors) > x over 5m at least 5 requests")),
            "");
  EXPECT_EQ(errors(one("  param x: size = 64KiB", "queue > 1000", "queue > x")), "");
  EXPECT_EQ(
      errors(one("  param x: text = \"Back: {cause}\"", "oncall \"Back: {cause}\"", "oncall x")),
      "");
  EXPECT_EQ(errors(one("  param x: text = \"shop\"", "service \"shop\"", "service x")), "");
  EXPECT_EQ(errors(one("  param x: count = 2", "by all of lead, owner", "by x of lead, owner")),
            "");
  EXPECT_EQ(errors(one("  param x: ratio = 50%", "error_rate > 1%", "error_rate > x * 2%")), "");
}

TEST(Params, ConditionsAreReadWithTheirValues) {
  const core::Machine machine = placeless_machine(with_every_type());
  EXPECT_EQ(machine.criteria[0].text, "error_rate > 1% over 5m");
}

TEST(Params, GivenValuesTakeThePlaceOfDefaultsAndOfTheDigest) {
  const std::string text = with_every_type();
  const auto plain = started(text, {});
  const auto given = started(text, {{"limit", "2%"}, {"phase", "a \"b\"\\ c"}, {"held", "2h"}});
  ASSERT_TRUE(plain.plan && given.plan);
  EXPECT_EQ(plain.plan->expanded, text);
  EXPECT_EQ(given.plan->source, text);
  EXPECT_NE(given.plan->digest, plain.plan->digest);
  EXPECT_EQ(given.plan->digest, sha256_hex(given.plan->expanded));
  EXPECT_NE(given.plan->expanded.find("param limit: ratio = 2% from 0.1% to 5%"),
            std::string::npos);
  EXPECT_EQ(given.plan->machine.criteria[0].limit, core::Fixed::from_nanos(20'000'000));
  // What runs stands alone: nobody needs to know what was given.
  EXPECT_EQ(started(given.plan->expanded, {}).plan->machine, given.plan->machine);
  bool found = false;
  for (const core::Effect& effect : given.plan->machine.effects) {
    for (const core::Argument& argument : effect.arguments) {
      found = found || argument.value == "a \"b\"\\ c";
    }
  }
  EXPECT_TRUE(found);
}

TEST(Params, ARatioIsGivenAsAFractionToo) {
  const std::string text = with_every_type();
  for (const auto& [fraction, percent] :
       {std::pair{"0.002", "0.2%"}, {"0.0123456", "1.23456%"}, {"0.05", "5%"}}) {
    const auto given = started(text, {{"limit", fraction}});
    ASSERT_TRUE(given.plan) << fraction;
    EXPECT_EQ(given.plan->digest, started(text, {{"limit", percent}}).plan->digest) << fraction;
  }
  EXPECT_EQ(refused(text, {{"limit", "1.0"}}),
            "6:9 RB0461 parameter `limit` is a ratio from 0.1% to 5%, `1.0` lies outside\n"
            "  give a value from 0.1% to 5%\n");
  EXPECT_EQ(refused(text, {{"limit", "0.06"}}),
            "6:9 RB0461 parameter `limit` is a ratio from 0.1% to 5%, `0.06` lies outside\n"
            "  give a value from 0.1% to 5%\n");
  EXPECT_EQ(refused(text, {{"share", "1"}}),
            "7:9 RB0461 parameter `share` is a ratio, `1` is a count\n"
            "  give it like `share=10%`\n");
  EXPECT_EQ(refused(text, {{"held", "0.5"}}),
            "9:9 RB0461 parameter `held` is a duration from 30m to 4h, `0.5` is a count\n"
            "  give it like `held=1h`\n");
}

TEST(Params, WhatIsGivenAndDoesNotFitIsOneFindingWithAWayOut) {
  const std::string text = with_every_type();
  EXPECT_EQ(refused(text, {{"limt", "1%"}}),
            "1:1 RB0361 no parameter is called `limt`\n  did you mean `limit`?\n");
  EXPECT_EQ(refused(Runbook(), {{"limit", "1%"}}),
            "1:1 RB0361 no parameter is called `limit`\n"
            "  this runbook has no parameters; leave it out\n");
  EXPECT_EQ(refused(text, {{"limit", "6%"}}),
            "6:9 RB0461 parameter `limit` is a ratio from 0.1% to 5%, `6%` lies outside\n"
            "  give a value from 0.1% to 5%\n");
  EXPECT_EQ(refused(text, {{"limit", "2"}}),
            "6:9 RB0461 parameter `limit` is a ratio from 0.1% to 5%, `2` is a count\n"
            "  give it like `limit=1%`\n");
  EXPECT_EQ(refused(text, {{"held", "soon"}}),
            "9:9 RB0461 parameter `held` is a duration from 30m to 4h, `soon` is none\n"
            "  give it like `held=1h`\n");
  EXPECT_EQ(refused(text, {{"held", "1h; traffic 100%"}}),
            "9:9 RB0461 parameter `held` is a duration from 30m to 4h, `1h; traffic 100%` is none\n"
            "  give it like `held=1h`\n");
  EXPECT_EQ(refused(text, {{"phase", "\xff"}}),
            "11:9 RB0461 parameter `phase` is given what is no text\n  give plain UTF-8\n");
  EXPECT_EQ(refused(text, {{"share", "5%"}, {"share", "6%"}}),
            "7:9 RB0461 parameter `share` is given twice\n  leave one out\n");
  EXPECT_NE(refused(text, {{"phase", std::string(5000, 'x')}}).find("4096 bytes at most"),
            std::string::npos);
}

TEST(Params, MistakesInADeclarationAreOneFinding) {
  const struct {
    const char* param;
    const char* expected;
  } cases[] = {
      {"  param x: ratio = 5m",
       "6:20 RB0401 parameter `x` is a ratio, this is a duration\n  write a value of its type, or "
       "declare it with another one\n"},
      {"  param x: ratio = 1% from 2% to 5%",
       "6:20 RB0212 the default `1%` lies outside of its own bounds\n  take one between `2%` and "
       "`5%`\n"},
      {"  param x: ratio = 1% from 5% to 2%",
       "6:28 RB0212 the bounds of `x` leave nothing between\n  write the lower one first\n"},
      {"  param x: ratio = 1% from 0s to 2%",
       "6:28 RB0401 parameter `x` is a ratio, this is a duration\n  write a value of its type, or "
       "declare it with another one\n"},
      {"  param x: text = \"a\" from 1 to 2",
       "6:28 RB0212 a text has no bounds\n  leave `from … to …` out\n"},
      {"  param x: percent = 1%",
       "6:12 RB0201 expected a type (`ratio`, `points`, `duration`, `rate`, `count`, `size` or "
       "`text`), found `percent`\n  it is written like `param limit: ratio = 0.1% from 0.01% to "
       "1%`\n"},
      {"  param x: ratio",
       "6:17 RB0201 expected `=`, found the end of the line\n  it is written like `param limit: "
       "ratio = 0.1% from 0.01% to 1%`\n"},
      {"  param requests: ratio = 1%",
       "6:9 RB0320 `requests` is a metric already\n  give one of them another name\n"},
      {"  param over: ratio = 1%",
       "6:9 RB0206 no parameter can be called `over`\n  give it another name\n"},
      {"  param x: ratio = 1%\n  param x: ratio = 2%",
       "7:9 RB0320 parameter `x` is there already, in line 6\n  leave one out, or give it another "
       "name\n"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(errors(Runbook().after("  role lead, owner", c.param)), c.expected) << c.param;
  }
}

TEST(Params, AUseThatDoesNotFitSaysWhatIsWanted) {
  const Runbook runbook = Runbook().after("  role lead, owner", "  param held: duration = 1h");
  EXPECT_EQ(errors(Runbook(runbook).with("traffic 10%", "traffic held")),
            "23:13 RB0401 expected a share of traffic like `5%`, and parameter `held` is a "
            "duration\n  write it out here, or declare another parameter\n");
  EXPECT_EQ(errors(Runbook(runbook).with("hold 1h", "hold hled")),
            "24:10 RB0201 expected `until` or a duration like `5m`, found `hled`\n  did you mean "
            "`held`?\n");
  EXPECT_EQ(errors(Runbook(runbook).with("error_rate > 1%", "error_rate > held")),
            "16:23 RB0401 `error_rate` is a ratio, this is a duration\n"
            "  a ratio is written `0.1%`\n");
}

TEST(Params, ABrokenDeclarationIsNotReportedAgainWhereItIsUsed) {
  EXPECT_EQ(errors(Runbook()
                       .after("  role lead, owner", "  param held: duration = \"long\"")
                       .with("hold 1h", "hold held")),
            "6:26 RB0401 parameter `held` is a duration, this is a text\n  write a value of its "
            "type, or declare it with another one\n");
}

TEST(Params, OneThatNothingUsesIsAWarning) {
  EXPECT_EQ(findings(Runbook().after("  role lead, owner", "  param held: duration = 1h")),
            "6:9 RB0604 nothing uses parameter `held`\n  leave it out, or use it\n");
}

TEST(Params, ValuesAreCheckedAsLiteralsAre) {
  EXPECT_EQ(errors(Runbook()
                       .after("  role lead, owner", "  param much: ratio = 120%")
                       .with("traffic 10%", "traffic much")),
            "23:13 RB0212 `120%` is more than all of the traffic\n  all of it is `100%`\n");
}

}  // namespace
}  // namespace rollbook::dsl
