// The rules of Kayenta's judge, and the one look of `judge kayenta`.

#include "engine/core/kayenta.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/limits.h"
#include "engine/core/sentence.h"
#include "engine/core/trials.h"
#include "engine/core/windows.h"
#include "tests/engine/judging.h"

namespace rollbook::core::tests {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using Values = std::vector<Fixed>;

Values spread(std::int64_t from, std::size_t count = 60, std::int64_t step = 1) {
  Values values;
  for (std::size_t i = 0; i < count; ++i) {
    values.push_back(Fixed::from_int(from + static_cast<std::int64_t>(i) % 12 * step));
  }
  return values;
}

JudgedMetric metric(Direction direction) {
  JudgedMetric metric;
  metric.text = "x";
  metric.direction = direction;
  metric.allowed = metric.intolerable = {Fixed::from_int(1), Fixed::from_int(1)};
  return metric;
}

// ---- Classification ---------------------------------------------------------------------------

TEST(Kayenta, TheDirectionSaysWhatIsWorse) {
  const Values low = spread(100), high = spread(200);
  const struct {
    Direction direction;
    const Values &canary, &baseline;
    Classification found;
  } cases[] = {
      {Direction::increase, high, low, Classification::high},
      {Direction::increase, low, high, Classification::pass},
      {Direction::decrease, low, high, Classification::low},
      {Direction::decrease, high, low, Classification::pass},
      {Direction::either, high, low, Classification::high},
      {Direction::either, low, high, Classification::low},
      {Direction::either, low, low, Classification::pass},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(classify(metric(c.direction), c.canary, c.baseline).classification, c.found);
  }
}

TEST(Kayenta, TheIntervalMustLieBeyondAQuarterOfTheEstimate) {
  // Wide samples, a small shift: the interval reaches from below nothing to above.
  const auto wide = classify(metric(Direction::increase), spread(105, 60, 10), spread(100, 60, 10));
  ASSERT_TRUE(wide.low && wide.estimate);
  EXPECT_EQ(*wide.estimate, Fixed::from_int(5));
  EXPECT_LT(4 * wide.low->nanos, wide.estimate->nanos);
  EXPECT_EQ(wide.classification, Classification::pass);
  // The same shift of narrow ones.
  const auto narrow = classify(metric(Direction::increase), spread(105), spread(100));
  EXPECT_EQ(*narrow.estimate, Fixed::from_int(5));
  EXPECT_GT(4 * narrow.low->nanos, narrow.estimate->nanos);
  EXPECT_EQ(narrow.classification, Classification::high);
}

// Kayenta adds noise here; two constants are two constants.
TEST(Kayenta, ConstantsAreComparedWithoutNoise) {
  const Values fives(60, Fixed::from_int(5)), sevens(60, Fixed::from_int(7));
  const JudgedSample judged = classify(metric(Direction::either), sevens, fives);
  EXPECT_EQ(judged.classification, Classification::high);
  EXPECT_EQ(judged.low, Fixed::from_int(2));
  EXPECT_EQ(judged.high, Fixed::from_int(2));
  EXPECT_EQ(judged.u, Fixed::from_int(3600));
  EXPECT_EQ(classify(metric(Direction::either), sevens, sevens).classification,
            Classification::pass);
  EXPECT_EQ(
      classify(metric(Direction::either), sevens, Values(7, Fixed::from_int(7))).classification,
      Classification::pass);
}

TEST(Kayenta, AnEffectThatIsAllowedPasses) {
  JudgedMetric latency = metric(Direction::increase);
  latency.allowed.increase = decimal("1.1");
  EXPECT_EQ(classify(latency, spread(107), spread(100)).classification, Classification::pass);
  EXPECT_EQ(classify(latency, spread(125), spread(100)).classification, Classification::high);
  // The mean of 0 has no ratio: then the shift alone decides.
  EXPECT_EQ(classify(latency, spread(5), Values(60, Fixed{})).classification, Classification::high);
  JudgedMetric orders = metric(Direction::decrease);
  orders.allowed.decrease = decimal("0.9");
  EXPECT_EQ(classify(orders, spread(97), spread(100)).classification, Classification::pass);
  EXPECT_EQ(classify(orders, spread(80), spread(100)).classification, Classification::low);
}

TEST(Kayenta, TheCommonLanguageEffectIsTheShareOfPairs) {
  JudgedMetric queue = metric(Direction::increase);
  queue.effect = EffectSize::cles;
  queue.allowed = queue.intolerable = {decimal("0.5"), decimal("0.95")};
  const JudgedSample apart = classify(queue, spread(200), spread(100));
  EXPECT_EQ(apart.effect, Fixed::from_int(1));
  EXPECT_EQ(apart.classification, Classification::high);
  const JudgedSample near = classify(queue, spread(105), spread(100));
  ASSERT_TRUE(near.effect);
  EXPECT_GT(*near.effect, decimal("0.5"));
  EXPECT_LT(*near.effect, decimal("0.95"));
  EXPECT_EQ(near.classification, Classification::pass);
}

TEST(Kayenta, ACriticalMetricFailsAllBeyondItsOwnBoundOnly) {
  JudgedMetric errors = metric(Direction::increase);
  errors.critical = true;
  errors.intolerable.increase = decimal("1.5");
  EXPECT_FALSE(classify(errors, spread(120), spread(100)).critical);
  EXPECT_EQ(classify(errors, spread(120), spread(100)).classification, Classification::high);
  EXPECT_TRUE(classify(errors, spread(200), spread(100)).critical);
  EXPECT_FALSE(classify(errors, spread(100), spread(200)).critical);
}

TEST(Kayenta, MissingDataIsNoHealth) {
  const struct {
    bool critical, required;
    Classification found;
  } cases[] = {{false, false, Classification::no_data},
               {false, true, Classification::no_data_failed},
               {true, false, Classification::no_data},
               {true, true, Classification::no_data}};
  // Fewer than five points cannot be told apart with 98 %, however far apart they are.
  const std::pair<Values, Values> samples[] = {
      {{}, spread(1)}, {spread(1), {}}, {{}, {}}, {spread(100, 4), spread(1, 4)}};
  for (const auto& c : cases) {
    for (const auto& [canary, baseline] : samples) {
      JudgedMetric silent = metric(Direction::either);
      silent.critical = c.critical;
      silent.required = c.required;
      const JudgedSample judged = classify(silent, canary, baseline);
      EXPECT_EQ(judged.classification, c.found);
      EXPECT_EQ(judged.critical, c.critical);
      EXPECT_FALSE(judged.low);
    }
  }
}

TEST(Kayenta, OutliersAreLeftOutWhereThatIsSaid) {
  Values canary = spread(100);
  canary[7] = Fixed::from_int(1'000'000);
  JudgedMetric mean = metric(Direction::increase);
  EXPECT_THAT(classify(mean, canary, spread(100)).canary, SizeIs(60));
  mean.outlier_factor = Fixed::from_int(3);
  EXPECT_THAT(classify(mean, canary, spread(100)).canary, SizeIs(59));
}

// ---- Score ------------------------------------------------------------------------------------

JudgedSample found(Classification classification, bool critical = false) {
  JudgedSample judged;
  judged.classification = classification;
  judged.critical = critical;
  return judged;
}

constexpr auto kPass = Classification::pass, kHigh = Classification::high,
               kSilent = Classification::no_data, kFailed = Classification::no_data_failed;

class ScoreTest : public testing::Test {
 protected:
  Score score(const std::vector<std::pair<std::string, Classification>>& metrics) {
    judge.metrics.clear();
    std::vector<JudgedSample> judged;
    for (const auto& [group, classification] : metrics) {
      judge.metrics.push_back(metric(Direction::either));
      judge.metrics.back().group = group;
      judged.push_back(found(classification));
    }
    return score_of(judge, judged);
  }
  Judge judge;
};

TEST_F(ScoreTest, IsTheShareOfMetricsThatPass) {
  EXPECT_EQ(score({{"", kPass}, {"", kPass}}).value, Fixed::from_int(1));
  EXPECT_EQ(score({{"", kPass}, {"", kHigh}, {"", kPass}}).value, decimal("0.6667"));
  EXPECT_EQ(score({{"", kPass}, {"", Classification::low}}).value, decimal("0.5"));
  // Without data a metric is left out, or has failed.
  EXPECT_EQ(score({{"", kPass}, {"", kPass}, {"", kSilent}}).value, Fixed::from_int(1));
  EXPECT_EQ(score({{"", kPass}, {"", kPass}, {"", kFailed}}).value, decimal("0.6667"));
}

TEST_F(ScoreTest, GroupsAreWeighted) {
  EXPECT_EQ(score({{"a", kPass}, {"b", kPass}, {"c", kPass}}).value, Fixed::from_int(1));
  EXPECT_EQ(score({{"a", kPass}, {"a", kPass}, {"a", kPass}, {"b", kHigh}}).value, decimal("0.5"));
  judge.weights = {{"a", decimal("0.7")}};
  EXPECT_EQ(score({{"a", kPass}, {"a", kHigh}, {"b", kPass}}).value, decimal("0.65"));
  // 0.7 · 1/3 + 0.15 + 0
  EXPECT_EQ(score({{"a", kPass}, {"a", kHigh}, {"a", kHigh}, {"b", kPass}, {"c", kHigh}}).value,
            decimal("0.3833"));
  // A group without data takes nothing away.
  EXPECT_EQ(score({{"a", kPass}, {"a", kPass}, {"b", kSilent}}).value, Fixed::from_int(1));
}

TEST_F(ScoreTest, HalfOfTheMetricsWithoutDataIsNoScore) {
  const Score half = score({{"", kPass}, {"", kSilent}});
  EXPECT_TRUE(half.no_data);
  EXPECT_EQ(half.value, Fixed{});
  EXPECT_FALSE(score({{"", kPass}, {"", kPass}, {"", kSilent}}).no_data);
}

TEST_F(ScoreTest, ACriticalFailureIsNoScoreAndAMutedMetricIsNone) {
  judge.metrics = {metric(Direction::either), metric(Direction::either)};
  const std::vector<JudgedSample> judged{found(kPass), found(kHigh, true)};
  EXPECT_TRUE(score_of(judge, judged).critical);
  EXPECT_EQ(score_of(judge, judged).value, Fixed{});
  judge.metrics[1].muted = true;
  EXPECT_FALSE(score_of(judge, judged).critical);
  EXPECT_EQ(score_of(judge, judged).value, Fixed::from_int(1));
}

// ---- The look ---------------------------------------------------------------------------------

// Two arms; a judge of ten minutes in steps of one: of errors / requests, the rate of requests, the
// p99 of latency, and a gauge.
class JudgeTest : public testing::Test {
 protected:
  JudgeTest() {
    const MetricKind kinds[] = {MetricKind::counter, MetricKind::counter, MetricKind::histogram,
                                MetricKind::gauge};
    for (std::uint32_t i = 0; i < 4; ++i) {
      machine.metrics.emplace_back().kind = kinds[i];
      for (const Arm arm : {Arm::canary, Arm::baseline}) {
        const SeriesIndex series{static_cast<std::uint32_t>(machine.series.size())};
        machine.series.push_back({MetricIndex{i}, arm});
        machine.windows.push_back({series, 15min, 1min, Floor::shift});
      }
    }
    machine.metrics[1].default_zero = true;
    machine.metrics[3].fold = GaugeFold::mean;
    Criterion criterion;
    criterion.text = "judge kayenta over 10m";
    criterion.kind = CriterionKind::expect;
    criterion.measure = Measure::score;
    criterion.test = core::Test::kayenta;
    criterion.comparison = Comparison::greater_equal;
    criterion.limit = decimal("0.95");
    criterion.window = WindowIndex{0};
    criterion.other = WindowIndex{1};
    criterion.judge.emplace();
    criterion.judge->over = 10min;
    criterion.judge->step = 1min;
    criterion.judge->marginal = decimal("0.75");
    machine.criteria.push_back(criterion);
    machine.states.emplace_back().armed = {CriterionIndex{0}};
    RolloutStarted started;
    started.limits = kLimits;
    evolve_with(kBegin, started);
    state.active = StateIndex{0};
    state.guard_floor = state.shift_floor = state.first_settled = kBegin;
    add(Measure::ratio, 1).denominator = WindowIndex{0};
    judge().metrics.back().other_denominator = WindowIndex{1};
    add(Measure::rate, 0);
    add(Measure::quantile, 2).quantile = decimal("0.99");
    add(Measure::gauge, 3);
    begin_test(machine, state, CriterionIndex{0});
  }

