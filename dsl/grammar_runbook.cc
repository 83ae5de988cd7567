// The file: `edition 1`, `runbook NAME { … }`, and which statements stand in it.

#include "dsl/grammar.h"
#include "dsl/grammar_rules.h"

namespace rollbook::dsl::grammar {
namespace {

// `runbook NAME`; a mistake in it must not cost the whole text, so it goes on at the brace.
struct Header {
  ast::Name name;
  core::Span span;
};
struct HeaderBase {
  template <class Iterator, class Failure, class AnyContext>
  x3::error_handler_result on_error(Iterator& first, const Iterator&, const Failure& failure,
                                    const AnyContext& context) {
    first = state(context).recover_header(failure.where());
    return x3::error_handler_result::accept;
  }
};

ROLLBOOK_RULE(begins_traffic, Plain, ast::BeginsTraffic)
ROLLBOOK_RULE(runbook_statement, Recovering, ast::RunbookStatement)
ROLLBOOK_RULE(edition, Recovering, ast::Number)
ROLLBOOK_RULE(header, HeaderBase, Header)
ROLLBOOK_RULE(file, Plain, ast::Runbook)

struct SetEdition {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    const ast::Number& number = x3::_attr(context);
    if (state(context).take_error() || number.whole() == 1) return;
    state(context).sink().error(Code::unknown_edition, number.span,
                                "there is no edition " + number.text, "write `edition 1`");
  }
};

struct SetHeader {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    x3::_val(context).name = x3::_attr(context).name;
    x3::_val(context).span = x3::_attr(context).span;
  }
};

struct NeedEdition {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    if (state(context).sink().has_errors()) return;  // perhaps it is what could not be read
    const Cursor at = x3::_where(context).begin();
    state(context).sink().error(
        Code::unknown_edition, at->span, "a runbook begins with its edition",
        "write `edition 1` above",
        {{core::Span{at->span.line, at->span.column, at->span.line, at->span.column},
          "edition 1\n"}});
  }
};

const auto begins_traffic_def =
    located(kw("begins") > kw("traffic") > -target_of_weight[set<&ast::BeginsTraffic::target>] >
            share[set<&ast::BeginsTraffic::weight>]);

const auto runbook_statement_def = statement_of(
    title[set_node] | service[set_node] | arms[set_node] | load[set_node] | roles[set_node] |
        metric[set_node] | channel[set_node] | action_declaration[set_node] | param[set_node] |
        target[set_node] | advance_only[set_node] | after_runbook[set_node] |
        begins_traffic[set_node] | finish_traffic[set_node] | require[set_node] | setup[set_node] |
        guard[set_node] | stage_template[set_node] | stage[set_node] | decision[set_node] |
        rollback[set_node] | success[set_node],
    Block::runbook);

const auto edition_def = kw("edition") >
                         literal(ast::Type::count, "`1`", true)[set_value] > end_of_statement;

const auto header_def = located(kw("runbook") > name("the runbook's name")[set<&Header::name>] >
                                x3::omit[described("`{`")[peek(0, "{")]]);

const auto preamble =
    *(newline | (peek_not(0, "runbook") >> peek_not(0, "{") >> refused(Block::file)));
const auto file_def = *newline >> ((edition[SetEdition{}] >> preamble) |
                                   (preamble >> x3::eps[NeedEdition{}])) >>
                      -header[SetHeader{}] >> -symbol("{", "") >>
                      *(newline | runbook_statement[push_statement<&ast::Runbook::statements>]) >>
                      -symbol("}", "") >> *newline;

BOOST_SPIRIT_DEFINE(begins_traffic, runbook_statement, edition, header, file)

}  // namespace

Cursor read_file(const Tokens& tokens, ParseState& state, ast::Runbook& runbook) {
  Cursor first = tokens.data();
  const Cursor last = tokens.data() + tokens.size();
  x3::parse(first, last, x3::with<StateTag>(state)[file], runbook);
  return first;
}

}  // namespace rollbook::dsl::grammar
