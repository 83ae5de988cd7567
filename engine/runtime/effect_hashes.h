#pragma once
// What makes the ids of an effect public: the core knows sequences, the log adds digits of hashes.

#include <string_view>

namespace rollbook::runtime {

struct EffectHashes {
  std::string_view own;         // the 8 hex digits of its event
  std::string_view first = {};  // those of the effect that it requests again (`retry_of`)
};

}  // namespace rollbook::runtime