  Judge& judge() { return *machine.criteria[0].judge; }
  JudgedMetric& add(Measure measure, std::uint32_t row) {
    JudgedMetric& added = judge().metrics.emplace_back(metric(Direction::either));
    added.measure = measure;
    added.window = WindowIndex{2 * row};
    added.other = WindowIndex{2 * row + 1};
    return added;
  }

  void put(std::uint32_t row, bool canary, Duration at, Cell cell) {
    CellDelta delta;
    delta.series = SeriesIndex{2 * row + (canary ? 0 : 1)};
    delta.reach = Floor::shift;
    delta.cell = std::move(cell);
    delta.cell.latest = delta.cell.end = kBegin + at;
    pending.observed.seen.push_back({delta.series, kBegin + at, kBegin + at});
    if (!named(state, pending, MetricIndex{row})) {
      pending.observed.names.push_back({MetricIndex{row}, kBegin + at});
    }
    pending.observed.deltas.push_back(std::move(delta));
  }
  void count(std::uint32_t row, bool canary, Duration at, std::int64_t value) {
    Cell cell;
    cell.value = Fixed::from_int(value);
    cell.samples = 1;
    put(row, canary, at, std::move(cell));
  }
  // Both arms alike but for `more` to the canary's gauge; a point every twenty seconds.
  void traffic(Duration from, Duration to, std::int64_t more = 0) {
    if (state.metrics[2].bounds.empty() && pending.observed.layouts.empty()) {
      pending.observed.layouts.push_back({MetricIndex{2}, {decimal("0.01"), decimal("0.05")}, {}});
    }
    for (Duration at = from + 20s; at <= to; at += 20s) {
      const auto i = at / 20s;
      for (const bool canary : {true, false}) {
        count(0, canary, at, 100 + i % 7);
        if (i % 5 == 0) count(1, canary, at, 1);
        Cell latency;
        latency.buckets = {90, 10 + i % 3, 0};
        latency.samples = 100 + i % 3;
        put(2, canary, at, std::move(latency));
        count(3, canary, at, 50 + i % 4 + (canary ? more : 0));
      }
    }
  }
  template <class Body>
  void evolve_with(Time time, Body body) {
    evolve(machine, state, Event{StreamId{1}, Sequence{state.last.value + 1}, time, {}, body});
  }
  void observe(Duration at) {
    evolve_with(kBegin + at, std::exchange(pending.observed, Observed{}));
  }
  Reading read(Duration at) const {
    return evaluate(machine, state, pending, CriterionIndex{0}, kBegin + at);
  }
  Reading remember(Duration at) {
    const Reading reading = read(at);
    evolve_with(kBegin + at, VerdictChanged{CriterionIndex{0}, reading});
    return reading;
  }

