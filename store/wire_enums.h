#pragma once
// Enumerations of the core and of the log side by side. A number in the log keeps its meaning for
// ever; these asserts stop whoever reorders an enumeration of the core.

#include "engine/core/event.h"
#include "store/event.pb.h"
#include "store/machine.pb.h"

namespace rollbook::store {

// Ties a core enumeration to its wire twin; `valid` says whether the log's number is known.
template <class Core>
struct WireEnum;

// clang-format off
#define ROLLBOOK_WIRE_ENUM(Name, count)                                       \
  template <>                                                                 \
  struct WireEnum<core::Name> {                                               \
    using Wire = wire::Name;                                                  \
    static bool valid(int value) { return wire::Name##_IsValid(value); }      \
  };                                                                          \
  static_assert(wire::Name##_ARRAYSIZE == (count), "a twin is missing")
#define ROLLBOOK_SAME(Name, core_name, wire_name)                             \
  static_assert(static_cast<int>(core::Name::core_name) == wire::wire_name,   \
                "numbers in the log are for ever")

ROLLBOOK_WIRE_ENUM(Verb, 11);
ROLLBOOK_SAME(Verb, start, VERB_START);
ROLLBOOK_SAME(Verb, confirm, VERB_CONFIRM);
ROLLBOOK_SAME(Verb, decide, VERB_DECIDE);
ROLLBOOK_SAME(Verb, pause, VERB_PAUSE);
ROLLBOOK_SAME(Verb, resume, VERB_RESUME);
ROLLBOOK_SAME(Verb, promote, VERB_PROMOTE);
ROLLBOOK_SAME(Verb, extend, VERB_EXTEND);
ROLLBOOK_SAME(Verb, rollback, VERB_ROLLBACK);
ROLLBOOK_SAME(Verb, abort, VERB_ABORT);
ROLLBOOK_SAME(Verb, settle, VERB_SETTLE);
ROLLBOOK_SAME(Verb, rebalance, VERB_REBALANCE);

ROLLBOOK_WIRE_ENUM(RollbackHow, 2);
ROLLBOOK_SAME(RollbackHow, immediate, ROLLBACK_HOW_IMMEDIATE);
ROLLBOOK_SAME(RollbackHow, gradual, ROLLBACK_HOW_GRADUAL);

ROLLBOOK_WIRE_ENUM(Verdict, 4);
ROLLBOOK_SAME(Verdict, undecided, VERDICT_UNDECIDED);
ROLLBOOK_SAME(Verdict, pass, VERDICT_PASS);
ROLLBOOK_SAME(Verdict, fail, VERDICT_FAIL);
ROLLBOOK_SAME(Verdict, no_data, VERDICT_NO_DATA);

ROLLBOOK_WIRE_ENUM(Missing, 7);
ROLLBOOK_SAME(Missing, none, MISSING_NONE);
ROLLBOOK_SAME(Missing, no_series, MISSING_NO_SERIES);
ROLLBOOK_SAME(Missing, no_arm, MISSING_NO_ARM);
ROLLBOOK_SAME(Missing, stale, MISSING_STALE);
ROLLBOOK_SAME(Missing, no_traffic, MISSING_NO_TRAFFIC);
ROLLBOOK_SAME(Missing, too_few, MISSING_TOO_FEW);
ROLLBOOK_SAME(Missing, two_senders, MISSING_TWO_SENDERS);

ROLLBOOK_WIRE_ENUM(Raw, 3);
ROLLBOOK_SAME(Raw, unknown, RAW_UNKNOWN);
ROLLBOOK_SAME(Raw, false_, RAW_FALSE);
ROLLBOOK_SAME(Raw, true_, RAW_TRUE);

ROLLBOOK_WIRE_ENUM(EffectOutcome, 3);
ROLLBOOK_SAME(EffectOutcome, succeeded, EFFECT_OUTCOME_SUCCEEDED);
ROLLBOOK_SAME(EffectOutcome, failed, EFFECT_OUTCOME_FAILED);
ROLLBOOK_SAME(EffectOutcome, timed_out, EFFECT_OUTCOME_TIMED_OUT);

ROLLBOOK_WIRE_ENUM(Sight, 3);
ROLLBOOK_SAME(Sight, live, SIGHT_LIVE);
ROLLBOOK_SAME(Sight, catching_up, SIGHT_CATCHING_UP);
ROLLBOOK_SAME(Sight, unreachable, SIGHT_UNREACHABLE);

ROLLBOOK_WIRE_ENUM(MetricKind, 3);
ROLLBOOK_SAME(MetricKind, counter, METRIC_KIND_COUNTER);
ROLLBOOK_SAME(MetricKind, histogram, METRIC_KIND_HISTOGRAM);
ROLLBOOK_SAME(MetricKind, gauge, METRIC_KIND_GAUGE);

ROLLBOOK_WIRE_ENUM(GaugeFold, 4);
ROLLBOOK_SAME(GaugeFold, max, GAUGE_FOLD_MAX);
ROLLBOOK_SAME(GaugeFold, min, GAUGE_FOLD_MIN);
ROLLBOOK_SAME(GaugeFold, mean, GAUGE_FOLD_MEAN);
ROLLBOOK_SAME(GaugeFold, last, GAUGE_FOLD_LAST);

ROLLBOOK_WIRE_ENUM(MatchKind, 4);
ROLLBOOK_SAME(MatchKind, equal, MATCH_KIND_EQUAL);
ROLLBOOK_SAME(MatchKind, not_equal, MATCH_KIND_NOT_EQUAL);
ROLLBOOK_SAME(MatchKind, matches, MATCH_KIND_MATCHES);
ROLLBOOK_SAME(MatchKind, not_matches, MATCH_KIND_NOT_MATCHES);

ROLLBOOK_WIRE_ENUM(Arm, 3);
ROLLBOOK_SAME(Arm, canary, ARM_CANARY);
ROLLBOOK_SAME(Arm, baseline, ARM_BASELINE);
ROLLBOOK_SAME(Arm, total, ARM_TOTAL);

ROLLBOOK_WIRE_ENUM(Floor, 3);
ROLLBOOK_SAME(Floor, start, FLOOR_START);
ROLLBOOK_SAME(Floor, guard, FLOOR_GUARD);
ROLLBOOK_SAME(Floor, shift, FLOOR_SHIFT);
ROLLBOOK_SAME(Floor, before, FLOOR_BEFORE);

ROLLBOOK_WIRE_ENUM(Measure, 9);
ROLLBOOK_SAME(Measure, ratio, MEASURE_RATIO);
ROLLBOOK_SAME(Measure, quantile, MEASURE_QUANTILE);
ROLLBOOK_SAME(Measure, rate, MEASURE_RATE);
ROLLBOOK_SAME(Measure, count, MEASURE_COUNT);
ROLLBOOK_SAME(Measure, gauge, MEASURE_GAUGE);
ROLLBOOK_SAME(Measure, absent, MEASURE_ABSENT);
ROLLBOOK_SAME(Measure, split, MEASURE_SPLIT);
ROLLBOOK_SAME(Measure, bracket, MEASURE_BRACKET);
ROLLBOOK_SAME(Measure, score, MEASURE_SCORE);

ROLLBOOK_WIRE_ENUM(Test, 7);
ROLLBOOK_SAME(Test, none, TEST_NONE);
ROLLBOOK_SAME(Test, proportion, TEST_PROPORTION);
ROLLBOOK_SAME(Test, two_rates, TEST_TWO_RATES);
ROLLBOOK_SAME(Test, two_quantiles, TEST_TWO_QUANTILES);
ROLLBOOK_SAME(Test, unchanged, TEST_UNCHANGED);
ROLLBOOK_SAME(Test, split, TEST_SPLIT);
ROLLBOOK_SAME(Test, kayenta, TEST_KAYENTA);

ROLLBOOK_WIRE_ENUM(Direction, 3);
ROLLBOOK_SAME(Direction, either, DIRECTION_EITHER);
ROLLBOOK_SAME(Direction, increase, DIRECTION_INCREASE);
ROLLBOOK_SAME(Direction, decrease, DIRECTION_DECREASE);

ROLLBOOK_WIRE_ENUM(EffectSize, 2);
ROLLBOOK_SAME(EffectSize, mean_ratio, EFFECT_SIZE_MEAN_RATIO);
ROLLBOOK_SAME(EffectSize, cles, EFFECT_SIZE_CLES);

ROLLBOOK_WIRE_ENUM(Classification, 5);
ROLLBOOK_SAME(Classification, pass, CLASSIFICATION_PASS);
ROLLBOOK_SAME(Classification, high, CLASSIFICATION_HIGH);
ROLLBOOK_SAME(Classification, low, CLASSIFICATION_LOW);
ROLLBOOK_SAME(Classification, no_data, CLASSIFICATION_NO_DATA);
ROLLBOOK_SAME(Classification, no_data_failed, CLASSIFICATION_NO_DATA_FAILED);

ROLLBOOK_WIRE_ENUM(Comparison, 4);
ROLLBOOK_SAME(Comparison, less, COMPARISON_LESS);
ROLLBOOK_SAME(Comparison, less_equal, COMPARISON_LESS_EQUAL);
ROLLBOOK_SAME(Comparison, greater, COMPARISON_GREATER);
ROLLBOOK_SAME(Comparison, greater_equal, COMPARISON_GREATER_EQUAL);

ROLLBOOK_WIRE_ENUM(CriterionKind, 4);
ROLLBOOK_SAME(CriterionKind, stop, CRITERION_KIND_STOP);
ROLLBOOK_SAME(CriterionKind, expect, CRITERION_KIND_EXPECT);
ROLLBOOK_SAME(CriterionKind, pause, CRITERION_KIND_PAUSE);
ROLLBOOK_SAME(CriterionKind, enough, CRITERION_KIND_ENOUGH);

ROLLBOOK_WIRE_ENUM(QuorumKind, 3);
ROLLBOOK_SAME(QuorumKind, all, QUORUM_KIND_ALL);
ROLLBOOK_SAME(QuorumKind, any, QUORUM_KIND_ANY);
ROLLBOOK_SAME(QuorumKind, at_least, QUORUM_KIND_AT_LEAST);

ROLLBOOK_WIRE_ENUM(OptionKind, 4);
ROLLBOOK_SAME(OptionKind, next, OPTION_KIND_NEXT);
ROLLBOOK_SAME(OptionKind, extend, OPTION_KIND_EXTEND);
ROLLBOOK_SAME(OptionKind, rollback, OPTION_KIND_ROLLBACK);
ROLLBOOK_SAME(OptionKind, halt, OPTION_KIND_HALT);

ROLLBOOK_WIRE_ENUM(ItemKind, 2);
ROLLBOOK_SAME(ItemKind, confirm, ITEM_KIND_CONFIRM);
ROLLBOOK_SAME(ItemKind, decide, ITEM_KIND_DECIDE);

ROLLBOOK_WIRE_ENUM(EffectKind, 9);
ROLLBOOK_SAME(EffectKind, traffic, EFFECT_KIND_TRAFFIC);
ROLLBOOK_SAME(EffectKind, run, EFFECT_KIND_RUN);
ROLLBOOK_SAME(EffectKind, start, EFFECT_KIND_START);
ROLLBOOK_SAME(EffectKind, stop, EFFECT_KIND_STOP);
ROLLBOOK_SAME(EffectKind, checkpoint, EFFECT_KIND_CHECKPOINT);
ROLLBOOK_SAME(EffectKind, notify, EFFECT_KIND_NOTIFY);
ROLLBOOK_SAME(EffectKind, page, EFFECT_KIND_PAGE);
ROLLBOOK_SAME(EffectKind, incident, EFFECT_KIND_INCIDENT);
ROLLBOOK_SAME(EffectKind, report, EFFECT_KIND_REPORT);

ROLLBOOK_WIRE_ENUM(ClockKind, 3);
ROLLBOOK_SAME(ClockKind, watched, CLOCK_KIND_WATCHED);
ROLLBOOK_SAME(ClockKind, engine, CLOCK_KIND_ENGINE);
ROLLBOOK_SAME(ClockKind, steady, CLOCK_KIND_STEADY);

ROLLBOOK_WIRE_ENUM(StateKind, 3);
ROLLBOOK_SAME(StateKind, atomic, STATE_KIND_ATOMIC);
ROLLBOOK_SAME(StateKind, compound, STATE_KIND_COMPOUND);
ROLLBOOK_SAME(StateKind, final_, STATE_KIND_FINAL);

ROLLBOOK_WIRE_ENUM(Outcome, 3);
ROLLBOOK_SAME(Outcome, succeeded, OUTCOME_SUCCEEDED);
ROLLBOOK_SAME(Outcome, rolled_back, OUTCOME_ROLLED_BACK);
ROLLBOOK_SAME(Outcome, aborted, OUTCOME_ABORTED);

ROLLBOOK_WIRE_ENUM(Phase, 11);
ROLLBOOK_SAME(Phase, none, PHASE_NONE);
ROLLBOOK_SAME(Phase, begin, PHASE_BEGIN);
ROLLBOOK_SAME(Phase, preflight, PHASE_PREFLIGHT);
ROLLBOOK_SAME(Phase, setup, PHASE_SETUP);
ROLLBOOK_SAME(Phase, shift, PHASE_SHIFT);
ROLLBOOK_SAME(Phase, hold, PHASE_HOLD);
ROLLBOOK_SAME(Phase, run, PHASE_RUN);
ROLLBOOK_SAME(Phase, review, PHASE_REVIEW);
ROLLBOOK_SAME(Phase, decide, PHASE_DECIDE);
ROLLBOOK_SAME(Phase, rollback, PHASE_ROLLBACK);
ROLLBOOK_SAME(Phase, done, PHASE_DONE);

ROLLBOOK_WIRE_ENUM(TriggerKind, 17);
ROLLBOOK_SAME(TriggerKind, always, TRIGGER_KIND_ALWAYS);
ROLLBOOK_SAME(TriggerKind, settled, TRIGGER_KIND_SETTLED);
ROLLBOOK_SAME(TriggerKind, failed, TRIGGER_KIND_FAILED);
ROLLBOOK_SAME(TriggerKind, clock, TRIGGER_KIND_CLOCK);
ROLLBOOK_SAME(TriggerKind, stop, TRIGGER_KIND_STOP);
ROLLBOOK_SAME(TriggerKind, gate_passed, TRIGGER_KIND_GATE_PASSED);
ROLLBOOK_SAME(TriggerKind, gate_failed, TRIGGER_KIND_GATE_FAILED);
ROLLBOOK_SAME(TriggerKind, chosen, TRIGGER_KIND_CHOSEN);
ROLLBOOK_SAME(TriggerKind, abort, TRIGGER_KIND_ABORT);
ROLLBOOK_SAME(TriggerKind, rollback_immediate, TRIGGER_KIND_ROLLBACK_IMMEDIATE);
ROLLBOOK_SAME(TriggerKind, rollback_gradual, TRIGGER_KIND_ROLLBACK_GRADUAL);
ROLLBOOK_SAME(TriggerKind, rollback_partial, TRIGGER_KIND_ROLLBACK_PARTIAL);
ROLLBOOK_SAME(TriggerKind, entered, TRIGGER_KIND_ENTERED);
ROLLBOOK_SAME(TriggerKind, all_back, TRIGGER_KIND_ALL_BACK);
ROLLBOOK_SAME(TriggerKind, some_left, TRIGGER_KIND_SOME_LEFT);
ROLLBOOK_SAME(TriggerKind, any_back, TRIGGER_KIND_ANY_BACK);
ROLLBOOK_SAME(TriggerKind, none_back, TRIGGER_KIND_NONE_BACK);

#undef ROLLBOOK_WIRE_ENUM
#undef ROLLBOOK_SAME
// clang-format on

}  // namespace rollbook::store
