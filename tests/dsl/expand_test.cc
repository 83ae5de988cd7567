#include "dsl/expand.h"

#include <gtest/gtest.h>

#include "dsl/format.h"
#include "tests/dsl/compiling.h"
#include "tests/dsl/generated.h"
#include "tests/dsl/support.h"

namespace rollbook::dsl {
namespace {

Expansion expanded(const std::string& text) {
  const runtime::Compiled compiled = compile(text);
  EXPECT_TRUE(compiled.plan) << errors(text);
  if (!compiled.plan) return {};
  return expand(compiled.plan->expanded, compiled.plan->machine, {});
}

const char* const kShort = R"(edition 1
runbook shop {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  role lead
  param limit: ratio = 0.5%
  param wait: duration = 2h
  metric requests = counter requests_total
  metric errors = counter errors_total default 0
  guard {
    stop errors / requests > 1% over 5m
    stop absent(requests) for 3m
    otherwise rollback automatic
  }
  template watched {
    on enter { notify mail "{stage}" }
    expect low: errors / requests < limit over 5m
    within 12h otherwise decide verdict
  }
  stage first using watched {
    traffic 10%
    hold wait
    replace expect low: errors / requests < 0.2% over 5m
  }
  stage second using watched {  # the last one
    traffic 100% within 10m
    within 3h
  }
  decide verdict {
    by lead
    ask mail
    otherwise rollback automatic
  }
  rollback automatic { ramp traffic to 0% over 30m }
  channel mail = smtp("a@example.com")
}
)";

// A channel, a stage and a parameter may have one name: only where a value stands it is the last.
TEST(Expand, WhatIsCalledLikeAParameterKeepsItsName) {
  std::string text = kShort;
  const auto replace = [&](const std::string& part, const std::string& instead) {
    for (std::size_t at = text.find(part); at != std::string::npos;
         at = text.find(part, at + instead.size()))
      text.replace(at, part.size(), instead);
  };
  replace("wait", "mail");
  replace("limit", "counter");
  const Expansion expansion = expanded(text);
  EXPECT_EQ(errors(expansion.text), "") << expansion.text;
  EXPECT_NE(expansion.text.find("hold 2h"), std::string::npos) << expansion.text;
  EXPECT_NE(expansion.text.find("channel mail = smtp"), std::string::npos) << expansion.text;
  EXPECT_NE(expansion.text.find("requests = counter requests_total"), std::string::npos);
}

TEST(Expand, WritesEveryValueOutWithItsOrigin) {
  EXPECT_EQ(expanded(kShort).text, R"(edition 1

runbook shop {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  role lead
  metric requests = counter requests_total
  metric errors = counter errors_total default 0
  guard {
    stop errors / requests > 1% over 5m  # default: at least 100 requests
    stop absent(requests) for 3m
    otherwise rollback automatic
  }
  stage first {  # template watched
    on enter {  # template watched, line 16
      notify mail "{stage}"
    }
    expect low: errors / requests < 0.2% over 5m  # template watched's replaced
    traffic 10%  # default: within the engine's deadline, 5m unless it is told otherwise
    hold 2h at most 28h  # parameter wait; default: at most 28h
    within 12h otherwise decide verdict  # template watched, line 18
  }
  stage second {  # template watched
    on enter {  # template watched, line 16
      notify mail "{stage}"
    }
    expect low: errors / requests < 0.5% over 5m  # template watched, line 17; parameter limit
    traffic 100% within 10m
    within 3h otherwise decide verdict  # template watched, line 18
  }
  decide verdict {
    option next "Go on" next  # default
    by lead
    ask mail
    within 24h otherwise rollback automatic  # default: within 24h
  }
  rollback automatic {
    ramp traffic to 0% over 30m every 1m  # default: every 1m
  }
  channel mail = smtp("a@example.com")
  begins traffic 0%  # default
  finish traffic 100%  # default: the last stage's
}
)");
}

TEST(Expand, TellsTheLinesOfWhatHasAnOrigin) {
  const Expansion expansion = expanded(kShort);
  const auto text_lines = [&] {
    std::vector<std::string> lines;
    std::istringstream in(expansion.text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }();
  ASSERT_GT(expansion.lines.size(), 10u);
  for (const ExpandedLine& line : expansion.lines) {
    EXPECT_NE(text_lines.at(line.line - 1).find(line.statement), std::string::npos)
        << line.line << " " << line.statement;
    EXPECT_FALSE(line.origins.empty());
  }
}

TEST(Expand, NamesTheFileThatSomethingWasImportedFrom) {
  const runtime::Compiled compiled = compile(kShort);
  const Expansion expansion =
      expand(compiled.plan->expanded, compiled.plan->machine, [](const core::Span& span) {
        return span.line >= 15 ? "lib.runbook, line " + std::to_string(span.line) : std::string();
      });
  EXPECT_NE(expansion.text.find("# template watched, lib.runbook, line 17; parameter limit"),
            std::string::npos);
  EXPECT_NE(expansion.text.find("rollback automatic {  # import lib.runbook, line 34"),
            std::string::npos)
      << expansion.text;
}

void expect_same_machine(const std::string& text) {
  const std::string written_out = expanded(text).text;
  ASSERT_TRUE(placeless_machine(written_out) == placeless_machine(text)) << text << "\n----\n"
                                                                         << written_out;
  Sink sink("x");
  EXPECT_EQ(format(written_out, sink), written_out);
}

TEST(Expand, WhatIsWrittenOutIsTheSameMachine) {
  expect_same_machine(kShort);
  expect_same_machine(Runbook());
  expect_same_machine(test::example());
  for (const char* plan : {"plans/hal9-canary.runbook", "plans/minimal.runbook"}) {
    expect_same_machine(read_source(plan));
  }
}

TEST(ExpandProperty, OfRunbooksMadeByChanceToo) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    expect_same_machine(test::shaken(test::generated_runbook(seed), seed));
    if (HasFatalFailure()) FAIL() << "seed " << seed;
  }
}

}  // namespace
}  // namespace rollbook::dsl
