#pragma once
// A guard against a hang: RocksDB 7.8's reader beside a writer never returns from a header that
// claims to belong to a recycled file (FragmentBufferedReader takes an "old record" for progress).
// We recycle no files, so such a header in a manifest or a write-ahead file is a flipped bit.
// Internal to store.

#include <optional>
#include <string>

namespace rollbook::store {

// The first manifest or write-ahead file in `path` with such a header; nothing is the good case.
// Files that cannot be read are left to RocksDB's own complaint.
std::optional<std::string> find_recycled_header(const std::string& path);

}  // namespace rollbook::store
