#include "dsl/grammar_words.h"

#include <array>
#include <utility>

namespace rollbook::dsl {
namespace {

using Kind = Token::Kind;

struct Home {
  std::string_view keyword;
  std::string_view blocks;
  std::string_view form;  // how it is written
};

constexpr std::array kHomes = {
    Home{"edition", "the first line of the file", "edition 1"},
    Home{"runbook", "the file itself, once", "runbook shop_canary {"},
    Home{"title", "`runbook`", "title \"The shop\""},
    Home{"service", "`runbook`", "service \"shop\""},
    Home{"arms", "`runbook`", "arms by label \"version\": baseline \"old\", canary \"new\""},
    Home{"load", "`runbook`", "load 900/s peak, 120/s trough"},
    Home{"role", "`runbook`", "role lead, owner"},
    Home{"metric", "`runbook`", "metric requests = counter requests_total"},
    Home{"channel", "`runbook`", "channel mail = smtp(\"a@example.com\")"},
    Home{"action", "`runbook`", "action suite(phase: text)"},
    Home{"param", "`runbook`", "param limit: ratio = 0.1% from 0.01% to 1%"},
    Home{"target", "`runbook`", "target eu where region = \"eu\""},
    Home{"advance", "`runbook`", "advance only Mon-Fri 09:00-17:00 \"Europe/Berlin\""},
    Home{"after", "`runbook`", "after runbook shop_shadow"},
    Home{"begins", "`runbook`", "begins traffic 5%"},
    Home{"require", "`runbook`", "require {"},
    Home{"setup", "`runbook`", "setup {"},
    Home{"guard", "`runbook`", "guard {"},
    Home{"template", "`runbook`", "template canary_stage {"},
    Home{"stage", "`runbook`", "stage canary_5 using canary_stage {"},
    Home{"rollback", "`runbook`", "rollback automatic {"},
    Home{"success", "`runbook`", "success {"},
    Home{"stop", "`guard`", "stop error_rate > 1% over 5m"},
    Home{"pause", "`guard`, as `pause while …`", "pause while error_rate > 0.5% over 5m"},
    Home{"when", "`guard`, or behind a `stop`", "when baseline fails too halt"},
    Home{"undo", "`stage` or `template`", "undo { run clean_up() }"},
    Home{"irreversible", "the end of a step, like `run drop_old() irreversible`",
         "run drop_old() irreversible"},
    Home{"halt", "`otherwise` and `option`", "otherwise halt"},
    Home{"traffic", "`stage` or `rollback`", "traffic 5% within 10m"},
    Home{"ramp", "`stage` or `rollback`", "ramp traffic to 50% over 30m every 1m"},
    Home{"hold", "`stage`", "hold 2h at most 3h"},
    Home{"run", "`stage`, `hold`, `setup`, `undo` or `rollback`",
         "run suite(phase: \"first\") within 1h"},
    Home{"start", "`stage`, `hold` or `on enter`", "start sampling(share: 10%)"},
    Home{"checkpoint", "`stage`, `hold`, `setup`, `undo` or `rollback`",
         "checkpoint \"before\" within 5m"},
    Home{"on", "`stage` or `template`", "on enter { start sampling(share: 10%) }"},
    Home{"expect", "`require`, `stage` or `success`", "expect error_rate < 0.5% over 5m"},
    Home{"replace", "a `stage` that uses a template",
         "replace expect errors_low: error_rate < 0.2% over 5m"},
    Home{"confirm", "`require`, `stage` or `success`", "confirm \"No complaints\" by owner"},
    Home{"decide", "`stage`, and its declaration in `runbook`", "decide verdict"},
    Home{"within", "`require`, `stage`, `decide` or `success`",
         "within 24h otherwise rollback automatic"},
    Home{"otherwise", "`require`, `guard`, `stage`, `decide` or `success`",
         "otherwise rollback automatic"},
    Home{"by", "`decide`", "by all of lead, owner"},
    Home{"ask", "`decide`", "ask mail, oncall, remind every 4h"},
    Home{"option", "`decide`", "option proceed \"Go on\" next"},
    Home{"finish", "`success`", "finish traffic 50%"},
    Home{"notify", "`setup`, `stage`, `hold`, `on enter`, `on exit` or `rollback`",
         "notify mail \"Now at {weight}\""},
    Home{"page", "`setup`, `stage`, `hold`, `on enter`, `on exit` or `rollback`",
         "page oncall \"Rolled back: {cause}\""},
    Home{"open", "`setup`, `stage`, `hold`, `on enter`, `on exit` or `rollback`",
         "open incident(severity: high)"},
    Home{"report", "`setup`, `stage`, `hold`, `on enter`, `on exit` or `rollback`", "report stage"},
};

// A statement that goes on otherwise behind one of its words.
struct Variant {
  std::string_view keyword;
  std::string_view word;
  std::string_view form;
};

constexpr std::array kVariants = {
    Variant{"metric", "histogram", "metric latency = histogram request_seconds"},
    Variant{"metric", "gauge", "metric queue = gauge max queue_length"},
    Variant{"stop", "absent", "stop absent(requests) for 3m"},
    Variant{"stop", "new", "stop new(errors by type) at least 5 over 5m"},
    Variant{"expect", "unchanged", "expect order_rate unchanged from previous 8h by at most 2%"},
    Variant{"expect", "split", "expect traffic split as planned"},
    Variant{"hold", "until", "hold until backfill at most 24h"},
    Variant{"option", "extend", "option longer \"Extend the canary\" extend 24h at most 2"},
    Variant{"option", "rollback", "option back \"Roll back\" rollback automatic"},
};

struct UnsupportedWords {
  std::string_view word;
  std::string_view next;  // "" for any
  Unsupported what;
};

// A phrase is looked for only in statements that begin with one of these words.
struct UnsupportedClause {
  std::string_view statements;  // each between blanks
  UnsupportedWords words;
};

// Of `or`, which joins nothing: whatever is true alone stands in a statement of its own.
constexpr UnsupportedWords or_joins_nothing(const char* help) {
  return {"or", "", {Code::unexpected, "`or` joins no conditions", help, false}};
}

constexpr std::array kClauses = {
    UnsupportedClause{" stop ", or_joins_nothing("write two `stop`: each of them stops alone")},
    UnsupportedClause{" expect ",
                      or_joins_nothing("a review needs every `expect`: write the one that you "
                                       "would wait for, or let people confirm it")},
    UnsupportedClause{" pause ",
                      or_joins_nothing("write two `pause while`: each of them pauses alone")},
    UnsupportedClause{" expect ",
                      {"and",
                       "",
                       {Code::unsupported_and, "`and` joins the conditions of a `stop`, no others",
                        "write two `expect`: a review needs both of them anyway", false}}},
    UnsupportedClause{" pause ",
                      {"and",
                       "",
                       {Code::unsupported_and, "`and` joins the conditions of a `stop`, no others",
                        "a `pause while` has one condition: keep the one over the longer window, "
                        "or write two, and each of them pauses",
                        false}}},
};

bool listed(std::string_view words, std::string_view word) {
  return words.find(" " + std::string(word) + " ") != std::string_view::npos;
}

bool matches(const UnsupportedWords& words, Cursor at) {
  return at->is_word(words.word) && (words.next.empty() || at[1].is_word(words.next));
}

}  // namespace

std::string_view to_string(Block block) {
  switch (block) {
    case Block::file:
      return "the file";
    case Block::runbook:
      return "`runbook`";
    case Block::require:
      return "`require`";
    case Block::setup:
      return "`setup`";
    case Block::guard:
      return "`guard`";
    case Block::stage:
      return "a stage";
    case Block::hold:
      return "`hold`";
    case Block::on_enter:
      return "`on enter`";
    case Block::on_exit:
      return "`on exit`";
    case Block::undo:
      return "`undo`";
    case Block::decide:
      return "`decide`";
    case Block::rollback:
      return "`rollback`";
    case Block::success:
      return "`success`";
  }
  return "";
}

std::string_view home_of(std::string_view keyword) {
  for (const Home& home : kHomes)
    if (home.keyword == keyword) return home.blocks;
  return "";
}

std::string_view form_of(Cursor start, Cursor where) {
  if (!start->is(Kind::word)) return "";
  for (Cursor at = where; at > start; --at)
    for (const Variant& variant : kVariants)
      if (start->is_word(variant.keyword) && at->is_word(variant.word)) return variant.form;
  for (const Home& home : kHomes)
    if (start->is_word(home.keyword)) return home.form;
  return "";
}

std::optional<Unsupported> unsupported_phrase(Cursor start, Cursor at) {
  for (const UnsupportedClause& clause : kClauses)
    if (listed(clause.statements, start->value) && matches(clause.words, at))
      return clause.words.what;
  return std::nullopt;
}

}  // namespace rollbook::dsl
