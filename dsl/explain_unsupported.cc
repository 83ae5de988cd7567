// 09xx: words of the language that this edition knows and this version cannot run. A row goes when
// its construct comes.

#include "dsl/explain_table.h"

namespace rollbook::dsl {

void explain_unsupported(std::vector<Explanation>& all) {
  using Where = Explanation::Where;
  const std::vector<Explanation> rows = {
      {905, "`when baseline fails too` is not supported yet",
       "The language knows `when baseline fails too`, what to do about a cause that both arms "
       "share; this version cannot run it. It is refused, so that no plan runs with a part of it "
       "left out.",
       Where::guard, "when baseline fails too halt", ""},
      {907, "`and` outside `stop` is not supported",
       "`and` joins the conditions of a `stop`, which acts when all of them hold at the same "
       "instant. A review needs all of its checks anyway: write two. A `pause while` has one "
       "condition.",
       Where::stage, "expect error_rate < 0.2% over 10m and error_rate < 0.3% over 30m",
       "expect error_rate < 0.2% over 10m\nexpect error_rate < 0.3% over 30m"},
      {912, "`target` is not supported yet",
       "The language knows `target`, a second weight, such as one for each region; this version "
       "cannot run it. It is refused, so that no plan runs with a part of it left out.",
       Where::runbook, "target eu where region = \"eu\"", ""},
      {914, "`irreversible` after `start` is not supported",
       "A `start` is not waited for, so nobody knows from when on it cannot be taken back. Mark "
       "the "
       "`run` that cannot.",
       Where::stage, "start suite(phase: \"x\") irreversible", "start suite(phase: \"x\")"},
      {922, "`bracket` is not supported yet",
       "The language knows `bracket`, the bounds of a quantile whose limit is inside a bucket; "
       "this version cannot run it. It is refused, so that no plan runs with a part of it left "
       "out.",
       Where::guard, "stop bracket(latency) > 50ms over 5m", ""},
  };
  all.insert(all.end(), rows.begin(), rows.end());
}

}  // namespace rollbook::dsl
