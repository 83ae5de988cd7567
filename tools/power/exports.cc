#include "tools/power/exports.h"

#include <algorithm>

namespace rollbook::power {

using namespace rollbook::core;

Exports::Exports(Duration every, const std::vector<Arm>& arms, tools::Draw& draw) {
  const auto seconds = static_cast<double>(every / std::chrono::seconds(1));
  for (const Arm arm : arms) {
    const auto first = 1 + static_cast<std::int64_t>(draw.uniform() * seconds);
    next_.push_back({std::chrono::seconds(first), arm});
  }
  put_in_order();
}

void Exports::go_on(Duration later) {
  next_.front().at += later;
  put_in_order();
}

void Exports::put_in_order() {
  std::stable_sort(next_.begin(), next_.end(),
                   [](const Next& a, const Next& b) { return a.at < b.at; });
}

}  // namespace rollbook::power
