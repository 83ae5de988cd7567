#pragma once
// Why a log could not be opened: a sentence, and what callers act on (`locked` ends with exit
// code 6, the rest with 1).

#include <cstdint>

#include "engine/core/types.h"

namespace rollbook::store {

enum class OpenFailure : std::uint8_t {
  locked,        // another engine writes it
  newer_format,  // a newer rollbook wrote it
  damaged,       // altered: bytes, a hole, a hash that does not hold
  cut_short,     // events that were durable are missing at its end
  no_space,      // the disk is full
  unreadable,    // not there, no permission, an error of the disk
};

struct OpenError : core::Error {
  OpenFailure failure = OpenFailure::unreadable;
};

template <class T>
using OpenResult = tl::expected<T, OpenError>;

inline tl::unexpected<OpenError> fail_open(OpenFailure failure, std::string message) {
  return tl::unexpected<OpenError>(OpenError{{std::move(message)}, failure});
}

}  // namespace rollbook::store
