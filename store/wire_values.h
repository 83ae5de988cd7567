#pragma once
// How the core's small values are spelled in the log (FORMAT.md, Conventions): put() writes one,
// take() reads it. Reading never fails by itself; what the log must not hold is noted in a Fault,
// and the caller refuses the whole body. Internal to store's codecs.

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "engine/core/machine.h"
#include "engine/core/types.h"
#include "store/machine.pb.h"
#include "store/wire_enums.h"

namespace rollbook::store {

// What a body must not hold: a value that this version does not know, or what no encoder wrote.
struct Fault {
  const char* unknown = nullptr;  // what it is a value of; the first one
  bool damaged = false;
  bool any() const { return unknown != nullptr || damaged; }
  // A sentence without its subject; any() must hold.
  std::string text() const {
    if (damaged) return "its bytes are damaged";
    return std::string("this version does not know its ") + unknown + "; a newer rollbook wrote it";
  }
};

// ---- Numbers ------------------------------------------------------------------------------

// Differences and sums of times wrap, so that the distant past and future survive too.
inline std::int64_t wrapping_sub(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
inline std::int64_t wrapping_add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
inline std::int64_t wrapping_mul(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

inline constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

// A count of nanoseconds as whole seconds, rounded down, and the rest.
struct SplitTime {
  std::int64_t seconds = 0;
  std::uint32_t nanos = 0;
};
inline SplitTime split_time(std::int64_t nanos) {
  std::int64_t seconds = nanos / kNanosPerSecond;
  std::int64_t rest = nanos % kNanosPerSecond;
  if (rest < 0) {
    rest += kNanosPerSecond;
    --seconds;
  }
  return {seconds, static_cast<std::uint32_t>(rest)};
}

// n = (high · 2⁶⁴ + whole) · 10⁹ + nanos.
struct SplitFixed {
  std::int64_t whole = 0;
  std::uint32_t nanos = 0;
  std::int64_t high = 0;
};
SplitFixed split_fixed(core::Fixed value);
core::Fixed join_fixed(const SplitFixed& parts);

inline std::int64_t put_time(core::Time time) { return time.time_since_epoch().count(); }
inline core::Time take_time(std::int64_t nanos) { return core::Time{core::Duration{nanos}}; }

template <class Tag>
std::uint32_t put_index(core::Index<Tag> index) {
  return index.value + 1U;  // kNone wraps to 0
}
template <class Index>
Index take_index(std::uint32_t stored) {
  return Index{stored - 1U};
}

// ---- Enumerations -------------------------------------------------------------------------

template <class Core>
typename WireEnum<Core>::Wire put_enum(Core value) {
  return static_cast<typename WireEnum<Core>::Wire>(value);
}
template <class Core, class Wire>
Core take_enum(Wire stored, const char* name, Fault& fault) {
  const int number = static_cast<int>(stored);
  if (!WireEnum<Core>::valid(number)) {
    if (fault.unknown == nullptr) fault.unknown = name;
    return Core{};
  }
  return static_cast<Core>(number);
}

// ---- Small messages -----------------------------------------------------------------------

// In the messages' namespace, so that the templates below find every put() and take() of the
// codecs by the message they are called with.
namespace wire {

void put(core::Fixed value, Fixed& out);
core::Fixed take(const Fixed& stored, Fault& fault);

inline void put(const core::Argument& argument, Argument& out) {
  out.set_name(argument.name);
  out.set_value(argument.value);
}
inline core::Argument take(const Argument& stored, Fault&) {
  return {stored.name(), stored.value()};
}

}  // namespace wire

// ---- Sequences ----------------------------------------------------------------------------

// Writes each element of `values` as a message of a repeated field.
template <class Values, class Messages>
void put_all(const Values& values, Messages* out) {
  for (const auto& value : values) put(value, *out->Add());
}
template <class Messages>
auto take_all(const Messages& stored, Fault& fault) {
  std::vector<std::remove_cvref_t<decltype(take(stored[0], fault))>> out;
  out.reserve(static_cast<std::size_t>(stored.size()));
  for (const auto& message : stored) out.push_back(take(message, fault));
  return out;
}
template <class Texts>
std::vector<std::string> take_texts(const Texts& stored) {
  return {stored.begin(), stored.end()};
}
template <class Index, class Numbers>
void put_indices(const std::vector<Index>& values, Numbers* out) {
  for (const Index value : values) out->Add(put_index(value));
}
template <class Index, class Numbers>
std::vector<Index> take_indices(const Numbers& stored) {
  std::vector<Index> out;
  out.reserve(static_cast<std::size_t>(stored.size()));
  for (const std::uint32_t number : stored) out.push_back(take_index<Index>(number));
  return out;
}

}  // namespace rollbook::store
