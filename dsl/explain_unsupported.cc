// 09xx: words of the language that this edition knows and this version cannot run. A row goes when
// its construct comes.

#include "dsl/explain_table.h"

namespace rollbook::dsl {

void explain_unsupported(std::vector<Explanation>& all) {
  using Where = Explanation::Where;
  const std::vector<Explanation> rows = {
      {907, "`and` outside `stop`",
       "`and` joins the conditions of a `stop`, which acts when all of them hold at the same "
       "instant. A review needs all of its checks anyway: write two. A `pause while` has one "
       "condition; of two of them each pauses.",
       Where::stage, "expect error_rate < 0.2% over 10m and error_rate < 0.3% over 30m",
       "expect error_rate < 0.2% over 10m\nexpect error_rate < 0.3% over 30m"},
  };
  all.insert(all.end(), rows.begin(), rows.end());
}

}  // namespace rollbook::dsl
