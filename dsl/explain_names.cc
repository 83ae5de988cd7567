// 03xx: names. 04xx: types and values.

#include "dsl/explain_table.h"

namespace rollbook::dsl {

void explain_names(std::vector<Explanation>& all) {
  using Where = Explanation::Where;
  const std::vector<Explanation> rows = {
      {301, "unknown metric",
       "A criterion names a metric that the runbook does not declare with `metric NAME = …`. "
       "Metrics "
       "have the runbook's own names; the name on the wire stands in the declaration.",
       Where::guard, "stop eror_rate > 2% over 10m", "stop error_rate > 2% over 10m"},
      {302, "unknown role",
       "Somebody is asked whose role the runbook does not declare with `role …`.", Where::stage,
       "confirm \"Accepted\" by leed", "confirm \"Accepted\" by owner"},
      {303, "unknown channel",
       "A message goes to a channel that the runbook does not declare with `channel NAME = …`.",
       Where::stage, "notify male \"Half way\"", "notify mail \"Half way\""},
      {304, "unknown action",
       "`run` and `start` name actions that are declared with `action NAME(parameter: type)`.",
       Where::stage, "run suit(phase: \"x\")", "run suite(phase: \"x\")"},
      {305, "unknown template",
       "`using` names a block that is declared with `template NAME { … }`.", Where::runbook,
       "stage second using canary { traffic 20% }",
       "template canary { expect p99(latency) < 40ms over 5m }\n"
       "stage second using canary {\n  traffic 20%\n  hold 1h\n  within 1h otherwise rollback "
       "automatic\n}\nfinish traffic 20%"},
      {306, "unknown decision",
       "`decide NAME` and `otherwise decide NAME` lead to a block `decide NAME { … }` of the "
       "runbook.",
       Where::stage, "within 2h otherwise decide verdikt", "within 2h otherwise decide verdict"},
      {307, "unknown rollback",
       "`rollback NAME` leads to a block `rollback NAME { … }` of the runbook.", Where::decide,
       "within 1h otherwise rollback automatik", "within 1h otherwise rollback automatic"},
      {308, "an argument that the action does not have",
       "Arguments are given by name, with the names of the action's declaration.", Where::stage,
       "run suite(fase: \"x\", phase: \"y\")", "run suite(phase: \"y\")"},
      {309, "an unknown placeholder",
       "In message texts `{service}`, `{runbook}`, `{rollout}`, `{version}`, `{stage}`, "
       "`{weight}`, "
       "`{cause}`, `{actor}` and `{reason}` are filled in. `{{` is a brace.",
       Where::stage, "notify mail \"Now at {wait}\"", "notify mail \"Now at {weight}\""},
      {310, "an unknown kind",
       "The word after `channel NAME =`, `open`, `report` or `severity:` is from a closed list, "
       "which "
       "the message shows.",
       Where::runbook, "channel mail = smpt(\"a@example.com\")",
       "channel mail = smtp(\"a@example.com\")"},
      {311, "an unknown label",
       "`new(errors by type)` tells the label sets apart that the metric is kept by: name one of "
       "the "
       "labels behind its `by`.",
       Where::runbook,
       "metric errors = counter errors_total by type default 0\nguard {\n  stop error_rate > 1% "
       "over 5m\n  stop p99(latency) > 50ms over 5m\n"
       "  stop new(errors by tipe) at least 5 over 5m\n  stop absent(requests) for 3m\n"
       "  otherwise rollback automatic\n}",
       "metric errors = counter errors_total by type default 0\nguard {\n  stop error_rate > 1% "
       "over 5m\n  stop p99(latency) > 50ms over 5m\n"
       "  stop new(errors by type) at least 5 over 5m\n  stop absent(requests) for 3m\n"
       "  otherwise rollback automatic\n}"},
      {320, "a name that is taken",
       "Within metrics, roles, channels, actions, templates, stages, decisions or rollbacks every "
       "name stands for one thing.",
       Where::runbook, "role lead, owner, lead", "role lead, owner"},
      {321, "a statement that stands twice",
       "There is one of these in a block: of two it is not clear which one is meant.", Where::stage,
       "hold 1h\nhold 2h", "hold 2h"},
      {322, "an import that is called as a target is",
       "What an import lends is written `eu.careful`, and what is measured of a target "
       "`eu.error_rate`: of one name for both nobody could say which is meant.",
       Where::importing,
       "import \"common.runbook\" as eu\ntarget eu where region = \"eu\"\n"
       "stage first using eu.careful {\n  traffic eu 10%\n  hold 1h\n}",
       "import \"common.runbook\" as common\n"
       "stage first using common.careful {\n  traffic 10%\n  hold 1h\n}"},

      {361, "unknown parameter",
       "`--param NAME=VALUE` gives a value to what the runbook declares with `param NAME: type = "
       "…`. One that it does not declare would be given in vain.",
       Where::file, "", ""},
      {362, "an import that is not there",
       "`import \"lib.runbook\" as lib` reads a file from the folder of the file that names it; "
       "what it declares is then called `lib.name`.",
       Where::file, "", ""},
      {363, "unknown time zone",
       "`advance only` names the zone of its hours as the IANA does, by region and city: "
       "`Europe/Berlin`. With it summer time is known.",
       Where::runbook, "advance only Mon-Fri 09:00-17:00 \"Europe/Berlyn\"",
       "advance only Mon-Fri 09:00-17:00 \"Europe/Berlin\""},
      {364, "unknown criterion",
       "`replace expect NAME: …` states anew what the template of the stage has under that name.",
       Where::runbook,
       "template canary {\n  expect low: p99(latency) < 40ms over 5m\n}\n"
       "stage second using canary {\n  traffic 20%\n  hold 1h\n  replace expect lov: p99(latency) "
       "< "
       "30ms over 5m\n  within 1h otherwise rollback automatic\n}\nfinish traffic 20%",
       "template canary {\n  expect low: p99(latency) < 40ms over 5m\n}\n"
       "stage second using canary {\n  traffic 20%\n  hold 1h\n  replace expect low: p99(latency) "
       "< "
       "30ms over 5m\n  within 1h otherwise rollback automatic\n}\nfinish traffic 20%"},
      {370, "unknown target",
       "A target is declared with `target NAME where LABEL = \"VALUE\"` before `traffic NAME`, "
       "`guard NAME` or `NAME.metric` can speak of it.",
       Where::runbook, "stage second {\n  traffic eu 20%\n  hold 1h\n}\nfinish traffic 20%",
       "stage second {\n  traffic 20%\n  hold 1h\n}\nfinish traffic 20%"},

      {401, "units that do not fit",
       "What is measured has a type, and its limit has the same one: a ratio is compared with "
       "`0.1%`, "
       "a latency with `50ms`, a rate with `900/s`, a count with a bare number. 5 % more is not `+ "
       "5%`, which would add a ratio: it is `* 105%`.",
       Where::guard, "stop error_rate > 50ms over 5m", "stop error_rate > 2% over 10m"},
      {402, "an argument is missing", "Every parameter of an action is given, by name.",
       Where::stage, "run suite()", "run suite(phase: \"x\")"},
      {403, "not a thing that can be compared",
       "A counter only ever rises and a histogram has no single value: compare `rate(x)`, "
       "`count(x)`, "
       "a ratio of two counters, or a quantile `p99(x)`. What is measured stands on the left, the "
       "limit on the right.",
       Where::guard, "stop errors > 100 over 5m", "stop count(errors) > 100 over 5m"},
      {404, "a ratio of the wrong things",
       "A ratio is of two counters that count the same requests: both split by arm, or both "
       "`unsplit`.",
       Where::guard, "stop errors / latency > 2% over 10m", "stop errors / requests > 2% over 10m"},
      {405, "the mean of quantiles",
       "A p99 that each pod has computed for itself tells nothing of how many requests stand "
       "behind it, so no mean of several is the p99 of all. It lies between the least and the "
       "greatest: `bracket(x)` judges by both. Better still, send the histogram.",
       Where::runbook,
       "metric worst = gauge mean shop_p99_seconds\n"
       "guard {\n  stop error_rate > 1% over 5m\n  stop p99(latency) > 50ms over 5m\n  stop worst "
       "> 80ms over 5m\n  stop absent(requests) for 3m\n  otherwise rollback automatic\n}",
       "metric worst = gauge max shop_p99_seconds\n"
       "guard {\n  stop error_rate > 1% over 5m\n  stop p99(latency) > 50ms over 5m\n  stop "
       "bracket(worst) > 80ms over 5m\n  stop absent(requests) for 3m\n  otherwise rollback "
       "automatic\n}"},
      {461, "a parameter of the wrong type or out of range",
       "What is given at the start has the type of the parameter and lies in its range `from … to "
       "…`, so that nobody can loosen a plan further than its author meant. A ratio is written "
       "`0.2%`, or "
       "as the fraction that it is, `0.002`; a whole number is refused, for `1` may be meant as 1% "
       "or as all.",
       Where::file, "", ""},
  };
  all.insert(all.end(), rows.begin(), rows.end());
}

}  // namespace rollbook::dsl
