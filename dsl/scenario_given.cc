// `given …`: what was so before the rollout starts, and what it is started with.

#include "dsl/scenario_reader.h"

namespace rollbook::dsl::scenario {
namespace {

// `given runbook "hal9_canary" succeeded`
bool read_predecessor(Reader& reader, Scenario& scenario, std::size_t first) {
  const auto name = reader.take_name("the name of a runbook that was run before");
  if (!name || !reader.take_word("succeeded") || !reader.take_statement_end()) return false;
  for (const Predecessor& other : scenario.predecessors) {
    if (other.runbook.text != name->text) continue;
    reader.error(Code::scenario_duplicate, reader.span_since(first),
                 "this was said before, in line " + std::to_string(other.span.line));
    return false;
  }
  scenario.predecessors.push_back({*name, reader.span_since(first)});
  return true;
}

// `given param limit = 2%`
bool read_param(Reader& reader, Scenario& scenario, std::size_t first) {
  const auto name = reader.take_name("the name of a parameter");
  if (!name) return false;
  if (!reader.accept_symbol("=")) {
    reader.expected("`=` and a value");
    return false;
  }
  const Token& value = reader.peek();
  if (!value.is(Token::Kind::number) && !value.is(Token::Kind::text)) {
    reader.expected("a value such as `2%`, `30m` or `\"smoke\"`");
    return false;
  }
  const std::size_t place = reader.place();
  reader.take();
  GivenParam param;
  param.name = *name;
  param.value = value.is(Token::Kind::text) ? value.value : reader.written_since(place);
  param.span = reader.span_since(first);
  if (!reader.take_statement_end()) return false;
  for (const GivenParam& other : scenario.params) {
    if (other.name.text != name->text) continue;
    reader.error(Code::scenario_duplicate, param.span,
                 "parameter `" + name->text + "` was given before, in line " +
                     std::to_string(other.span.line));
    return false;
  }
  scenario.params.push_back(std::move(param));
  return true;
}

}  // namespace

bool read_given(Reader& reader, Scenario& scenario) {
  const std::size_t first = reader.place();
  reader.take();
  const auto what = reader.take_one_of({"runbook", "param"});
  if (!what) return false;
  return *what == 0 ? read_predecessor(reader, scenario, first)
                    : read_param(reader, scenario, first);
}

}  // namespace rollbook::dsl::scenario
