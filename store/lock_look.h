#pragma once
// Lock look: whether an engine has a data directory open, without touching its lock: one that is
// about to start must not find it taken by somebody who only looks.

#include <string>

namespace rollbook::store {

// As /proc/locks has it. False as well where that does not show the engine's: another container,
// a file system that names its files otherwise.
bool is_seen_locked(const std::string& directory);

}  // namespace rollbook::store