  Machine machine;
  RolloutState state;
  Pending pending;
};

TEST_F(JudgeTest, NothingIsSaidBeforeTheWindowHasEnded) {
  EXPECT_EQ(read(0s).verdict, Verdict::no_data);
  traffic(0s, 9min + 40s, 50);
  const Reading reading = read(9min + 40s);
  EXPECT_EQ(reading.verdict, Verdict::undecided);
  EXPECT_EQ(reading.raw, Raw::unknown);
  EXPECT_FALSE(reading.evidence);
  EXPECT_FALSE(reading.value);
}

TEST_F(JudgeTest, ArmsThatAreAlikePass) {
  traffic(0s, 10min);
  const Reading reading = read(10min);
  EXPECT_EQ(reading.verdict, Verdict::pass);
  EXPECT_EQ(reading.value, Fixed::from_int(1));
  EXPECT_EQ(reading.at, kBegin + 10min);
  EXPECT_EQ(reading.samples, 80);
  ASSERT_TRUE(reading.evidence);
  ASSERT_THAT(reading.evidence->judged, SizeIs(4));
  for (const JudgedSample& judged : reading.evidence->judged) {
    EXPECT_THAT(judged.canary, SizeIs(10));
    EXPECT_EQ(judged.canary, judged.baseline);
  }
}

// Three points a step: 101 + 102 + 103 requests in the first, an error in the second.
TEST_F(JudgeTest, AStepHasTheValueOfItsOwnPoints) {
  traffic(0s, 10min);
  const auto judged = read(10min).evidence->judged;
  EXPECT_EQ(judged[0].canary[0], Fixed{});
  EXPECT_EQ(judged[0].canary[1], Fixed{Fixed::kScale / (104 + 105 + 106)});
  EXPECT_EQ(judged[1].canary[0], Fixed{306 * Fixed::kScale / 60});
  EXPECT_EQ(judged[3].canary[0], Fixed::from_int(52));
  // 300 + 3 requests of which 270 are up to 10 ms: the p99 lies in the next bucket.
  EXPECT_GT(judged[2].canary[0], decimal("0.045"));
  EXPECT_LT(judged[2].canary[0], decimal("0.05"));
}

TEST_F(JudgeTest, AMetricThatIsHighTakesItsShare) {
  traffic(0s, 10min, 50);
  const Reading reading = remember(10min);
  EXPECT_EQ(reading.value, decimal("0.75"));
  EXPECT_EQ(reading.evidence->judged[3].classification, Classification::high);
  // Marginal: it decides nothing, but it was said.
  EXPECT_EQ(reading.verdict, Verdict::undecided);
  EXPECT_EQ(reading.raw, Raw::false_);
  judge().marginal = decimal("0.8");
  pending = Pending{};
  EXPECT_EQ(read(10min).verdict, Verdict::fail);
}

TEST_F(JudgeTest, TheLookIsTheOnlyOne) {
  traffic(0s, 10min);
  observe(10min);
  EXPECT_EQ(remember(10min).verdict, Verdict::pass);
  const RolloutState before = state;
  traffic(10min, 25min, 5000);
  EXPECT_EQ(read(25min), before.readings[0]);
  observe(25min);
  EXPECT_EQ(read(25min), before.readings[0]);
  // Silence does not take it back either.
  EXPECT_EQ(read(3h), before.readings[0]);
  EXPECT_EQ(state.tests[0], before.tests[0]);
}

TEST_F(JudgeTest, ATestThatBeginsAnewLooksAtWhatComesThen) {
  traffic(0s, 10min, 50);
  observe(10min);
  EXPECT_EQ(remember(10min).verdict, Verdict::undecided);
  begin_test(machine, state, CriterionIndex{0});
  traffic(10min, 19min + 40s);
  EXPECT_FALSE(read(19min + 40s).evidence);
  traffic(19min + 40s, 20min);
  const Reading again = read(20min);
  EXPECT_EQ(again.verdict, Verdict::pass);
  EXPECT_EQ(again.at, kBegin + 20min);
}

TEST_F(JudgeTest, WhatIsPendingAndWhatIsLoggedAreJudgedAlike) {
  traffic(0s, 4min, 7);
  observe(4min);
  traffic(4min, 8min, 7);
  observe(8min);
  traffic(8min, 10min, 7);
  const Reading pended = read(10min);
  ASSERT_TRUE(pended.evidence);
  observe(10min);
  EXPECT_EQ(read(10min), pended);
}

TEST_F(JudgeTest, ASilentArmIsWaitedForUntilItLags) {
  traffic(0s, 9min);
  const Duration lags = 10min + kStaleAfter;
  for (Duration at = 9min + 5s; at < lags; at += 5s) count(0, false, at, 30);
  EXPECT_FALSE(read(lags - 5s).evidence);
  count(0, false, lags, 30);
  EXPECT_TRUE(read(lags).evidence);
}

TEST_F(JudgeTest, ItsWindowBeginsWithAStepBehindTheShift) {
  state.shift_floor = kBegin + 1min + 7s;
  begin_test(machine, state, CriterionIndex{0});
  EXPECT_EQ(state.tests[0].cut, kBegin + 2min);
  // And behind what could not be read.
  traffic(0s, 12min);
  state.whole_from = kBegin + 3min + 1s;
  EXPECT_FALSE(read(12min).evidence);
  traffic(12min, 14min + 20s);  // the last error came before: its arm is waited for
  EXPECT_TRUE(read(14min + 20s).evidence);
  EXPECT_EQ(read(14min + 20s).at, kBegin + 14min);
}

TEST_F(JudgeTest, AMetricWithoutPointsHasNoData) {
  for (Duration at = 20s; at <= 10min; at += 20s) {
    for (const bool canary : {true, false}) count(0, canary, at, 100 + at / 20s % 7);
  }
  const Reading reading = read(10min);
  ASSERT_TRUE(reading.evidence);
  const auto& judged = reading.evidence->judged;
  // `default 0`: no error is no error.
  EXPECT_EQ(judged[0].classification, Classification::pass);
  EXPECT_EQ(judged[1].classification, Classification::pass);
  EXPECT_EQ(judged[2].classification, Classification::no_data);
  EXPECT_EQ(judged[3].classification, Classification::no_data);
  EXPECT_EQ(reading.value, Fixed{});  // half of them
  EXPECT_EQ(reading.verdict, Verdict::fail);
  EXPECT_THAT(failings_of(judge(), judged), "x without data, x without data");
}

TEST_F(JudgeTest, QuantilesThatAllLieBeyondTheLastEdgeAreNotAlike) {
  judge().metrics[2].required = true;
  traffic(0s, 10min);
  for (CellDelta& delta : pending.observed.deltas) {
    if (delta.series.value / 2 == 2) delta.cell.buckets = {50, 10, 40};
  }
  const Reading reading = read(10min);
  EXPECT_EQ(reading.evidence->judged[2].classification, Classification::no_data_failed);
  EXPECT_EQ(reading.value, decimal("0.75"));
  // Of one arm alone more is known: it is the slower one.
  for (CellDelta& delta : pending.observed.deltas) {
    if (delta.series.value == 5) delta.cell.buckets = {90, 10, 0};
  }
  EXPECT_EQ(read(10min).evidence->judged[2].classification, Classification::high);
}

TEST_F(JudgeTest, AStateOfTheLogHoldsTheWholeJudgement) {
  traffic(0s, 10min, 50);
  remember(10min);
  const auto again = decode_rollout_state(encode(state));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, state);
}

