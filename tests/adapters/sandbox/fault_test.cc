#include "adapters/sandbox/fault.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rollbook::adapters {
namespace {

using namespace std::chrono_literals;
using core::Fixed;

Fault parsed(const std::string& text) {
  const auto fault = parse_fault(text);
  EXPECT_TRUE(fault.has_value()) << fault.error().message;
  return fault.value_or(Fault{});
}

TEST(Fault, ReadsWhatGoesWrongAndWhen) {
  const Fault errors = parsed("errors 2% from 33h");
  EXPECT_EQ(errors.kind, FaultKind::errors);
  EXPECT_EQ(errors.amount, Fixed::from_nanos(20'000'000));
  EXPECT_EQ(errors.from, (FaultTime{"", 33h}));
  EXPECT_FALSE(errors.until || errors.lasts);
  EXPECT_TRUE(errors.on_canary);
  EXPECT_FALSE(errors.on_baseline);

  const Fault latency = parsed("latency x1.5 from stage canary_25 + 1h30m for 10m on both");
  EXPECT_EQ(latency.kind, FaultKind::latency);
  EXPECT_EQ(latency.amount, Fixed::from_nanos(1'500'000'000));
  EXPECT_EQ(latency.from, (FaultTime{"canary_25", 90min}));
  EXPECT_EQ(latency.lasts, core::Duration(10min));
  EXPECT_TRUE(latency.on_canary && latency.on_baseline);

  const Fault silence = parsed("silence on baseline until stage canary_50 from 30h");
  EXPECT_EQ(silence.kind, FaultKind::silence);
  EXPECT_EQ(silence.from, (FaultTime{"", 30h}));
  EXPECT_EQ(silence.until, (FaultTime{"canary_50", 0s}));
  EXPECT_FALSE(silence.on_canary);
  EXPECT_TRUE(silence.on_baseline);
}

TEST(Fault, ReadsInWhichTarget) {
  EXPECT_EQ(parsed("errors 2% in eu from 33h").target, "eu");
  EXPECT_EQ(parsed("shift to 25% fails in us").target, "us");
  EXPECT_EQ(parsed("errors 2% from 33h").target, "");
  EXPECT_FALSE(parse_fault("run suite fails in eu").has_value());
  EXPECT_FALSE(parse_fault("silence in").has_value());
}

TEST(Fault, ReadsWhatHappensToEffects) {
  EXPECT_EQ(parsed("shift fails").kind, FaultKind::shift);
  EXPECT_FALSE(parsed("shift fails").hangs);
  EXPECT_EQ(parsed("rollback fails for 10m").kind, FaultKind::rollback);
  EXPECT_EQ(parsed("run hangs from 36h").kind, FaultKind::run);
  EXPECT_TRUE(parsed("run hangs from 36h").hangs);
  EXPECT_EQ(parsed("start backfill fails").kind, FaultKind::start);
  EXPECT_EQ(parsed("checkpoint fails").kind, FaultKind::checkpoint);
}

TEST(Fault, ReadsWhichEffectItIsOf) {
  EXPECT_EQ(parsed("shift to 25% fails").to, core::Weight{250'000'000});
  EXPECT_FALSE(parsed("shift fails").to.has_value());
  EXPECT_EQ(parsed("run suite hangs from 1h").name, "suite");
  EXPECT_EQ(parsed("run fails").name, "");
  EXPECT_EQ(parsed("start backfill fails").name, "backfill");
  EXPECT_EQ(parsed("checkpoint \"pre canary\" fails").name, "pre canary");
}

TEST(Fault, ReadsHowMetricsAreDelivered) {
  const Fault gaps = parsed("gaps 20% from 26h for 2h on both");
  EXPECT_EQ(gaps.kind, FaultKind::gaps);
  EXPECT_EQ(gaps.amount, Fixed::from_nanos(200'000'000));
  EXPECT_TRUE(gaps.on_canary && gaps.on_baseline);
  EXPECT_EQ(parsed("duplicates 10%").kind, FaultKind::duplicates);
  EXPECT_FALSE(parsed("duplicates 10%").on_baseline);
  const Fault collector = parsed("collector restarts from 30h for 40s");
  EXPECT_EQ(collector.kind, FaultKind::collector);
  EXPECT_EQ(collector.lasts, core::Duration(40s));
  EXPECT_TRUE(collector.on_canary && collector.on_baseline);
  EXPECT_EQ(parsed("partitions double from 40h").kind, FaultKind::partitions);
  for (const char* text :
       {"gaps 20%", "duplicates 10%", "collector restarts for 1m", "partitions double from 40h"}) {
    EXPECT_TRUE(is_of_delivery(parsed(text).kind)) << text;
  }
  EXPECT_FALSE(is_of_delivery(FaultKind::silence));
}

TEST(Fault, ReadsErrorsAsChanceHasThem) {
  EXPECT_TRUE(parsed("errors 0.002% at random on both").at_random);
  EXPECT_FALSE(parsed("errors 0.002% on both").at_random);
}

TEST(Fault, TakesPlusWithOrWithoutBlanks) {
  for (const char* text : {"silence from stage a+1h", "silence from stage a +1h",
                           "silence from stage a+ 1h", "silence  from\tstage a + 1h"}) {
    EXPECT_EQ(parsed(text).from, (FaultTime{"a", 1h})) << text;
  }
}

TEST(Fault, SaysWhatItDoesNotUnderstandWithAnExample) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"",
       "expected one of errors, latency, silence, shift, rollback, run, start, checkpoint, gaps, "
       "duplicates, collector, partitions, it ends there; for example `errors 2% from 33h`"},
      {"latncy x3",
       "expected one of errors, latency, silence, shift, rollback, run, start, checkpoint, gaps, "
       "duplicates, collector, partitions, found `latncy`, did you mean `latency`?; for example "
       "`errors 2% from 33h`"},
      {"errors", "expected a share such as `2%`, it ends there; for example `errors 2% from 33h`"},
      {"errors 2", "expected a share such as `2%`, found `2`; for example `errors 2% from 33h`"},
      {"errors 200%",
       "expected a share such as `2%`, found `200%`; for example `errors 2% from 33h`"},
      {"latency 3",
       "expected a factor such as `x3`, found `3`; for example `latency x3 from stage canary_25 + "
       "1h "
       "for 10m`"},
      {"latency x0",
       "expected a factor such as `x3`, found `x0`; for example `latency x3 from stage canary_25 + "
       "1h for 10m`"},
      {"silence form 3h",
       "expected `from`, `until`, `for`, `on` or `in`, found `form`, did you mean `from`?; for "
       "example "
       "`silence from 30h until 31h on canary`"},
      {"silence from soon",
       "expected a duration such as `26h30m`, found `soon`; for example `silence from 30h until "
       "31h "
       "on canary`"},
      {"silence from stage",
       "expected the name of a stage, it ends there; for example `silence from 30h until 31h on "
       "canary`"},
      {"silence until 2h for 1h",
       "`until` and `for` both say when it ends; for example `silence from 30h until 31h on "
       "canary`"},
      {"silence from 2h until 1h",
       "it ends before it begins; for example `silence from 30h until 31h on canary`"},
      {"silence on everything",
       "expected `canary`, `baseline` or `both`, found `everything`; for example `silence from 30h "
       "until 31h on canary`"},
      {"shift breaks",
       "expected `fails` or `hangs`, found `breaks`; for example `shift fails from 26h`"},
      {"shift to 25 fails",
       "expected a weight such as `25%`, found `25`; for example `shift fails from 26h`"},
      {"run suite", "expected `fails` or `hangs`, it ends there; for example `run fails from 36h`"},
      {"gaps from 26h",
       "expected a share such as `2%`, found `from`; for example `gaps 20% from 26h for 2h`"},
      {"latency x3 at random",
       "expected `from`, `until`, `for`, `on` or `in`, found `at`; for example `latency x3 from "
       "stage "
       "canary_25 + 1h for 10m`"},
      {"errors 2% at night", "expected `random`, found `night`; for example `errors 2% from 33h`"},
      {"collector stops",
       "expected `restarts`, found `stops`; for example `collector restarts from 30h for 40s`"},
      {"collector restarts from 30h",
       "say with `for` how long it is away; for example `collector restarts from 30h for 40s`"},
      {"collector restarts on canary for 1m",
       "`on` chooses an arm, and this is of all metrics; for example `collector restarts from 30h "
       "for 40s`"},
      {"partitions double for 1h",
       "a topic never becomes narrower again, so it has no end; for example `partitions double "
       "from 40h`"},
      {"shift fails on canary",
       "`on` chooses whose metrics suffer, and this is a fault of an effect; for example `shift "
       "fails from 26h`"},
  };
  for (const auto& [text, reason] : table) {
    const auto fault = parse_fault(text);
    ASSERT_FALSE(fault.has_value()) << text;
    EXPECT_EQ(fault.error().message, "cannot read the fault `" + text + "`: " + reason);
  }
}

TEST(Fault, NeverCrashesOnAnyWords) {
  const std::vector<std::string> words = {
      "errors",   "2%",        "latency", "x3",
      "silence",  "from",      "stage",   "+",
      "for",      "on",        "until",   "1h",
      "shift",    "a",         "fails",   "99999999999999999999h",
      "gaps",     "at",        "random",  "collector",
      "restarts", "partitions"};
  std::uint32_t state = 7;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (int i = 0; i < 6; ++i) {
      state = state * 1664525U + 1013904223U;
      text += words[(state >> 16U) % words.size()] + " ";
    }
    static_cast<void>(parse_fault(text));
  }
}

}  // namespace
}  // namespace rollbook::adapters
