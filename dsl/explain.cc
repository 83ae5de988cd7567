#include "dsl/explain.h"

#include <algorithm>

#include "dsl/explain_table.h"

namespace rollbook::dsl {

const std::vector<Explanation>& explanations() {
  static const std::vector<Explanation> kAll = [] {
    std::vector<Explanation> all;
    explain_syntax(all);
    explain_names(all);
    explain_structure(all);
    explain_numbers(all);
    explain_scenarios(all);
    explain_unsupported(all);
    return all;
  }();
  return kAll;
}

const Explanation* explain(std::string_view code) {
  if (code.starts_with("RB") || code.starts_with("rb")) code.remove_prefix(2);
  if (code.empty() || code.size() > 4) return nullptr;
  unsigned number = 0;
  for (const char c : code) {
    if (c < '0' || c > '9') return nullptr;
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  const auto& all = explanations();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Explanation& each) { return each.code == number; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace rollbook::dsl
