// 06xx: findings about numbers. Warnings: the author may know better.

#include "dsl/explain_table.h"

namespace rollbook::dsl {

void explain_numbers(std::vector<Explanation>& all) {
  using Where = Explanation::Where;
  const std::vector<Explanation> rows = {
      {601, "`for` shorter than `over`",
       "A single burst stays in the window for the whole of `over`. A `for` shorter than that is "
       "met "
       "by the same burst, so it protects from nothing.",
       Where::guard, "stop error_rate > 2% over 10m for 2m",
       "stop error_rate > 2% over 10m for 10m"},
      {602, "a hold that is too short",
       "A criterion speaks when its window was watched whole. A hold not longer than the longest "
       "window and its `for` is over before the guard could have said anything.",
       Where::stage, "hold 5m", "hold 1h"},
      {603, "silence is not covered",
       "A canary that sends no metrics breaks no limit. `stop absent(x) for D` stops it: silence "
       "is "
       "not health.",
       Where::runbook,
       "guard {\n  stop error_rate > 1% over 5m\n  stop p99(latency) > 50ms over 5m\n  otherwise "
       "rollback automatic\n}",
       "guard {\n  stop error_rate > 1% over 5m\n  stop p99(latency) > 50ms over 5m\n  stop "
       "absent(requests) for 3m\n  otherwise rollback automatic\n}"},
      {604, "a name without use",
       "Nothing uses this metric, role, channel, action, template or decision: perhaps a criterion "
       "or "
       "a sign-off was lost.",
       Where::runbook, "metric queue = gauge max queue_length", ""},
      {605, "a gate as loose as the guard",
       "What just passes the check is stopped by the guard: a canary a little below the limit "
       "crosses it by chance. With `load` the message says how often: a canary at 0.08 % is rolled "
       "back in 99 of 100 holds of 2 hours at 900/s × 5 % and a limit of 0.1 %. It is the number "
       "of "
       "`rollbook power --healthy 0.08%`.",
       Where::stage, "expect error_rate < 1% over 5m", "expect error_rate < 0.2% over 5m"},
      {606, "too few requests",
       "At the trough of the load so few requests come within the window that a healthy canary, "
       "which fails a fifth as often as the limit allows, breaks the limit by chance: once it is "
       "full, at any time of the hold, or before, while it fills and a stop judges what it has. "
       "The "
       "number is that of `rollbook power`: a formula, with `for` a range.",
       Where::runbook, "load 900/s peak, 4/s trough", "load 900/s peak, 200/s trough"},
      {607, "a bound that is dead, or that contradicts another",
       "Whenever a lower quantile is above a limit, every higher quantile is as well: a bound on "
       "p50 "
       "that is no lower than one on p99 never decides anything. Two expectations with no value "
       "between them, like `< 0.5%` and `> 0.6%`, never pass together, less than nothing is never "
       "counted, and where a guard stops at all that is expected no rollout goes on.",
       Where::guard, "stop p50(latency) > 60ms over 5m", "stop p50(latency) > 20ms over 5m"},
      {608, "a stop that is blind",
       "A `stop` waits for `at least N requests` in its window, 100 unless it says another number. "
       "At "
       "the trough they do not come, so it never speaks.",
       Where::runbook,
       "load 900/s peak, 200/s trough\nguard {\n  stop error_rate > 1% over 5m at least 10000 "
       "requests\n  stop p99(latency) > 50ms over 5m\n  stop absent(requests) for 3m\n  otherwise "
       "rollback automatic\n}",
       "load 900/s peak, 200/s trough\nguard {\n  stop error_rate > 1% over 5m at least 1000 "
       "requests\n  stop p99(latency) > 50ms over 5m\n  stop absent(requests) for 3m\n  otherwise "
       "rollback automatic\n}"},
      {609, "a way back that waits",
       "Before it shifts traffic back, this rollback waits for something that a sick canary may "
       "never "
       "answer, or it leaves traffic on a canary that failed. What the guard leads to shifts "
       "first.",
       Where::runbook,
       "rollback automatic {\n  run suite(phase: \"drain\")\n  traffic 0%\n  page oncall "
       "\"Back\"\n}",
       "rollback automatic {\n  traffic 0%\n  run suite(phase: \"drain\")\n  page oncall "
       "\"Back\"\n}"},
      {610, "two sign-offs that one person could give",
       "Distinct persons are asked for within one sign-off, not between two of them. Two of the "
       "same "
       "role look like four eyes and may be two.",
       Where::stage, "confirm \"Logs are clean\" by lead", "confirm \"Logs are clean\" by owner"},
      {611, "a baseline without traffic",
       "While the canary has all of the traffic, the baseline sends nothing: the check waits for "
       "data "
       "that never come, and its stage ends by its deadline.",
       Where::runbook,
       "stage second {\n  traffic 100%\n  hold 1h\n  expect baseline.p99(latency) < 40ms over 5m\n "
       " "
       "within 1h otherwise rollback automatic\n}\nfinish traffic 100%",
       "stage second {\n  traffic 50%\n  hold 1h\n  expect baseline.p99(latency) < 40ms over 5m\n  "
       "within 1h otherwise rollback automatic\n}\nfinish traffic 50%"},
      {612, "a decision that opens in silence",
       "Nobody is told that they must decide, so the deadline decides. `ask CHANNEL` tells them, "
       "`remind every 4h` again and again.",
       Where::runbook,
       "decide verdict {\n  by all of lead, owner\n  within 1h otherwise rollback automatic\n  "
       "option "
       "go \"Go on\" next\n}\nstage first {\n  traffic 10%\n  hold 1h\n  run suite(phase: \"x\")\n "
       " "
       "notify mail \"Hello\"\n  confirm \"Fine\" by lead\n  within 2h otherwise decide verdict\n}",
       ""},
      {613, "a window that is never full",
       "A window is judged when it was watched whole, from the last shift on. This one is longer "
       "than the stage can last, so the check never passes.",
       Where::runbook,
       "stage second {\n  traffic 20%\n  expect p99(latency) < 20ms over 48h\n  within 2h "
       "otherwise rollback automatic\n}\nfinish traffic 20%",
       "stage second {\n  traffic 20%\n  expect p99(latency) < 20ms over 1h\n  within 2h otherwise "
       "rollback automatic\n}\nfinish traffic 20%"},
      {614, "few points for a judge",
       "`judge kayenta` compares one point of each arm for each step of its window. Few points "
       "find large differences only, so that what is small but real passes.",
       Where::stage, "expect judge kayenta over 10m {\n  error_rate increase\n}",
       "expect judge kayenta over 1h {\n  error_rate increase\n}"},
      {615, "numbers of arms with unequal traffic",
       "Spinnaker compares two clusters of one size. Here the arms have the weights of their "
       "stage: "
       "a rate or a count of the canary's tenth is a ninth of the baseline's, however healthy it "
       "is. Ratios, quantiles and gauges do not depend on that.",
       Where::stage, "expect judge kayenta over 1h {\n  rate(requests) decrease\n}",
       "expect judge kayenta over 1h {\n  error_rate increase\n}"},
      {618, "a look at the canary before it has traffic",
       "A stage before the first shift looks at what was measured since the rollout began. The "
       "canary has no traffic then: only where it gets a copy of it, in shadow, are there data. "
       "Without, the check waits until the deadline of its stage.",
       Where::runbook,
       "stage first {\n  run suite(phase: \"x\")\n  expect error_rate < 0.3% over 30m\n  within "
       "2h otherwise decide verdict\n}\nstage second {\n  traffic 20%\n  hold 2h\n}\nfinish "
       "traffic 20%",
       "stage first {\n  run suite(phase: \"x\")\n  expect total.error_rate < 0.3% over 30m\n  "
       "within 2h otherwise decide verdict\n}\nstage second {\n  traffic 20%\n  hold "
       "2h\n}\nfinish traffic 20%"},
      {619, "an import that nothing is taken of",
       "What a runbook takes of an imported file it names as `common.careful`, and only that is "
       "put "
       "into its text. Of this import it takes nothing.",
       Where::importing, "import \"common.runbook\" as common",
       "import \"common.runbook\" as common\n"
       "stage first using common.careful {\n  traffic 10%\n  hold 1h\n}"},
  };
  all.insert(all.end(), rows.begin(), rows.end());
}

}  // namespace rollbook::dsl
