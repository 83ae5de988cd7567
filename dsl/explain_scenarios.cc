// 07xx: scenarios. The examples stand in `scenario "…" for "shop.runbook" { … }`; `rollbook test`
// is asked about them.

#include "dsl/explain_table.h"

namespace rollbook::dsl {

void explain_scenarios(std::vector<Explanation>& all) {
  using Where = Explanation::Where;
  const std::vector<Explanation> rows = {
      {701, "something else was expected",
       "The statement of a scenario goes on in a way that the grammar does not know.",
       Where::scenario, "at 10s expekt state half", "at 10s expect state half"},
      {702, "no statement of a scenario begins so",
       "A scenario gives series and faults, answers questions, acts at times and says what must "
       "come of it.",
       Where::scenario, "wait 10s\nexpect outcome succeeded",
       "end at 10s\nexpect outcome succeeded"},
      {703, "a value that cannot be meant",
       "The value has another unit than its place, or is out of range.", Where::scenario,
       "at 90/s expect state half", "at 90s expect state half"},
      {704, "a fault that cannot be read",
       "Faults are written as `rollbook sandbox --fault` takes them.", Where::scenario,
       "series healthy at 90/s\nerrors lots from 10s\nexpect outcome rolled_back",
       "series healthy at 90/s\nerrors 9% from 10s\nexpect outcome rolled_back"},
      {705, "a statement that stands twice",
       "Of two loads, two ends or two answers to one question it is not clear which one is meant.",
       Where::scenario, "series healthy at 90/s\nseries healthy at 80/s\nexpect outcome succeeded",
       "series healthy at 90/s\nexpect outcome succeeded"},
      {706, "a pattern where a value belongs",
       "A series that is sent has labels with values; patterns select among what is sent.",
       Where::scenario,
       "series shop_requests_total{version=~\"n.*\"} 90/s\nexpect outcome rolled_back",
       "series shop_requests_total{version=\"new\"} 90/s\nexpect outcome rolled_back"},
      {710, "no such runbook",
       "The scenario names the runbook that it is for by its file, beside its own, or by its name. "
       "It must be there, and valid.",
       Where::scenario, "", ""},
      {711, "a series that the runbook does not count",
       "No metric of the runbook selects this series, so sending it would change nothing.",
       Where::scenario, "series shop_orders_total{version=\"new\"} 90/s\nexpect outcome succeeded",
       "series shop_requests_total{version=\"new\"} 90/s\nexpect outcome succeeded"},
      {712, "a level of another kind",
       "Counters have a rate or a share of the requests, histograms have quantiles, gauges a "
       "value.",
       Where::scenario,
       "series shop_requests_total{version=\"new\"} p50 8ms p99 12ms\nexpect outcome succeeded",
       "series shop_requests_total{version=\"new\"} 90/s\nexpect outcome succeeded"},
      {713, "unknown state",
       "The machine of the runbook has no state, and the runbook no stage, of that name; `rollbook "
       "graph` shows them.",
       Where::scenario, "at 10s expect state quarter", "at 10s expect state half"},
      {714, "unknown criterion", "A criterion is named by its id or by its text.", Where::scenario,
       "expect verdict \"guard.stop[9]\" fail", "expect verdict \"guard.stop[1]\" fail"},
      {715, "unknown effect", "The runbook never requests this effect.", Where::scenario,
       "expect effect page oncall", "expect effect traffic 50%"},
      {716, "unknown stage",
       "Times after a stage count from its first shift; the runbook has no stage of that name.",
       Where::scenario, "at stage quarter + 1m expect state half",
       "at stage half + 10s expect state half"},
      {717, "unknown question", "The runbook never asks this.", Where::scenario,
       "at question \"Anybody there\" answer yes\nexpect outcome succeeded",
       "at question \"No complaints\" answer yes\nexpect outcome succeeded"},
      {718, "unknown option", "The decision has no option of that name.", Where::scenario,
       "at question verdict answer perhaps\nexpect outcome succeeded",
       "at question verdict answer back\nexpect outcome rolled_back"},
      {719, "unknown role", "The runbook declares no role of that name.", Where::scenario,
       "at question \"No complaints\" answer yes as nobody\nexpect outcome succeeded",
       "at question \"No complaints\" answer yes as owner\nexpect outcome succeeded"},
      {720, "a scenario that expects nothing",
       "Whatever happens, it passes: say what must come of it.", Where::scenario,
       "series healthy at 90/s", "series healthy at 90/s\nexpect outcome succeeded"},
      {721, "a share of requests that nobody counts",
       "A level such as `2%` is a share of the requests of its arm, and the scenario does not say "
       "how many there are.",
       Where::scenario, "series shop_errors_total{version=\"new\"} 2%\nexpect outcome succeeded",
       "series healthy at 90/s\nseries shop_errors_total{version=\"new\"} 2%\nexpect outcome "
       "succeeded"},
      {722, "an order that does not rise",
       "Quantiles and their latencies rise from one to the next, and so do the times of a series.",
       Where::scenario,
       "series shop_requests_total{version=\"new\"} 90/s until 20s then 9/s until 10s then "
       "1/s\nexpect outcome succeeded",
       "series shop_requests_total{version=\"new\"} 90/s until 10s then 9/s until 20s then "
       "1/s\nexpect outcome succeeded"},
      {730, "no such target",
       "Where the runbook has targets, `expect traffic` says whose; where it has none, nothing "
       "can.",
       Where::scenario, "expect traffic eu 5%", "expect traffic 10%"},
      {723, "a runbook that this one does not come after",
       "`given runbook` says that a rollout which must have come before has succeeded. The runbook "
       "asks for those that it names with `after runbook`, and for no others.",
       Where::scenario, "given runbook shop_shadow succeeded\nexpect outcome succeeded",
       "expect outcome succeeded"},
  };
  all.insert(all.end(), rows.begin(), rows.end());
}

}  // namespace rollbook::dsl