TEST_F(JudgeTest, ItsSentenceNamesWhatFailed) {
  traffic(0s, 10min, 50);
  judge().metrics[3].text = "queue";
  judge().metrics[3].critical = true;
  const Reading reading = read(10min);
  EXPECT_EQ(reading.value, Fixed{});
  EXPECT_THAT(sentence(machine, machine.criteria[0], reading),
              HasSubstr("judge kayenta over 10m: 0% against 95% in 80 samples: queue high "
                        "(critical)"));
}

// ---- Brackets ---------------------------------------------------------------------------------

// p99s of pods: of series 0 the greatest is kept, of series 1 the least.
class BracketTest : public testing::Test {
 protected:
  BracketTest() : judging(limit(Comparison::less)) { lay_out(); }

  static Criterion limit(Comparison comparison) {
    Criterion criterion = expecting(gauge(comparison, "15"));
    criterion.measure = Measure::bracket;
    criterion.window = WindowIndex{0};
    criterion.denominator = WindowIndex{1};
    return criterion;
  }
  void lay_out() {
    for (const SeriesIndex series : {SeriesIndex{0}, SeriesIndex{1}}) {
      judging.metric(series).kind = MetricKind::gauge;
    }
    judging.metric(SeriesIndex{0}).fold = GaugeFold::max;
    judging.metric(SeriesIndex{1}).fold = GaugeFold::min;
  }
  void see(Duration at, std::int64_t p99) {
    judging.see(SeriesIndex{0}, at, p99);
    judging.see(SeriesIndex{1}, at, p99);
  }
  Judging judging;
};

