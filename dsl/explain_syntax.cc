// 01xx: the bytes and the tokens. 02xx: the grammar.

#include "dsl/explain_table.h"

namespace rollbook::dsl {

void explain_syntax(std::vector<Explanation>& all) {
  using Where = Explanation::Where;
  const std::vector<Explanation> rows = {
      {101, "not a text",
       "A runbook is UTF-8 text. This file holds zero bytes or bytes that are no UTF-8: perhaps it "
       "is another kind of file, or it was saved in another encoding.",
       Where::file, "edition 1\nrunbook shop\xff {\n}\n", ""},
      {102, "too large",
       "A runbook has at most 1 MiB, and at most so many words. Whatever is longer is no plan that "
       "people can read; split it into several runbooks that follow each other. A text in it has "
       "at most 16 KiB: it goes out in messages that brokers bound.",
       Where::file, "", ""},
      {103, "empty", "There is nothing in this file but blanks and comments.", Where::file,
       "# nothing yet\n", ""},
      {104, "a character that means nothing",
       "This character is no part of the language. Texts stand in quotes; a comment begins with "
       "`#`.",
       Where::stage, "hold 1h $", "hold 1h"},
      {105, "a text that is not closed", "A text begins and ends with `\"` on the same line.",
       Where::stage, "confirm \"No complaints by lead", "confirm \"No complaints\" by owner"},
      {106, "an escape that means nothing",
       "In a text, `\\\"` is a quote, `\\\\` a backslash, `\\n` a new line and `\\t` a tab. Any "
       "other "
       "backslash is a mistake.",
       Where::stage, "confirm \"C:\\logs are clean\" by lead",
       "confirm \"C:\\\\logs are clean\" by owner"},
      {107, "a number that cannot be exact",
       "Numbers are exact from the text to the verdict: integers of 10⁻⁹ of their unit. A duration "
       "goes from large units to small ones.",
       Where::stage, "hold 30m2h", "hold 2h30m"},
      {108, "a number that is too large",
       "Durations end at ten years, values at 10¹⁵: beyond that sums of them could overflow.",
       Where::stage, "hold 99999d", "hold 2h"},
      {109, "an unknown unit",
       "Durations are written in `d`, `h`, `m`, `s`, `ms`, `us` and `ns`, ratios as `0.1%`, "
       "differences of ratios as `0.02pp`, rates as `900/s`, sizes in `kB`, `MiB` and so on. The "
       "unit stands right after the number.",
       Where::stage, "hold 90min", "hold 90m"},
      {110, "nested too deep", "Brackets stand within each other 64 deep at most.", Where::file, "",
       ""},
      {111, "a brace without its partner",
       "Every `{` has its `}`. The place is guessed from the indentation, so a well indented "
       "runbook "
       "gets better messages.",
       Where::file,
       "edition 1\nrunbook shop {\n  service \"shop\"\n  setup {\n    checkpoint \"before\"\n", ""},
      {112, "a label selector that cannot be read",
       "Selectors are those of PromQL: `name{label=\"value\", other!=\"x\", code=~\"5..\"}`. "
       "Patterns "
       "are RE2 and match the whole value.",
       Where::runbook, "metric errors = counter errors_total{code=~\"5(..\"}",
       "metric errors = counter errors_total{code=~\"5..\"}"},

      {201, "something else was expected",
       "The statement goes on in a way that the grammar does not know. The message lists what "
       "could "
       "stand here.",
       Where::stage, "hold 1h soon", "hold 1h at most 3h"},
      {202, "no statement begins so",
       "The first word of a line says what statement it is, and this is none of those that may "
       "stand "
       "in this block.",
       Where::stage, "wait 10m", "hold 10m"},
      {203, "a statement in the wrong place",
       "The statement exists, but not in this block, or not with this exit: before the first shift "
       "there is nothing to roll back (`otherwise end`), after it a rollout cannot just end.",
       Where::guard, "hold 1h", ""},
      {204, "an unknown edition",
       "A runbook begins with the edition of the language that it is written in, so that new words "
       "never change what an old plan means. There is `edition 1`.",
       Where::file, "edition 7\nrunbook shop {\n  service \"shop\"\n}\n", ""},
      {205, "a bare list of roles",
       "`by a, b` reads as both of them to one and as either of them to another. Say which: `by "
       "all "
       "of a, b`, `by any of a, b`, or `by 2 of a, b`.",
       Where::stage, "confirm \"Accepted\" by lead, owner",
       "confirm \"Accepted\" by all of lead, owner"},
      {206, "a reserved name",
       "This name already means something: a kind of metric, a part of every rollout, or an option "
       "that every decision has.",
       Where::runbook, "metric counter = counter requests_total", ""},
      {207, "a condition without a window",
       "A condition is judged over a time: exactly one of `over D` and `with confidence P`. "
       "Without "
       "it a single request could decide.",
       Where::guard, "stop error_rate > 2%", "stop error_rate > 2% over 10m"},
      {208, "a silence without a limit",
       "`absent` says how long a metric may be silent: metrics come every few seconds or minutes, "
       "and "
       "between two of them it is always absent.",
       Where::guard, "stop absent(errors)", "stop absent(errors) for 3m"},
      {209, "a clause that stands twice",
       "A clause such as `within` or `over` is said once in a statement; of two it is not clear "
       "which "
       "one is meant.",
       Where::guard, "stop error_rate > 2% over 5m over 10m", "stop error_rate > 2% over 10m"},
      {210, "an unknown function",
       "What is measured is a metric, or `p50(…)`, `p99(…)` and other quantiles of a histogram, "
       "`rate(…)` or `count(…)` of a counter.",
       Where::guard, "stop average(latency) > 90ms over 5m", "stop p90(latency) > 49ms over 5m"},
      {212, "a value out of range",
       "The value has the right unit and cannot be meant: a share above 100 %, a duration of "
       "nothing, "
       "a ramp whose step is longer than itself.",
       Where::stage, "hold 0s", "hold 1h"},
  };
  all.insert(all.end(), rows.begin(), rows.end());
}

}  // namespace rollbook::dsl
