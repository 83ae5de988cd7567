#include "store/event_codec.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "tests/store/arbitrary.h"

namespace rollbook::store {
namespace {

using core::arbitrary::any;

std::string encoded(const core::Event& event) {
  EventCodec codec;
  std::string bytes;
  codec.encode(event, bytes);
  return bytes;
}

// Of an event at 2026-01-05 whose body is to come.
core::Event at_noon(core::Body body) {
  core::Event event;
  event.time = core::Time{std::chrono::seconds(1'767'614'400)};
  event.body = std::move(body);
  return event;
}

template <class Body>
class EveryBody : public testing::Test {};

template <class Variant>
struct AsTypes;
template <class... Bodies>
struct AsTypes<std::variant<Bodies...>> {
  using Types = testing::Types<Bodies...>;
};
TYPED_TEST_SUITE(EveryBody, AsTypes<core::Body>::Types);

TYPED_TEST(EveryBody, comes_back_exactly) {
  rc::detail::checkGTest([] {
    const core::Time time = any<core::Time>();
    core::Event event{{}, {}, time, {}, any<TypeParam>()};
    EventCodec codec;
    std::string bytes;
    codec.encode(event, bytes);
    core::Event back;
    back.time = time;
    RC_ASSERT(codec.decode(static_cast<std::uint8_t>(kind_of(event.body)), bytes, back));
    RC_ASSERT((back == event));
    // Nothing of it is left in a body that is read into the same event afterwards.
    core::Event other{{}, {}, time, {}, any<TypeParam>()};
    std::string other_bytes;
    codec.encode(other, other_bytes);
    RC_ASSERT(codec.decode(static_cast<std::uint8_t>(kind_of(other.body)), other_bytes, back));
    RC_ASSERT((back == other));
  });
}

TYPED_TEST(EveryBody, cut_short_or_changed_is_refused_or_read_but_never_worse) {
  rc::detail::checkGTest([] {
    core::Event event{{}, {}, any<core::Time>(), {}, any<TypeParam>()};
    const auto kind = static_cast<std::uint8_t>(kind_of(event.body));
    std::string bytes = encoded(event);
    if (bytes.empty()) return;  // Resumed has none
    const auto at =
        static_cast<std::size_t>(*rc::gen::inRange<int>(0, static_cast<int>(bytes.size())));
    if (*rc::gen::arbitrary<bool>()) {
      bytes.resize(at);
    } else {
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << *rc::gen::inRange(0, 8)));
    }
    EventCodec codec;
    core::Event back;
    static_cast<void>(codec.decode(kind, bytes, back));  // sanitizers watch
  });
}

TEST(EventKind, is_one_of_its_own_for_each_body) {
  std::set<EventKind> kinds;
  [&]<std::size_t... i>(std::index_sequence<i...>) {
    (kinds.insert(kind_of(core::Body(std::variant_alternative_t<i, core::Body>{}))), ...);
  }
  (std::make_index_sequence<std::variant_size_v<core::Body>>{});
  EXPECT_EQ(kinds.size(), std::variant_size_v<core::Body>);
  EXPECT_EQ(kind_of(core::Body(core::Observed{})), EventKind::observed);
  EXPECT_EQ(kind_of(core::Body(core::SourceGap{})), EventKind::source_gap);
}

TEST(EventCodec, refuses_a_kind_it_does_not_know) {
  EventCodec codec;
  core::Event event;
  for (const int kind : {0, 21, 255}) {
    const core::Status status = codec.decode(static_cast<std::uint8_t>(kind), "", event);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().message,
              "unknown event kind " + std::to_string(kind) + "; a newer rollbook wrote it");
  }
}

TEST(EventCodec, refuses_a_value_it_does_not_know) {
  // RolloutFinished{outcome = 9}.
  EventCodec codec;
  core::Event event;
  const core::Status status = codec.decode(static_cast<std::uint8_t>(EventKind::rollout_finished),
                                           std::string("\x08\x09"), event);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message,
            "this version does not know its outcome; a newer rollbook wrote it");
}

TEST(EventCodec, ignores_fields_it_does_not_know) {
  core::Event event = at_noon(core::TimerFired{core::ClockIndex{7}});
  std::string bytes = encoded(event);
  bytes += "\xba\x3e\x03new";  // field 999, three bytes
  EventCodec codec;
  core::Event back;
  back.time = event.time;
  ASSERT_TRUE(codec.decode(static_cast<std::uint8_t>(EventKind::timer_fired), bytes, back));
  EXPECT_EQ(back, event);
}

TEST(EventCodec, refuses_columns_of_different_lengths) {
  // cell_series = [1], and no other column.
  EventCodec codec;
  core::Event event;
  const core::Status status = codec.decode(static_cast<std::uint8_t>(EventKind::observed),
                                           std::string("\x0a\x01\x01"), event);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "its bytes are damaged");
}

// Ten cells each 10 s: four series of the canary example's arms, three of them histograms.
core::Observed ten_seconds_of_the_canary(core::Time now) {
  core::Observed observed;
  for (std::uint32_t i = 0; i < 10; ++i) {
    core::CellDelta delta;
    delta.series = core::SeriesIndex{i / 2};
    delta.reach = core::Floor::shift;
    delta.cell.end = now - std::chrono::seconds(i % 2);
    delta.cell.latest = delta.cell.end - std::chrono::nanoseconds(123'456'789);
    delta.cell.value = core::Fixed::from_nanos(4'123'456'789 + i);
    delta.cell.samples = 1'000 + i;
    if (i % 3 == 0) delta.cell.buckets.assign(20, 51);
    observed.deltas.push_back(delta);
  }
  for (std::uint32_t i = 0; i < 5; ++i) {
    observed.seen.push_back({core::SeriesIndex{i}, now - std::chrono::milliseconds(700),
                             now - std::chrono::microseconds(1'234)});
  }
  for (std::int32_t partition = 0; partition < 6; ++partition) {
    observed.offsets.push_back({"metrics.hal9", partition, 1'234'567'890});
  }
  return observed;
}

TEST(EventCodec, keeps_a_day_of_a_rollout_small) {
  const core::Event event =
      at_noon(ten_seconds_of_the_canary(core::Time{std::chrono::seconds(1'767'614'400)}));
  const std::size_t a_day = encoded(event).size() * 8'640;
  EXPECT_LT(a_day, 5u << 20);  // the row, its position and RocksDB's own come on top
}

}  // namespace
}  // namespace rollbook::store
