#pragma once
// The small vocabulary every folder speaks: engine time, exact decimal values, weights, strong
// ids and Result<T>. Nothing here knows a clock; a Time only ever comes in from outside.
//
//   Fixed limit = Fixed::from_nanos(1'000'000);   // 0.001, that is 0.1 %
//   Time t{std::chrono::seconds(5)};              // five seconds after 1970

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace rollbook::core {

__extension__ typedef __int128 Int128;

using Duration = std::chrono::nanoseconds;
struct EngineClock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<EngineClock, Duration>;
};
// Nanoseconds since 1970-01-01T00:00Z.
using Time = EngineClock::time_point;

inline constexpr Duration kNever = Duration::max();
inline constexpr Time kDistantPast = Time::min();
inline constexpr Time kDistantFuture = Time::max();

// An exact decimal number: an integer count of 10⁻⁹. Sums and differences are exact.
struct Fixed {
  Int128 nanos = 0;

  static constexpr Int128 kScale = 1'000'000'000;
  static constexpr Fixed from_nanos(Int128 nanos) { return Fixed{nanos}; }
  static constexpr Fixed from_int(std::int64_t whole) { return Fixed{whole * kScale}; }
  constexpr auto operator<=>(const Fixed&) const = default;
  constexpr Fixed operator+(Fixed other) const { return Fixed{nanos + other.nanos}; }
  constexpr Fixed operator-(Fixed other) const { return Fixed{nanos - other.nanos}; }
  constexpr Fixed& operator+=(Fixed other) {
    nanos += other.nanos;
    return *this;
  }
  constexpr Fixed& operator-=(Fixed other) {
    nanos -= other.nanos;
    return *this;
  }
};

// The canary's share of traffic, in 10⁻⁹. INVARIANT: 0 ≤ nanos ≤ 10⁹ wherever one is stored.
struct Weight {
  std::int64_t nanos = 0;
  constexpr auto operator<=>(const Weight&) const = default;
};
inline constexpr Weight kNoTraffic{0};
inline constexpr Weight kAllTraffic{1'000'000'000};

// An index into one of the Machine's tables; the tag keeps two tables apart.
template <class Tag>
struct Index {
  std::uint32_t value = kNone;
  static constexpr std::uint32_t kNone = 0xffffffff;
  constexpr bool valid() const { return value != kNone; }
  constexpr auto operator<=>(const Index&) const = default;
};
using StateIndex = Index<struct StateTag>;
using TransitionIndex = Index<struct TransitionTag>;
using CriterionIndex = Index<struct CriterionTag>;
using MetricIndex = Index<struct MetricTag>;
using SeriesIndex = Index<struct SeriesTag>;
using WindowIndex = Index<struct WindowTag>;
using ClockIndex = Index<struct ClockTag>;
using EffectIndex = Index<struct EffectTag>;
using ItemIndex = Index<struct ItemTag>;
using TargetIndex = Index<struct TargetTag>;        // invalid: the single, unnamed target
using BreakdownIndex = Index<struct BreakdownTag>;  // of breakdowns_of(): breakdown.h

// The place of an event in its stream: 1, 2, 3, … without holes. 0 means "none".
struct Sequence {
  std::uint64_t value = 0;
  constexpr bool valid() const { return value != 0; }
  constexpr auto operator<=>(const Sequence&) const = default;
};

struct Error {
  std::string message;  // lower case, no full stop, names the place and the way out
};
template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(std::string message) {
  return tl::unexpected<Error>(Error{std::move(message)});
}

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace rollbook::core

// A broken invariant ends the process, in release too: the log is intact and a restart recovers.
#define ROLLBOOK_CHECK(condition)     \
  ((condition) ? static_cast<void>(0) \
               : ::rollbook::core::check_failed(#condition, __FILE__, __LINE__))

// TRY(auto x, f()): returns f()'s error from the enclosing function, else names its value.
#define ROLLBOOK_TRY_CONCAT_(a, b) a##b
#define ROLLBOOK_TRY_CONCAT(a, b) ROLLBOOK_TRY_CONCAT_(a, b)
#define ROLLBOOK_TRY_IMPL(declaration, expression, temporary)                 \
  auto temporary = (expression);                                              \
  if (!temporary) return ::tl::make_unexpected(std::move(temporary).error()); \
  declaration = std::move(*temporary)
#define TRY(declaration, expression) \
  ROLLBOOK_TRY_IMPL(declaration, expression, ROLLBOOK_TRY_CONCAT(try_result_, __LINE__))
#define TRY_DO(expression)                                         \
  do {                                                             \
    if (auto try_status = (expression); !try_status)               \
      return ::tl::make_unexpected(std::move(try_status).error()); \
  } while (false)
