#include "engine/core/sentence.h"

#include <gtest/gtest.h>

#include "engine/core/limits.h"
#include "tests/engine/judging.h"
#include "tests/engine/stage_machine.h"

namespace rollbook::core::tests {
namespace {

template <class Value>
struct Text {
  Value value;
  const char* text;
};

class Durations : public testing::TestWithParam<Text<Duration>> {};
TEST_P(Durations, AreShortAndExact) { EXPECT_EQ(duration_text(GetParam().value), GetParam().text); }
INSTANTIATE_TEST_SUITE_P(
    Sentence, Durations,
    testing::Values(Text<Duration>{0s, "0s"}, Text<Duration>{1s, "1s"}, Text<Duration>{5min, "5m"},
                    Text<Duration>{1500ms, "1.5s"}, Text<Duration>{13ms, "13ms"},
                    Text<Duration>{12345us, "12.345ms"}, Text<Duration>{1us, "0.001ms"},
                    Text<Duration>{90s, "1m30s"}, Text<Duration>{2h + 30min, "2h30m"},
                    Text<Duration>{1h + 5s, "1h5s"}, Text<Duration>{24h, "24h"},
                    Text<Duration>{48h, "48h"}, Text<Duration>{72h, "3d"},
                    Text<Duration>{73h, "73h"}, Text<Duration>{-90s, "-1m30s"},
                    Text<Duration>{1h + 250ms, "1h0.25s"}));

class Percents : public testing::TestWithParam<Text<const char*>> {};
TEST_P(Percents, AreRoundedToFourDigits) {
  EXPECT_EQ(percent_text(decimal(GetParam().value)), GetParam().text);
}
INSTANTIATE_TEST_SUITE_P(Sentence, Percents,
                         testing::Values(Text<const char*>{"0", "0%"},
                                         Text<const char*>{"0.05", "5%"},
                                         Text<const char*>{"1", "100%"},
                                         Text<const char*>{"0.001", "0.1%"},
                                         Text<const char*>{"0.0124", "1.24%"},
                                         Text<const char*>{"0.333333333", "33.3333%"},
                                         Text<const char*>{"0.666666666", "66.6667%"},
                                         Text<const char*>{"0.000000499", "0%"},
                                         Text<const char*>{"0.0000005", "0.0001%"}));

TEST(Sentence, DecimalsAreExact) {
  EXPECT_EQ(decimal_text(decimal("12")), "12");
  EXPECT_EQ(decimal_text(decimal("0.000000001")), "0.000000001");
  EXPECT_EQ(decimal_text(decimal("-1.5")), "-1.5");
  EXPECT_EQ(decimal_text(Fixed{}), "0");
  EXPECT_EQ(decimal_text(Fixed::from_int(kValueMax)), "1000000000000000");
}

TEST(Sentence, NamesCriterionValueSamplesAndPlace) {
  const Machine machine = stage_machine();
  Reading reading;
  reading.value = decimal("0.0124");
  reading.samples = 15021;
  EXPECT_EQ(sentence(machine, machine.criteria[0], reading),
            "error_rate > 1% over 5m: 1.24% in 15021 samples, shop.runbook:12:5");
  EXPECT_EQ(sentence(machine, machine.criteria[0], Reading{}),
            "error_rate > 1% over 5m, shop.runbook:12:5");
}

Judging p99_above_15ms() {
  Criterion p99 = quantile("0.99", Comparison::greater, "0.015");
  p99.text = "p99(latency) > 15ms over 5m";
  p99.span = Span{7, 3, 7, 9};
  Judging judging(p99);
  judging.machine.file = "shop.runbook";
  return judging;
}

TEST(Sentence, SaysWhenAQuantileWasInterpolated) {
  const Judging judging = p99_above_15ms();
  Reading reading;
  reading.value = decimal("0.013");
  reading.low = decimal("0.01");
  reading.high = decimal("0.025");
  reading.samples = 200;
  EXPECT_EQ(sentence(judging.machine, judging.machine.criteria[0], reading),
            "p99(latency) > 15ms over 5m: about 13ms, limit between the edges 10ms and 25ms in 200 "
            "samples, shop.runbook:7:3");
}

TEST(Sentence, SaysThatAQuantileLiesBeyondTheLastEdge) {
  Judging judging = p99_above_15ms();
  judging.criterion().limit = decimal("0.08");  // the last edge is 50 ms
  judging.criterion().text = "p99(latency) > 80ms over 5m";
  judging.see_latency(60s, {900, 50, 20, 0, 30});
  EXPECT_EQ(sentence(judging.machine, judging.criterion(), judging.read()),
            "p99(latency) > 80ms over 5m: above 50ms, the last edge of its buckets, in 1000 "
            "samples, shop.runbook:7:3");
  EXPECT_EQ(reading_text(judging.machine, judging.criterion(), judging.read()), "above 50ms");
}

TEST(Sentence, SaysThatTheBucketsCannotTellHowTwoQuantilesCompare) {
  Judging judging = p99_above_15ms();
  Criterion& criterion = judging.criterion();
  criterion.text = "canary.p99(latency) > baseline.p99(latency) * 105% over 5m";
  criterion.limit = Fixed{};
  criterion.factor = decimal("1.05");
  criterion.other = criterion.window;
  judging.see_latency(60s, {900, 50, 20, 0, 30});
  EXPECT_EQ(judging.read().verdict, Verdict::undecided);
  EXPECT_EQ(sentence(judging.machine, criterion, judging.read()),
            "canary.p99(latency) > baseline.p99(latency) * 105% over 5m: above 50ms, the last edge "
            "of its buckets, against 52.5ms in 1000 samples, which of the two is greater cannot be "
            "told beyond the last edge of the buckets: let the histogram have higher ones, "
            "shop.runbook:7:3");
}

TEST(Sentence, ShowsASizeAsASize) {
  Judging judging = p99_above_15ms();
  judging.criterion().text = "p99(size) > 64KiB over 5m";
  Reading reading;
  reading.value = decimal("66191.36");
  reading.samples = 5940;
  EXPECT_EQ(sentence(judging.machine, judging.criterion(), reading),
            "p99(size) > 64KiB over 5m: 64.64KiB in 5940 samples, shop.runbook:7:3");
}

TEST(Sentence, SaysHowLongSilenceLasted) {
  const Machine machine = stage_machine();
  Reading reading;
  reading.value = Fixed::from_int(180);
  EXPECT_EQ(sentence(machine, machine.criteria[2], reading),
            "absent(requests) for 3m (silent for 3m), shop.runbook:13:5");
  EXPECT_EQ(sentence(machine, machine.criteria[2], Reading{}),
            "absent(requests) for 3m, shop.runbook:13:5");
}

TEST(Sentence, FillsInEveryPlaceholder) {
  Drive drive;
  drive.to("canary.hold");
  drive.state.version = "v41";
  const auto filled = [&](const std::string& text) {
    return fill_in(drive.machine, drive.state, text, Words{"too many errors", "maria", "release"});
  };
  EXPECT_EQ(filled("{service} {runbook} {rollout} {version}"), "shop shop_canary r1 v41");
  EXPECT_EQ(filled("{stage} at {weight}"), "canary at 10%");
  EXPECT_EQ(filled("{cause} by {actor}: {reason}"), "too many errors by maria: release");
  EXPECT_EQ(filled("{{service} is not filled in"), "{service} is not filled in");
  EXPECT_EQ(filled("{unknown} {"), "{unknown} {");
  EXPECT_EQ(filled(""), "");
}

TEST(Sentence, AMessageIsCutBetweenTwoCharactersAndSaysSo) {
  Drive drive;
  drive.to("canary.hold");
  const auto filled = [&](std::size_t times, const std::string& cause) {
    std::string text;
    for (std::size_t i = 0; i < times; ++i) text += "{cause}";
    return fill_in(drive.machine, drive.state, text, Words{cause, "maria", "release"});
  };
  const std::string mark = "… (cut: a message has 32768 bytes at most)";
  EXPECT_EQ(filled(8, std::string(4096, 'c')), std::string(32768, 'c'));
  EXPECT_EQ(filled(9, std::string(4096, 'c')), std::string(32768 - mark.size(), 'c') + mark);
  // Of two bytes each, behind one of a single byte: none is halved.
  for (const std::string& first : {std::string(), std::string("x")}) {
    std::string cause = first;
    while (cause.size() < kMessageTextBytes) cause += "ü";
    std::string text = filled(1000, cause);
    ASSERT_LE(text.size(), kMessageTextBytes);
    ASSERT_TRUE(text.ends_with(mark));
    text.resize(text.size() - mark.size());
    EXPECT_EQ(text, cause.substr(0, text.size()));
    EXPECT_EQ((text.size() - first.size()) % 2, 0U);
  }
}

TEST(Sentence, APlaceholderInAValueIsNotFilledInAgain) {
  Drive drive;
  drive.to("canary.hold");
  EXPECT_EQ(fill_in(drive.machine, drive.state, "{reason}", Words{"", "", "{service}"}),
            "{service}");
}

}  // namespace
}  // namespace rollbook::core::tests
