#include "dsl/words.h"

#include <algorithm>
#include <array>

namespace rollbook::dsl {
namespace {

constexpr WordClass kStatement = WordClass::statement;
constexpr WordClass kClause = WordClass::clause;
constexpr WordClass kFunction = WordClass::function;
constexpr WordClass kValue = WordClass::value;
constexpr WordClass kScenario = WordClass::scenario;

// INVARIANT: sorted by text.
constexpr std::array kWords = {
    Word{"abort", kScenario, ""},
    Word{"absent", kFunction, ""},
    Word{"action", kStatement,
         "`action NAME(parameter: type, …)`\n\nSomething that `run` or `start` asks for, with the "
         "types of what it is given."},
    Word{"advance", kStatement,
         "`advance only Mon-Fri 09:00-17:00 \"Europe/Berlin\"`\n\nForward steps wait for these "
         "hours; backward ones never do."},
    Word{"after", kStatement,
         "`after runbook NAME`\n\nThe last rollout of that runbook must have succeeded."},
    Word{"all", kClause, ""},
    Word{"always", kClause, ""},
    Word{"and", kClause, ""},
    Word{"answer", kScenario, ""},
    Word{"any", kClause, ""},
    Word{"arms", kStatement,
         "`arms by label \"L\": baseline \"A\", canary \"B\"`\n\nThe label that tells the two "
         "arms apart, and its values."},
    Word{"as", kClause, ""},
    Word{"ask", kStatement,
         "`ask CHANNEL, … [, remind every D]`\n\nTells those who must answer, again and again."},
    Word{"at", kClause, ""},
    Word{"baseline", kClause, ""},
    Word{"because", kScenario, ""},
    Word{"begins", kStatement,
         "`begins traffic N%`\n\nThe canary's share before the first stage; 0% without it."},
    Word{"beyond", kClause, ""},
    Word{"bracket", kFunction, ""},
    Word{"by", kStatement,
         "`by ROLE`, `by any of A, B`, `by all of A, B`, `by 2 of A`\n\nWho decides; always "
         "distinct persons."},
    Word{"canary", kClause, ""},
    Word{"channel", kStatement,
         "`channel NAME = smtp(\"team@example.com\")`\n\nA way to reach people, for `notify`, "
         "`page` and `ask`."},
    Word{"checkpoint", kStatement,
         "`checkpoint \"NAME\" [within D]`\n\nAsks for a checkpoint and waits until it is there; "
         "what it answers is kept."},
    Word{"cles", kClause, ""},
    Word{"confidence", kClause, ""},
    Word{"confirm", kStatement,
         "`confirm \"TEXT\" by ROLE`\n\nPart of the review: somebody in that role must say yes. "
         "One no fails it."},
    Word{"count", kFunction, ""},
    Word{"counter", kValue, ""},
    Word{"critical", kClause, ""},
    Word{"decide", kStatement,
         "`decide NAME`\n\nPart of the review: opens the decision when the other items pass. "
         "`decide NAME { … }` in `runbook` says who decides, and between what."},
    Word{"decrease", kClause, ""},
    Word{"default", kClause, ""},
    Word{"duration", kValue, ""},
    Word{"edition", kStatement, "`edition 1`\n\nThe first line of a runbook."},
    Word{"effect", kScenario, ""},
    Word{"either", kClause, ""},
    Word{"end", kValue, ""},
    Word{"enter", kClause, ""},
    Word{"every", kClause, ""},
    Word{"exit", kClause, ""},
    Word{"expect", kStatement,
         "`expect [NAME:] CONDITION over D [for D]`\n\nPart of the review: looked at when the "
         "steps are done. All pass: next. One fails: `otherwise`."},
    Word{"extend", kValue, ""},
    Word{"fails", kClause, ""},
    Word{"finish", kStatement,
         "`finish traffic N%`\n\nStates the share at which the rollout ends; shifts nothing."},
    Word{"for", kClause, ""},
    Word{"from", kClause, ""},
    Word{"gauge", kValue, ""},
    Word{"given", kScenario, ""},
    Word{"group", kClause, ""},
    Word{"guard", kStatement,
         "`guard { stop … otherwise rollback NAME }`\n\nWatches from the first shift on, through "
         "every stage: the first `stop` that becomes true leads to `otherwise`."},
    Word{"halt", kStatement,
         "`halt`\n\nPages, and waits for people: nothing goes forward until somebody resumes."},
    Word{"halted", kScenario, ""},
    Word{"healthy", kScenario, ""},
    Word{"histogram", kValue, ""},
    Word{"hold", kStatement,
         "`hold D [at most W] [{ … }]`\n\nWaits for D of watched time. The clock stands still "
         "while the rollout is paused, blind or without data; after W, `otherwise`."},
    Word{"hours", kClause, ""},
    Word{"idempotent", kClause, ""},
    Word{"import", kStatement,
         "`import \"FILE\" as NAME`\n\nTakes the declarations of another file."},
    Word{"in", kClause, ""},
    Word{"increase", kClause, ""},
    Word{"irreversible", kStatement,
         "`irreversible`\n\nAfter this step no rollback is possible; the guard there must say "
         "`otherwise halt`."},
    Word{"judge", kClause, ""},
    Word{"kayenta", kClause, ""},
    Word{"label", kClause, ""},
    Word{"last", kValue, ""},
    Word{"least", kClause, ""},
    Word{"load", kStatement,
         "`load R peak[, R trough]`\n\nHow many requests there are, so that sample sizes can be "
         "judged before anything runs."},
    Word{"marginal", kClause, ""},
    Word{"max", kValue, ""},
    Word{"mean", kValue, ""},
    Word{"metric", kStatement,
         "`metric NAME = counter|histogram|gauge SERIES`, `metric NAME = A / B`\n\nWhat is "
         "measured, and how its points are folded."},
    Word{"min", kValue, ""},
    Word{"most", kClause, ""},
    Word{"ms", kValue, ""},
    Word{"muted", kClause, ""},
    Word{"never", kScenario, ""},
    Word{"new", kFunction, ""},
    Word{"next", kValue, ""},
    Word{"no", kScenario, ""},
    Word{"notify", kStatement,
         "`notify CHANNEL, … \"TEXT\"`\n\nSends a message. Nothing waits for it."},
    Word{"ns", kValue, ""},
    Word{"of", kClause, ""},
    Word{"on", kStatement,
         "`on enter { … }`, `on exit { … }`\n\nHappens when the stage is entered, or left in "
         "whatever way."},
    Word{"only", kClause, ""},
    Word{"open", kStatement,
         "`open incident(severity: high)`\n\nOpens a record. Nothing waits for it."},
    Word{"option", kStatement,
         "`option NAME \"TEXT\" next | extend D at most N | rollback NAME`\n\nOne of the answers "
         "to a decision, and where it leads."},
    Word{"or", kClause, ""},
    Word{"otherwise", kStatement,
         "`otherwise decide NAME | rollback NAME | end`\n\nWhere it leads when this does not go "
         "as it should."},
    Word{"outcome", kScenario, ""},
    Word{"outliers", kClause, ""},
    Word{"over", kClause, ""},
    Word{"override", kClause, ""},
    Word{"page", kStatement, "`page CHANNEL, … \"TEXT\"`\n\nWakes somebody. Nothing waits for it."},
    Word{"param", kStatement,
         "`param NAME: type = VALUE [from A to B]`\n\nA value that `start` may set, within its "
         "bounds."},
    Word{"pass", kClause, ""},
    Word{"pause", kStatement,
         "`pause while CONDITION`\n\nThe softer limit: holds and forward steps wait while it is "
         "true, and go on by themselves."},
    Word{"paused", kScenario, ""},
    Word{"peak", kClause, ""},
    Word{"planned", kClause, ""},
    Word{"points", kValue, ""},
    Word{"previous", kClause, ""},
    Word{"promote", kScenario, ""},
    Word{"question", kScenario, ""},
    Word{"ramp", kStatement,
         "`ramp traffic to N% over D [every D]`\n\nShifts traffic in small steps, each waiting "
         "for the one before."},
    Word{"rate", kFunction, ""},
    Word{"ratio", kValue, ""},
    Word{"rejected", kScenario, ""},
    Word{"remind", kClause, ""},
    Word{"replace", kStatement,
         "`replace expect NAME: CONDITION`\n\nTakes the place of the template's criterion of that "
         "name."},
    Word{"report", kStatement, "`report stage`\n\nAsks for a report. Nothing waits for it."},
    Word{"requests", kClause, ""},
    Word{"require", kStatement,
         "`require { expect … confirm … }`\n\nWhat must be so before anything is done."},
    Word{"required", kClause, ""},
    Word{"resume", kScenario, ""},
    Word{"role", kStatement, "`role NAME, …`\n\nWho may confirm and decide."},
    Word{"rollback", kStatement,
         "`rollback NAME { … }`\n\nA way back. What does not wait goes out on entry; `traffic` is "
         "retried without end."},
    Word{"run", kStatement,
         "`run ACTION(…) [within D]`\n\nAsks for the action and waits until it is settled; a "
         "failure ends the stage."},
    Word{"runbook", kStatement,
         "`runbook NAME { … }`\n\nOne rollout, from its requirements to its success."},
    Word{"s", kValue, ""},
    Word{"same", kClause, ""},
    Word{"scenario", kScenario, ""},
    Word{"series", kScenario, ""},
    Word{"service", kStatement,
         "`service \"NAME\"`\n\nWhat is rolled out: one rollout at a time runs for a service."},
    Word{"settle", kScenario, ""},
    Word{"setup", kStatement, "`setup { … }`\n\nWhat is done before the first stage."},
    Word{"shift", kScenario, ""},
    Word{"silence", kScenario, ""},
    Word{"silent", kScenario, ""},
    Word{"size", kValue, ""},
    Word{"split", kClause, ""},
    Word{"stage", kStatement,
         "`stage NAME [using TEMPLATE] { … }`\n\nActs in written order, then a review of what is "
         "expected."},
    Word{"start", kStatement,
         "`start ACTION(…) [irreversible]`\n\nAsks for the action and does not wait; it is stopped "
         "when the stage is left."},
    Word{"state", kScenario, ""},
    Word{"stop", kStatement,
         "`stop CONDITION over D [for D]`\n\nOf the guard: when it becomes true, the rollout "
         "leaves for `otherwise`."},
    Word{"success", kStatement,
         "`success { … }`\n\nWhat must be so after the last stage, and where it finishes."},
    Word{
        "target", kStatement,
        "`target NAME where LABEL = \"VALUE\"`\n\nA part of the service with a weight of its own."},
    Word{"template", kStatement,
         "`template NAME { … }`\n\nWhat several stages have in common: `stage a using NAME`."},
    Word{"text", kValue, ""},
    Word{"then", kScenario, ""},
    Word{"title", kStatement, "`title \"TEXT\"`\n\nWhat people call it."},
    Word{"to", kClause, ""},
    Word{"too", kClause, ""},
    Word{"total", kClause, ""},
    Word{"traffic", kStatement,
         "`traffic N% [within D]`\n\nShifts the canary's share and waits until it is confirmed."},
    Word{"trough", kClause, ""},
    Word{"unchanged", kClause, ""},
    Word{"undo", kStatement,
         "`undo { … }`\n\nRun on the way back, the last stage first, before the rollback's own "
         "acts."},
    Word{"unsplit", kClause, ""},
    Word{"until", kClause, ""},
    Word{"us", kValue, ""},
    Word{"using", kClause, ""},
    Word{"week", kClause, ""},
    Word{"weights", kClause, ""},
    Word{"when", kStatement,
         "`when baseline fails too halt`\n\nA stop that holds for the baseline as well is a cause "
         "that both share: traffic is not moved onto an arm as sick as the canary. The rollout is "
         "halted where it stands; when the baseline alone recovers, the stop acts."},
    Word{"where", kClause, ""},
    Word{"while", kClause, ""},
    Word{"with", kClause, ""},
    Word{"within", kStatement,
         "`within D otherwise …`\n\nHow long the review may wait for data and people."},
    Word{"without", kClause, ""},
    Word{"yes", kScenario, ""},
    Word{"yesterday", kClause, ""},
};

constexpr bool sorted() {
  for (std::size_t i = 1; i < kWords.size(); ++i)
    if (!(kWords[i - 1].text < kWords[i].text)) return false;
  return true;
}
static_assert(sorted());

}  // namespace

std::span<const Word> words() { return kWords; }

const Word* find_word(std::string_view text) {
  const auto found = std::lower_bound(
      kWords.begin(), kWords.end(), text,
      [](const Word& word, std::string_view wanted) { return word.text < wanted; });
  return found != kWords.end() && found->text == text ? &*found : nullptr;
}

const std::vector<std::string>& placeholders() {
  static const std::vector<std::string> kNames = {
      "service", "runbook", "rollout", "version", "stage", "weight", "cause", "actor", "reason"};
  return kNames;
}

const std::vector<std::string>& channel_kinds() {
  static const std::vector<std::string> kNames = {"smtp",    "statuspage", "slack",
                                                  "webhook", "pagerduty",  "alertmanager"};
  return kNames;
}

const std::vector<std::string>& record_kinds() {
  static const std::vector<std::string> kNames = {"incident", "retrospective"};
  return kNames;
}

const std::vector<std::string>& severities() {
  static const std::vector<std::string> kNames = {"low", "medium", "high", "critical"};
  return kNames;
}

const std::vector<std::string>& report_kinds() {
  static const std::vector<std::string> kNames = {"stage", "final", "incident", "ab", "review"};
  return kNames;
}

}  // namespace rollbook::dsl
