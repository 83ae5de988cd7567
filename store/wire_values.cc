#include "store/wire_values.h"

namespace rollbook::store {
namespace {

__extension__ typedef unsigned __int128 UInt128;

}  // namespace

SplitFixed split_fixed(core::Fixed value) {
  SplitFixed parts;
  // Nearly every value fits 64 bits, and a 64-bit division is many times faster.
  const auto narrow = static_cast<std::int64_t>(value.nanos);
  if (narrow == value.nanos) {
    const SplitTime split = split_time(narrow);
    parts.whole = split.seconds;
    parts.nanos = split.nanos;
    return parts;
  }
  core::Int128 whole = value.nanos / core::Fixed::kScale;
  core::Int128 rest = value.nanos % core::Fixed::kScale;
  if (rest < 0) {
    rest += core::Fixed::kScale;
    --whole;
  }
  parts.nanos = static_cast<std::uint32_t>(rest);
  parts.whole = static_cast<std::int64_t>(whole);  // the low 64 bits, signed
  parts.high = static_cast<std::int64_t>((whole - parts.whole) >> 64);
  return parts;
}

core::Fixed join_fixed(const SplitFixed& parts) {
  // Unsigned, so that stored numbers no encoder wrote wrap instead of being undefined.
  const UInt128 whole = (static_cast<UInt128>(static_cast<std::uint64_t>(parts.high)) << 64) +
                        static_cast<UInt128>(static_cast<core::Int128>(parts.whole));
  const UInt128 nanos = whole * static_cast<UInt128>(core::Fixed::kScale) + parts.nanos;
  return core::Fixed{static_cast<core::Int128>(nanos)};
}

namespace wire {

void put(core::Fixed value, Fixed& out) {
  const SplitFixed parts = split_fixed(value);
  out.set_whole(parts.whole);
  out.set_nanos(parts.nanos);
  out.set_high(parts.high);
}

core::Fixed take(const Fixed& stored, Fault&) {
  return join_fixed({stored.whole(), stored.nanos(), stored.high()});
}

}  // namespace wire

}  // namespace rollbook::store
