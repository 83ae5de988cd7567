#include <algorithm>

#include "dsl/lexer.h"
#include "dsl/scenario_reader.h"
#include "dsl/selector.h"

namespace rollbook::dsl::scenario {
namespace {

using Kind = Token::Kind;

constexpr std::string_view kFirstWords = "`scenario \"TITLE\" for \"RUNBOOK\" {`";

// ---- Series -----------------------------------------------------------------------------------

// `p50`, `p99`, `p99.9`: the lexer makes three tokens of the last one.
std::optional<core::Fixed> quantile_at(Reader& reader) {
  const std::string& word = reader.peek().value;
  const bool fits = reader.peek().is(Kind::word) && word.size() >= 2 && word.size() <= 3 &&
                    word[0] == 'p' && word.find_first_not_of("0123456789", 1) == std::string::npos;
  if (!fits) return std::nullopt;
  core::Fixed percent = core::Fixed::from_int(std::stoi(word.substr(1)));
  reader.take();
  if (reader.at_symbol(".") && reader.peek(1).is(Kind::number)) {
    reader.take();
    core::Int128 unit = core::Fixed::kScale;
    for (const char digit : reader.take().value) {
      if (digit < '0' || digit > '9') break;
      unit /= 10;
      percent.nanos += unit * (digit - '0');
    }
  }
  return core::Fixed{percent.nanos / 100};
}

bool read_latencies(Reader& reader, Level& level) {
  level.kind = Level::Kind::latencies;
  const std::size_t first = reader.place();
  while (const auto at = quantile_at(reader)) {
    const auto value = reader.take_duration();
    if (!value) return false;
    const bool rises = level.quantiles.empty() ||
                       (level.quantiles.back().at < *at && level.quantiles.back().value < *value);
    if (!rises || at->nanos <= 0 || *value <= core::Duration::zero()) {
      reader.error(Code::scenario_not_rising, reader.span_since(first),
                   "quantiles and their latencies rise from one to the next",
                   "write them like `p50 8ms p99 12ms`");
      return false;
    }
    level.quantiles.push_back({*at, *value});
  }
  if (!reader.accept_word("at")) return true;
  const Token& rate = reader.peek();
  if (!rate.is(Kind::number) || rate.type != ast::Type::rate) {
    reader.expected("a rate such as `90/s`");
    return false;
  }
  level.observations = reader.take().number;
  return true;
}

bool read_level(Reader& reader, Level& level) {
  const std::size_t first = reader.place();
  const Token& token = reader.peek();
  if (reader.accept_word("silent")) {
    level.kind = Level::Kind::silent;
  } else if (token.is(Kind::word) && token.value[0] == 'p') {
    if (!read_latencies(reader, level)) return false;
    if (level.quantiles.empty()) {
      reader.expected("a quantile such as `p99 12ms`");
      return false;
    }
  } else if (token.is(Kind::number)) {
    level.kind = token.type == ast::Type::rate    ? Level::Kind::rate
                 : token.type == ast::Type::ratio ? Level::Kind::share
                                                  : Level::Kind::value;
    level.number = reader.take().number;
  } else {
    reader.expected("what the series shows: `5/s`, `2%`, `40`, `p50 8ms p99 12ms` or `silent`");
    return false;
  }
  level.span = reader.span_since(first);
  return true;
}

bool read_phases(Reader& reader, Series& series) {
  while (true) {
    Phase& phase = series.phases.emplace_back();
    if (!read_level(reader, phase.level)) return false;
    if (!reader.accept_word("until")) return reader.take_statement_end();
    phase.until = reader.take_moment();
    if (!phase.until || !reader.take_word("then")) return false;
  }
}

bool read_labels(Reader& reader, Series& series) {
  if (!reader.peek().is(Kind::selector)) return true;
  const Token& token = reader.take();
  const std::size_t errors = reader.sink().errors();
  for (const core::LabelMatcher& matcher : parse_selector(token.value, token.span, reader.sink())) {
    if (matcher.kind != core::MatchKind::equal) {
      reader.error(Code::scenario_bad_label, token.span,
                   "a series that is sent has labels with values, no patterns",
                   "write `" + matcher.label + "=\"…\"` with the value it has on the wire");
      return false;
    }
    series.labels.emplace_back(matcher.label, matcher.value);
  }
  std::sort(series.labels.begin(), series.labels.end());
  return reader.sink().errors() == errors;
}

std::optional<std::int64_t> take_load(Reader& reader) {
  const Token& token = reader.peek();
  if (!token.is(Kind::number) || token.type != ast::Type::rate) {
    reader.expected("requests a second such as `900/s`");
    return std::nullopt;
  }
  const core::Int128 whole = token.number.nanos / core::Fixed::kScale;
  if (token.number.nanos % core::Fixed::kScale != 0 || whole < 1 || whole > 10'000'000) {
    reader.error(Code::scenario_bad_value, token.span,
                 "`" + token.value + "` is no whole number of requests from 1 to 10,000,000");
    return std::nullopt;
  }
  reader.take();
  return static_cast<std::int64_t>(whole);
}

bool read_healthy(Reader& reader, Scenario& scenario, std::size_t first) {
  if (!reader.take_word("at")) return false;
  Healthy healthy;
  const auto peak = take_load(reader);
  if (!peak) return false;
  healthy.peak = healthy.trough = *peak;
  if (reader.accept_word("trough")) {
    const auto trough = take_load(reader);
    if (!trough) return false;
    healthy.trough = *trough;
  }
  healthy.span = reader.span_since(first);
  if (healthy.trough > healthy.peak) {
    reader.error(Code::scenario_bad_value, healthy.span, "the trough is above the peak");
    return false;
  }
  if (scenario.healthy) {
    reader.error(
        Code::scenario_duplicate, healthy.span,
        "`series healthy` was said before, in line " + std::to_string(scenario.healthy->span.line));
    return false;
  }
  scenario.healthy = healthy;
  return reader.take_statement_end();
}

bool read_series(Reader& reader, Scenario& scenario) {
  const std::size_t first = reader.place();
  reader.take();
  if (reader.at_word("healthy") && reader.peek(1).is_word("at")) {
    reader.take();
    return read_healthy(reader, scenario, first);
  }
  Series series;
  const auto name = reader.take_name("`healthy at 900/s`, or the name of a series");
  if (!name) return false;
  series.name = *name;
  if (!read_labels(reader, series) || !read_phases(reader, series)) return false;
  series.span = reader.span_since(first);
  scenario.series.push_back(std::move(series));
  return true;
}

// ---- What goes wrong --------------------------------------------------------------------------

// Taken whole: the sandbox's own reader of faults says what is wrong with one.
bool read_fault(Reader& reader, Scenario& scenario) {
  const std::size_t first = reader.place();
  while (!reader.at_statement_end()) reader.take();
  scenario.faults.push_back({reader.written_since(first), reader.span_since(first)});
  return true;
}

bool read_away(Reader& reader, Scenario& scenario) {
  const std::size_t first = reader.place();
  Away away;
  away.engine = reader.take().value == "engine";
  if (!reader.take_word("away") || !reader.take_word("from")) return false;
  const auto from = reader.take_moment();
  if (!from) return false;
  away.from = *from;
  const auto end = reader.take_one_of({"for", "until"});
  if (!end) return false;
  if (*end == 0) {
    const auto lasts = reader.take_duration();
    if (!lasts) return false;
    away.lasts = *lasts;
  } else {
    away.until = reader.take_moment();
    if (!away.until) return false;
  }
  away.span = reader.span_since(first);
  const bool ends_first =
      away.until && away.until->stage == away.from.stage && away.until->after <= away.from.after;
  if (ends_first || (!away.until && away.lasts <= core::Duration::zero())) {
    reader.error(Code::scenario_bad_value, away.span, "it ends before it begins");
    return false;
  }
  scenario.aways.push_back(away);
  return reader.take_statement_end();
}

bool read_end(Reader& reader, Scenario& scenario) {
  const std::size_t first = reader.place();
  reader.take();
  if (!reader.take_word("at")) return false;
  const auto end = reader.take_moment();
  if (!end || !reader.take_statement_end()) return false;
  if (scenario.end) {
    reader.error(Code::scenario_duplicate, reader.span_since(first),
                 "`end at` was said before, in line " + std::to_string(scenario.end->span.line));
    return false;
  }
  scenario.end = end;
  return true;
}

// ---- The file ---------------------------------------------------------------------------------

struct Statement {
  std::string_view keyword;
  bool (*read)(Reader&, Scenario&);
};
constexpr Statement kStatements[] = {
    {"given", read_given},
    {"series", read_series},
    {"at", read_at},
    {"within", read_within},
    {"expect",
     [](Reader& r, Scenario& s) {
       r.take();
       return read_expect(r, s, Expectation::When::ever);
     }},
    {"never",
     [](Reader& r, Scenario& s) {
       r.take();
       return r.take_word("expect") && read_expect(r, s, Expectation::When::never);
     }},
    {"errors", read_fault},
    {"latency", read_fault},
    {"silence", read_fault},
    {"shift", read_fault},
    {"rollback", read_fault},
    {"run", read_fault},
    {"start", read_fault},
    {"checkpoint", read_fault},
    {"engine", read_away},
    {"bus", read_away},
    {"end", read_end},
};

bool read_statement(Reader& reader, Scenario& scenario) {
  const Token& token = reader.peek();
  std::vector<std::string> keywords;
  for (const Statement& statement : kStatements) {
    if (token.is_word(statement.keyword)) return statement.read(reader, scenario);
    keywords.emplace_back(statement.keyword);
  }
  if (token.is(Kind::word)) {
    std::string help = did_you_mean(token.value, keywords);
    if (help.empty())
      help = "a scenario has `given`, `series`, faults, `at`, `within`, `expect`, `never`";
    reader.error(Code::scenario_unknown_statement, token.span,
                 "no statement of a scenario begins with `" + token.value + "`", help);
  } else {
    reader.expected("a statement of the scenario");
  }
  return false;
}

void read_body(Reader& reader, Scenario& scenario) {
  const std::int32_t depth = reader.peek().depth;
  while (true) {
    reader.skip_newlines();
    if (reader.at_end() || reader.at_symbol("}")) return;
    if (!read_statement(reader, scenario)) reader.skip_statement(depth);
  }
}

bool read_head(Reader& reader, Scenario& scenario) {
  const std::size_t first = reader.place();
  reader.take();
  const auto title = reader.take_text("the title of the scenario");
  if (!title || !reader.take_word("for")) return false;
  const auto runbook = reader.take_text("the file or the name of the runbook");
  if (!runbook) return false;
  scenario.title = *title;
  scenario.runbook = *runbook;
  scenario.span = reader.span_since(first);
  if (reader.accept_symbol("{")) return true;
  reader.expected("`{`");
  return false;
}

void warn_of_nothing(Reader& reader, const Scenario& scenario) {
  if (!scenario.expectations.empty()) return;
  reader.sink().warning(Code::scenario_expects_nothing, scenario.span,
                        "the scenario \"" + scenario.title.value + "\" expects nothing",
                        "say what must come of it, like `expect outcome rolled_back`");
}

bool read_scenario(Reader& reader, std::vector<Scenario>& all) {
  Scenario scenario;
  if (!read_head(reader, scenario)) return false;
  const std::size_t errors = reader.sink().errors();
  read_body(reader, scenario);
  if (!reader.accept_symbol("}")) {
    reader.error(Code::scenario_unexpected, scenario.span,
                 "the scenario \"" + scenario.title.value + "\" is not closed",
                 "put a `}` at its end");
    return false;
  }
  for (const Scenario& other : all) {
    if (other.title.value != scenario.title.value) continue;
    reader.error(Code::scenario_duplicate, scenario.title.span,
                 "a scenario of this title stands in line " + std::to_string(other.span.line));
  }
  if (reader.sink().errors() == errors) warn_of_nothing(reader, scenario);
  all.push_back(std::move(scenario));
  return true;
}

}  // namespace

std::vector<Scenario> parse(const std::string& text, Sink& sink) {
  const Tokens tokens = lex(text, sink);
  Reader reader(text, tokens, sink);
  std::vector<Scenario> all;
  if (tokens.size() == 1 && !sink.has_errors()) {
    sink.error(Code::empty, tokens.front().span, "the file is empty",
               "it begins with " + std::string(kFirstWords));
  }
  while (true) {
    reader.skip_newlines();
    if (reader.at_end()) return all;
    if (reader.at_word("scenario")) {
      if (read_scenario(reader, all)) continue;
    } else {
      reader.expected(kFirstWords);
    }
    // On to the next one: whatever stands between belongs to what was given up.
    do {
      reader.take();
    } while (!reader.at_end() && !(reader.at_word("scenario") && reader.peek().first_in_line &&
                                   reader.peek(1).is(Kind::text)));
  }
}

}  // namespace rollbook::dsl::scenario
