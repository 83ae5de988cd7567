#include "tools/power/exports.h"

#include <algorithm>

namespace rollbook::power {

using namespace rollbook::core;

Exports::Exports(Duration every, bool two, tools::Draw& draw) {
  const auto seconds = static_cast<double>(every / std::chrono::seconds(1));
  const auto first = [&] {
    return std::chrono::seconds(1 + static_cast<std::int64_t>(draw.uniform() * seconds));
  };
  if (two) {
    next_ = {{first(), Arm::canary}, {first(), Arm::baseline}};
  } else {
    next_ = {{first(), Arm::total}};
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
