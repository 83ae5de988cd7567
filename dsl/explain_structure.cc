// 05xx: what every plan must have, and what the proofs over its machine find.

#include "dsl/explain_table.h"

namespace rollbook::dsl {

void explain_structure(std::vector<Explanation>& all) {
  using Where = Explanation::Where;
  const std::vector<Explanation> rows = {
      {501, "a part is missing",
       "A runbook names its service, has a stage, and says by which label the arms are told apart "
       "as "
       "soon as it shifts traffic. A stage does something.",
       Where::runbook, "stage second {\n}",
       "stage second {\n  traffic 20%\n  hold 1h\n}\nfinish traffic 20%"},
      {502, "a wait without an exit",
       "Every wait ends: when it does not end well, `otherwise` says where it leads. A "
       "confirmation "
       "may be answered with no, a check may fail, a decision may not be taken in time.",
       Where::runbook,
       "decide verdict {\n  by owner\n  ask mail, oncall\n  option go \"Go on\" next\n}",
       "decide verdict {\n  by owner\n  ask mail, oncall\n  within 1h otherwise rollback "
       "automatic\n"
       "  option go \"Go on\" next\n}"},
      {503, "no guard",
       "As long as the canary has traffic, a guard watches it and rolls back without asking "
       "anybody. "
       "A rollout without one is a hope.",
       Where::runbook, "guard {\n  otherwise rollback automatic\n}",
       "guard {\n  stop error_rate > 1% over 5m\n  stop p99(latency) > 50ms over 5m\n  stop "
       "absent(requests) for 3m\n  otherwise "
       "rollback "
       "automatic\n}"},
      {504, "traffic that does not rise",
       "Stages raise the canary's weight, rollbacks lower it. A stage that keeps or lowers it is a "
       "mistake in the order of the stages.",
       Where::runbook, "stage second {\n  traffic 5%\n  hold 1h\n}\nfinish traffic 5%",
       "stage second {\n  traffic 20%\n  hold 1h\n}\nfinish traffic 20%"},
      {505, "a rollback that does not go back",
       "A rollback shifts traffic below the first stage, and never up.", Where::runbook,
       "rollback automatic {\n  traffic 15%\n  page oncall \"Back\"\n}",
       "rollback automatic {\n  traffic 0%\n  page oncall \"Back\"\n}"},
      {506, "a part that nothing leads to",
       "No way through the machine comes here: the block would never run.", Where::runbook,
       "rollback slow {\n  traffic 0%\n}", "rollback gradual {\n  traffic 0%\n}"},
      {507, "an end that is not said",
       "A rollout that does not end at 100 % says where it ends: `finish traffic N%` states the "
       "weight of the last stage, for the runbook that goes on from there.",
       Where::runbook, "finish traffic 60%", "finish traffic 10%"},
      {508, "a decision that nobody takes",
       "A decision says whose it is: `by ROLE`, `by any of …`, `by all of …` or `by 2 of …`.",
       Where::runbook,
       "decide verdict {\n  ask mail, oncall\n  within 1h otherwise rollback automatic\n  option "
       "go "
       "\"Go on\" next\n}",
       "decide verdict {\n  by owner\n  ask mail, oncall\n  within 1h otherwise rollback "
       "automatic\n  "
       "option go \"Go on\" next\n}"},
      {510, "too many states",
       "A machine has 4,096 states at most, and a runbook with its templates put in 4 MiB. Split "
       "it "
       "into runbooks that follow each other.",
       Where::file, "", ""},
      {511, "looser than the guard",
       "This check lets pass what the guard stops: the rollout is rolled back before the check "
       "could "
       "fail, so it decides nothing.",
       Where::stage, "expect error_rate < 3% over 5m", "expect error_rate < 0.2% over 5m"},
      {512, "a band in which nothing happens",
       "Between the limit of this check and the one at which the guard stops, the check fails and "
       "the "
       "guard does nothing: the stage needs an `otherwise` for that.",
       Where::runbook,
       "stage first {\n  traffic 10%\n  hold 1h\n  run suite(phase: \"x\")\n  expect error_rate < "
       "0.5% "
       "over 5m\n}",
       "stage first {\n  traffic 10%\n  hold 1h\n  run suite(phase: \"x\")\n  expect error_rate < "
       "0.5% "
       "over 5m\n  within 2h otherwise decide verdict\n}"},
      {513, "forward after a rollback",
       "A proof over the machine failed: from a rollback there is a way to something that goes "
       "forward. No runbook should compile to that; please report it.",
       Where::file, "", ""},
      {514, "no way back",
       "A proof over the machine failed: there is a state with traffic in which `rollbook "
       "rollback` "
       "would have nowhere to go. No runbook should compile to that; please report it.",
       Where::file, "", ""},
      {530, "nothing was started",
       "`hold until NAME` waits for an action that the stage began with `start NAME(…)` above. A "
       "`run` is waited for where it stands.",
       Where::runbook,
       "stage second {\n  traffic 20%\n  hold until suite at most 24h\n  hold 1h\n}\nfinish "
       "traffic "
       "20%",
       "stage second {\n  traffic 20%\n  start suite(phase: \"x\")\n  hold until suite at most "
       "24h\n  hold 1h\n}\nfinish traffic 20%"},
      {531, "no way back any more",
       "After a step that is marked `irreversible` no rollback is possible. This plan would ask "
       "for "
       "one there: what fails behind such a step halts, and people decide.",
       Where::runbook,
       "guard {\n  stop error_rate > 1% over 5m\n  stop p99(latency) > 50ms over 5m\n  stop "
       "absent(requests) for 3m\n  otherwise rollback automatic\n}\nguard {\n  stop error_rate > "
       "2% "
       "over 10m\n  otherwise halt\n}\nstage second {\n  traffic 20%\n  hold 1h\n  run "
       "suite(phase: \"drop\") irreversible\n  expect p99(latency) < 40ms over 5m\n  within 1h "
       "otherwise rollback automatic\n}\nfinish traffic 20%",
       "guard {\n  stop error_rate > 1% over 5m\n  stop p99(latency) > 50ms over 5m\n  stop "
       "absent(requests) for 3m\n  otherwise rollback automatic\n}\nguard {\n  stop error_rate > "
       "2% "
       "over 10m\n  otherwise halt\n}\nstage second {\n  traffic 20%\n  hold 1h\n  run "
       "suite(phase: \"drop\") irreversible\n  expect p99(latency) < 40ms over 5m\n  within 1h "
       "otherwise halt\n}\nfinish traffic 20%"},
      {532, "nothing watches after an irreversible step",
       "Where no rollback is possible the guards that lead to one are silent. One that says "
       "`otherwise halt` goes on watching.",
       Where::runbook,
       "stage second {\n  traffic 20%\n  hold 1h\n  run suite(phase: \"drop\") irreversible\n  "
       "expect p99(latency) < 40ms over 5m\n  within 1h otherwise halt\n}\nfinish traffic 20%",
       "guard {\n  stop error_rate > 1% over 5m\n  stop p99(latency) > 50ms over 5m\n  stop "
       "absent(requests) for 3m\n  otherwise rollback automatic\n}\nguard {\n  stop error_rate > "
       "2% "
       "over 10m\n  otherwise halt\n}\nstage second {\n  traffic 20%\n  hold 1h\n  run "
       "suite(phase: \"drop\") irreversible\n  expect p99(latency) < 40ms over 5m\n  within 1h "
       "otherwise halt\n}\nfinish traffic 20%"},
      {540, "traffic that names no target",
       "Where there are targets each has a weight of its own, so `traffic`, `ramp traffic`, "
       "`begins "
       "traffic` and `finish traffic` say whose: `traffic eu 5%`.",
       Where::runbook, "target eu where region = \"eu\"", ""},
      {541, "a target without traffic",
       "A target that no stage gives traffic has nothing to guard, and what a stage expects of one "
       "before its first shift would never be there.",
       Where::file, "", ""},
      {545, "a veto over nothing",
       "`when baseline fails too halt` keeps a guard from moving traffic to a baseline that fails "
       "by "
       "the same condition. It needs a `stop` about the canary's share, and a guard that rolls "
       "back: totals and comparisons of the two arms have no share of the baseline's, and a guard "
       "that halts does so anyway.",
       Where::guard, "stop total.error_rate > 2% over 10m when baseline fails too halt",
       "stop error_rate > 2% over 10m when baseline fails too halt"},
      {561, "imports in a circle",
       "A file imports itself, perhaps by way of others. What both need goes into a file of its "
       "own.",
       Where::file, "", ""},
      {562, "an import in a text that must stand alone",
       "What is sent to an engine is one text: `rollbook start` puts imports in before. This text "
       "came with an `import` in it; `rollbook expand` prints one without.",
       Where::runbook, "import \"lib.runbook\" as lib", ""},
  };
  all.insert(all.end(), rows.begin(), rows.end());
}

}  // namespace rollbook::dsl
