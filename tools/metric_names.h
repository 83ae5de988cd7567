#pragma once
// MetricNames: a name that a runbook asks for and no point has, held against the names that were
// seen. One is near that differs by a slip of the hand, by `_total`, `_count` or `_sum`, by dots
// for underscores, or by a namespace before or behind it. Only what the runbook could read as the
// kind that it says, and does not use already, is proposed.
//
//   near_names("err", {"http.server.err", "requests_total"})  // {"http.server.err"}, part

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rollbook::tools {

enum class Nearness : std::uint8_t {
  same,    // but for case, dots, and what is put behind a counter's name
  slip,    // of the hand
  part,    // one is in the other, word by word
  inside,  // one is in the other, as letters are
  none,
};

struct NearNames {
  Nearness nearness = Nearness::none;
  std::vector<std::string> names;  // the nearest of them; several: nobody knows which
};
NearNames near_names(std::string_view wanted, const std::vector<std::string>& names);

// Some of the names, for a person to look through: what resembles the wanted one most comes first.
std::vector<std::string> some_names(std::string_view wanted, std::vector<std::string> names);

// "`a`, `b` or `c`"
std::string list_of(const std::vector<std::string>& values, std::string_view last = ", ");

}  // namespace rollbook::tools
