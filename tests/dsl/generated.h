#pragma once
// Runbooks made by chance, without an error in them, and layouts made by chance: what holds for
// every text is tried on more than the few that people write. The same seed gives the same text.

#include <cstdint>
#include <string>

namespace rollbook::dsl::test {

// A runbook with metrics, parameters, a guard, a template, stages, decisions and rollbacks.
std::string generated_runbook(std::uint32_t seed);

// The same tokens with other blanks, comments, blank lines and broken lines between them.
std::string shaken(const std::string& text, std::uint32_t seed);

}  // namespace rollbook::dsl::test