TEST_F(BracketTest, PassesWhenAllPassFailsWhenAllFailAndElseSaysNothing) {
  const struct {
    std::int64_t a, b;
    Verdict expect;
    Raw stop;
  } cases[] = {{10, 14, Verdict::pass, Raw::false_},
               {15, 20, Verdict::fail, Raw::unknown},
               {16, 20, Verdict::fail, Raw::true_},
               {10, 20, Verdict::undecided, Raw::unknown}};
  for (const auto& c : cases) {
    SCOPED_TRACE(std::to_string(c.a) + ", " + std::to_string(c.b));
    judging = Judging(limit(Comparison::less));
    lay_out();
    see(4min, c.a);
    see(5min, c.b);
    const Reading reading = judging.read();
    EXPECT_EQ(reading.verdict, c.expect);
    EXPECT_EQ(reading.low, Fixed::from_int(c.a));
    EXPECT_EQ(reading.high, Fixed::from_int(c.b));
    judging.criterion() = limit(Comparison::greater);
    judging.criterion().kind = CriterionKind::stop;
    EXPECT_EQ(judging.read().raw, c.stop);
    EXPECT_EQ(judging.read().verdict, c.stop == Raw::true_     ? Verdict::fail
                                      : c.stop == Raw::unknown ? Verdict::undecided
                                                               : Verdict::pass);
  }
}

TEST_F(BracketTest, WithoutAPointThereIsNoData) {
  EXPECT_EQ(judging.read(5min).verdict, Verdict::no_data);
}

TEST_F(BracketTest, ItsSentenceSaysBothEnds) {
  see(4min, 10);
  see(5min, 20);
  EXPECT_THAT(sentence(judging.machine, judging.criterion(), judging.read()),
              HasSubstr(": between 10 and 20 in 2 samples"));
}

}  // namespace
}  // namespace rollbook::core::tests
