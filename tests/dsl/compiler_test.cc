// The compiler as a whole: plans and digests, the runbooks that ship, and no text that breaks it.

#include "dsl/compiler.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/dsl/compiling.h"

namespace rollbook::dsl {
namespace {

TEST(Compiler, APlanHasTheTextTheDigestAndTheMachine) {
  const std::string text = Runbook();
  const runtime::Compiled compiled = compile(text);
  ASSERT_TRUE(compiled.plan);
  EXPECT_EQ(compiled.plan->source, text);
  EXPECT_EQ(compiled.plan->expanded, text);
  EXPECT_EQ(compiled.plan->file, "t.runbook");
  EXPECT_EQ(compiled.plan->machine.file, "t.runbook");
  EXPECT_EQ(compiled.plan->machine.name, "shop");
  EXPECT_EQ(compiled.plan->digest, sha256_hex(text));
  EXPECT_TRUE(compiled.diagnostics.empty());
}

TEST(Compiler, DigestsAreSha256) {
  // FIPS 180-2, the test vector "abc".
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Compiler, AnErrorLeavesNoPlan) {
  const runtime::Compiled compiled = compile(Runbook().with("error_rate > 1%", "eror_rate > 1%"));
  EXPECT_FALSE(compiled.plan);
  ASSERT_EQ(compiled.diagnostics.size(), 1u);
  EXPECT_EQ(compiled.diagnostics[0].file, "t.runbook");
  EXPECT_EQ(compiled.diagnostics[0].severity, runtime::Severity::error);
}

TEST(Compiler, AWarningLeavesThePlan) {
  const runtime::Compiled compiled = compile(Runbook().with("hold 2h", "hold 5m"));
  EXPECT_TRUE(compiled.plan);
  ASSERT_EQ(compiled.diagnostics.size(), 1u);
  EXPECT_EQ(compiled.diagnostics[0].severity, runtime::Severity::warning);
}

TEST(Compiler, CompilingTwiceGivesTheSame) {
  const std::string text = read_source("plans/hal9-canary.runbook");
  EXPECT_EQ(compile(text).plan->machine, compile(text).plan->machine);
}

TEST(Plans, TheCanaryHasNoErrorAndTheWarningsItEarns) {
  const std::string text = read_source("plans/hal9-canary.runbook");
  EXPECT_EQ(errors(text), "");
  std::size_t count = 0;
  for (const auto& found : compile(text).diagnostics) {
    const bool known = found.code == "RB0601" || found.code == "RB0602" || found.code == "RB0605" ||
                       found.code == "RB0606";
    EXPECT_TRUE(known) << found.message;
    ++count;
  }
  EXPECT_EQ(count, 8u);
}

TEST(Plans, TheMinimalOneHasNoFinding) {
  EXPECT_EQ(findings(read_source("plans/minimal.runbook")), "");
}

TEST(Compiler, AMachineThatIsTooLargeIsRefused) {
  std::string stages;
  for (int i = 0; i < 2000; ++i) {
    stages += "  stage s" + std::to_string(i) + " { hold 2h }\n";
  }
  EXPECT_EQ(errors(Runbook().with("  stage second {", stages + "  stage second {")),
            "1390:17 RB0510 this runbook needs 6024 states, at most 4096 can run\n"
            "  split it into several runbooks\n");
}

// A megabyte of text that asks for gigabytes of machine.
TEST(Compiler, TemplatesThatGrowOutOfHandAreRefused) {
  std::string text = "  template long {\n";
  for (int i = 1; i <= 2000; ++i) {
    text += "    expect error_rate < 1% over " + std::to_string(i) + "s\n";
  }
  text += "  }\n";
  for (int i = 0; i < 100; ++i)
    text += "  stage s" + std::to_string(i) + " using long { hold 1h }\n";
  EXPECT_EQ(
      errors(Runbook().with("  stage second {", text + "  stage second {")),
      "2044:3 RB0510 with templates and decisions put in, the runbook is longer than 4 MiB here\n"
      "  split it into several runbooks\n");
}

TEST(Compiler, DecisionsThatGrowOutOfHandAreRefused) {
  std::string stages;
  for (int i = 0; i < 400; ++i) {
    stages += "  stage s" + std::to_string(i) + " { decide verdict }\n";
  }
  EXPECT_EQ(
      errors(Runbook()
                 .with("  stage second {", stages + "  stage second {")
                 .with("\"Go on\"", "\"" + std::string(16'000, 'x') + "\"")),
      "153:3 RB0510 with templates and decisions put in, the runbook is longer than 4 MiB here\n"
      "  split it into several runbooks\n");
}

TEST(Compiler, AMessageStaysShortWhateverANameIs) {
  const std::string name(100'000, 'x');
  const runtime::Compiled compiled = compile(Runbook().with("error_rate > 1%", name + " > 1%"));
  ASSERT_EQ(compiled.diagnostics.size(), 1u);
  EXPECT_LT(compiled.diagnostics[0].message.size(), 600u);
}

// ---- No text breaks it ------------------------------------------------------------------------

// Whatever comes in, there is an answer, and a plan exactly when there is no error.
void expect_answer(const std::string& text) {
  const runtime::Compiled compiled = compile(text);
  bool any_error = false;
  for (const auto& found : compiled.diagnostics) {
    any_error = any_error || found.severity == runtime::Severity::error;
    EXPECT_FALSE(found.message.empty());
  }
  EXPECT_EQ(compiled.plan.has_value(), !any_error) << text;
}

TEST(CompilerProperty, EveryLineMayBeMissing) {
  const std::string text = read_source("plans/hal9-canary.runbook");
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin) + 1;
    expect_answer(text.substr(0, begin) + text.substr(end));
    begin = end;
  }
}

TEST(CompilerProperty, EveryLineMayStandTwice) {
  const std::string text = read_source("plans/hal9-canary.runbook");
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin) + 1;
    expect_answer(text.substr(0, end) + text.substr(begin));
    begin = end;
  }
}

// Words of a runbook exchanged for other words of it: most are syntax, and of the wrong kind.
TEST(CompilerProperty, WordsMayBeExchanged) {
  const std::string text = read_source("plans/hal9-canary.runbook");
  std::vector<std::pair<std::size_t, std::size_t>> words;
  for (std::size_t i = text.find("runbook hal9"); i < text.size();) {
    const std::size_t begin = text.find_first_not_of(" \n(),:{}\"", i);
    if (begin == std::string::npos) break;
    i = std::min(text.find_first_of(" \n(),:{}\"", begin), text.size());
    words.emplace_back(begin, i - begin);
  }
  std::mt19937 random(20261123);
  for (int round = 0; round < 1500; ++round) {
    std::string changed = text;
    const auto [to, to_size] = words[random() % words.size()];
    const auto [from, from_size] = words[random() % words.size()];
    changed.replace(to, to_size, text.substr(from, from_size));
    expect_answer(changed);
  }
}

TEST(CompilerProperty, BytesMayBeAnything) {
  const std::string text = Runbook();
  std::mt19937 random(1);
  for (int round = 0; round < 1500; ++round) {
    std::string changed = text;
    for (std::uint32_t i = 0; i <= random() % 3; ++i) {
      changed[random() % changed.size()] = static_cast<char>(random() % 256);
    }
    expect_answer(changed);
  }
}

}  // namespace
}  // namespace rollbook::dsl
