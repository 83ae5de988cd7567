#pragma once
// Arbitrary values of the core's types for rapidcheck: inside a property, any<T>() picks one; each
// leaf is a pick of its own, so rapidcheck shrinks them one by one.

#include <rapidcheck.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/event.h"
#include "engine/core/machine.h"

// In the core's namespace, so that every fill() is found by the type it fills.
namespace rollbook::core::arbitrary {

template <class T>
T any();

}  // namespace rollbook::core::arbitrary

namespace rollbook::core {

using arbitrary::any;

// ---- Leaves ---------------------------------------------------------------------------------

inline void fill(std::string& s) { s = *rc::gen::arbitrary<std::string>(); }
inline void fill(bool& b) { b = *rc::gen::arbitrary<bool>(); }
inline void fill(std::uint8_t& n) { n = *rc::gen::arbitrary<std::uint8_t>(); }
inline void fill(std::int32_t& n) { n = *rc::gen::arbitrary<std::int32_t>(); }
inline void fill(std::uint32_t& n) { n = *rc::gen::arbitrary<std::uint32_t>(); }
// The edges too: sizes of rapidcheck stay small.
inline void fill(std::int64_t& n) {
  n = *rc::gen::oneOf(rc::gen::arbitrary<std::int64_t>(),
                      rc::gen::element<std::int64_t>(INT64_MIN, INT64_MAX, -1, 0, 1'000'000'000,
                                                     -999'999'999, 1'767'571'200'000'000'000));
}
inline void fill(std::uint64_t& n) {
  n = *rc::gen::oneOf(rc::gen::arbitrary<std::uint64_t>(),
                      rc::gen::element<std::uint64_t>(0, UINT64_MAX));
}
inline void fill(core::Duration& d) { d = core::Duration{any<std::int64_t>()}; }
inline void fill(core::Time& t) { t = core::Time{any<core::Duration>()}; }
inline void fill(core::Fixed& f) {
  const auto high = static_cast<core::Int128>(*rc::gen::oneOf(
      rc::gen::just<std::int64_t>(0), rc::gen::just<std::int64_t>(-1),
      rc::gen::element<std::int64_t>(INT64_MIN, INT64_MAX), rc::gen::arbitrary<std::int64_t>()));
  const auto low = static_cast<core::Int128>(any<std::uint64_t>());
  f = core::Fixed{*rc::gen::arbitrary<bool>() ? (high * (core::Int128{1} << 32) << 32) | low
                                              : core::Int128{any<std::int64_t>()}};
}
inline void fill(core::Weight& w) { fill(w.nanos); }
inline void fill(core::Sequence& s) { fill(s.value); }
template <class Tag>
void fill(core::Index<Tag>& index) {
  index.value =
      *rc::gen::oneOf(rc::gen::just(core::Index<Tag>::kNone), rc::gen::arbitrary<std::uint32_t>());
}
template <class Enum>
requires std::is_enum_v<Enum>
void fill_enum(Enum& value, int count) { value = static_cast<Enum>(*rc::gen::inRange(0, count)); }

template <class First, class Second>
void fill(std::pair<First, Second>& value) {
  fill(value.first);
  fill(value.second);
}
template <class T>
void fill(std::vector<T>& values) {
  values.resize(static_cast<std::size_t>(*rc::gen::inRange(0, 4)));
  for (T& value : values) fill(value);
}
template <class T>
void fill(std::optional<T>& value) {
  value.reset();
  if (*rc::gen::arbitrary<bool>()) fill(value.emplace());
}
template <class... Fields>
void fill_all(Fields&... fields) {
  (fill(fields), ...);
}

#define ROLLBOOK_FILL_ENUM(Type, count) \
  inline void fill(core::Type& value) { fill_enum(value, count); }
#define ROLLBOOK_FILL(Type, ...)    \
  inline void fill(core::Type& v) { \
    auto& [__VA_ARGS__] = v;        \
    fill_all(__VA_ARGS__);          \
  }

ROLLBOOK_FILL_ENUM(Verb, 11)
ROLLBOOK_FILL_ENUM(RollbackHow, 2)
ROLLBOOK_FILL_ENUM(Verdict, 4)
ROLLBOOK_FILL_ENUM(Missing, 7)
ROLLBOOK_FILL_ENUM(Raw, 3)
ROLLBOOK_FILL_ENUM(EffectOutcome, 3)
ROLLBOOK_FILL_ENUM(Sight, 3)
ROLLBOOK_FILL_ENUM(MetricKind, 3)
ROLLBOOK_FILL_ENUM(GaugeFold, 4)
ROLLBOOK_FILL_ENUM(MatchKind, 4)
ROLLBOOK_FILL_ENUM(Arm, 3)
ROLLBOOK_FILL_ENUM(Measure, 9)
ROLLBOOK_FILL_ENUM(Test, 7)
inline void fill(core::Floor& value) { value = static_cast<core::Floor>(*rc::gen::inRange(-1, 3)); }
ROLLBOOK_FILL_ENUM(Comparison, 4)
ROLLBOOK_FILL_ENUM(CriterionKind, 4)
ROLLBOOK_FILL_ENUM(QuorumKind, 3)
ROLLBOOK_FILL_ENUM(OptionKind, 4)
ROLLBOOK_FILL_ENUM(ItemKind, 2)
ROLLBOOK_FILL_ENUM(EffectKind, 9)
ROLLBOOK_FILL_ENUM(ClockKind, 3)
ROLLBOOK_FILL_ENUM(StateKind, 3)
ROLLBOOK_FILL_ENUM(Direction, 3)
ROLLBOOK_FILL_ENUM(EffectSize, 2)
ROLLBOOK_FILL_ENUM(Classification, 5)
ROLLBOOK_FILL_ENUM(Outcome, 3)
ROLLBOOK_FILL_ENUM(Phase, 11)
ROLLBOOK_FILL_ENUM(TriggerKind, 17)

// Structured bindings name every field: one that is added to the core does not compile here until
// it is filled, and is then lost in no codec unnoticed.
ROLLBOOK_FILL(Argument, a, b)
ROLLBOOK_FILL(Span, a, b, c, d)
ROLLBOOK_FILL(LabelMatcher, a, b, c)
ROLLBOOK_FILL(Metric, a, b, c, d, e, f, g, h, i, j)
ROLLBOOK_FILL(Arms, a, b, c)
ROLLBOOK_FILL(Target, a, b, c, d, e, f)
ROLLBOOK_FILL(Series, a, b, c)
ROLLBOOK_FILL(Window, a, b, c, d, e, f, g)
ROLLBOOK_FILL(EffectBounds, a, b)
ROLLBOOK_FILL(JudgedMetric, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
ROLLBOOK_FILL(GroupWeight, a, b)
ROLLBOOK_FILL(Judge, a, b, c, d, e)
ROLLBOOK_FILL(Criterion, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z,
              aa, bb)
ROLLBOOK_FILL(Quorum, a, b, c)
ROLLBOOK_FILL(Option, a, b, c, d, e, f)
ROLLBOOK_FILL(Item, a, b, c, d, e, f)
ROLLBOOK_FILL(Effect, a, b, c, d, e, f, g, h, i, j, k, l, m)
ROLLBOOK_FILL(Clock, a, b, c, d, e, f, g)
ROLLBOOK_FILL(Ramp, a, b, c, d, e, f)
ROLLBOOK_FILL(Lowering, a, b, c)
ROLLBOOK_FILL(Gate, a, b)
ROLLBOOK_FILL(State, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q)
ROLLBOOK_FILL(Trigger, a, b, c, d, e, f, g, h, i, j)
ROLLBOOK_FILL(Transition, a, b, c, d, e, f, g, h, i, j, k, l, m, n)
ROLLBOOK_FILL(OffsetChange, a, b)
ROLLBOOK_FILL(OpenHours, a, b, c, d, e, f)
ROLLBOOK_FILL(Calendar, a)
ROLLBOOK_FILL(Stage, a, b, c, d, e, f, g, h, i, j)
ROLLBOOK_FILL(Machine, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x)

ROLLBOOK_FILL(CommandKey, a, b)
ROLLBOOK_FILL(TargetWeight, a, b)
ROLLBOOK_FILL(Command, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v1, w, x, y,
              z)
ROLLBOOK_FILL(Grid, a, b)
inline void fill(core::Cell& v) {
  auto& [a, b, c, d, e, first] = v;
  fill_all(a, b, c, d, e);
  first = static_cast<std::uint32_t>(*rc::gen::inRange(0, 513));  // no layout has more buckets
}
ROLLBOOK_FILL(CellDelta, a, b, c, d, e)
ROLLBOOK_FILL(SeriesSeen, a, b, c)
ROLLBOOK_FILL(SeriesClash, a, b)
ROLLBOOK_FILL(NameSeen, a, b)
ROLLBOOK_FILL(Layout, a, b, c)
ROLLBOOK_FILL(SourceOffset, a, b, c)
ROLLBOOK_FILL(Limits, a, b, c, d)
ROLLBOOK_FILL(ReadBack, a, b)
ROLLBOOK_FILL(RolloutStarted, a, b, c, d, e, f, g, h, i, j, k, l, m, n)
ROLLBOOK_FILL(TestSums, a, b, c)
ROLLBOOK_FILL(LabelSet, a, b)
inline void fill(core::Share& v) {
  auto& [breakdown, arm, set, shifted, cell] = v;
  fill_all(breakdown, arm, shifted, cell);
  set = static_cast<std::uint32_t>(*rc::gen::inRange(0, static_cast<int>(core::kOtherSet) + 1));
}
ROLLBOOK_FILL(Exemplar, a, b, c, d, e, f, g, h, i)
ROLLBOOK_FILL(WindowCells, a, b)
ROLLBOOK_FILL(SeriesPast, a, b, c)
ROLLBOOK_FILL(Past, a, b, c, d)
ROLLBOOK_FILL(Observed, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q)
ROLLBOOK_FILL(TestStart, a, b, c, d)
ROLLBOOK_FILL(JudgedSample, a, b, c, d, e, f, g, h, i)
ROLLBOOK_FILL(Edge, a, b, c)
ROLLBOOK_FILL(Edges, a, b, c, d, e, f)
ROLLBOOK_FILL(Evidence, a, b, c, d, e, f, g, h, i, j, k, l, m)
ROLLBOOK_FILL(Reading, a, b, c, d, e, f, g, h, i, j, k, l, m, n)
ROLLBOOK_FILL(VerdictChanged, a, b)
ROLLBOOK_FILL(Transitioned, a, b, c, d)
ROLLBOOK_FILL(TimerFired, a)
ROLLBOOK_FILL(EffectRequested, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r)
ROLLBOOK_FILL(EffectDelivered, a)
ROLLBOOK_FILL(EffectSettled, a, b, c, d)
ROLLBOOK_FILL(Commanded, a)
ROLLBOOK_FILL(Rejected, a, b, c)
ROLLBOOK_FILL(Asked, a, b, c)
ROLLBOOK_FILL(Confirmed, a, b, c, d)
ROLLBOOK_FILL(Decided, a, b, c, d)
ROLLBOOK_FILL(Paused, a, b, c)
inline void fill(core::Resumed&) {}
ROLLBOOK_FILL(RolloutFinished, a, b, c, d)
ROLLBOOK_FILL(EngineGap, a, b)
ROLLBOOK_FILL(ClockStep, a)
ROLLBOOK_FILL(SourceStatus, a, b)
ROLLBOOK_FILL(SourceGap, a, b, c, d)

#undef ROLLBOOK_FILL
#undef ROLLBOOK_FILL_ENUM

}  // namespace rollbook::core

namespace rollbook::core::arbitrary {

template <class T>
T any() {
  T value{};
  fill(value);
  return value;
}

}  // namespace rollbook::core::arbitrary
