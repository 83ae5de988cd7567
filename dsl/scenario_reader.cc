#include "dsl/scenario_reader.h"

#include <algorithm>

#include "dsl/source.h"

namespace rollbook::dsl::scenario {

using Kind = Token::Kind;

namespace {

// The same bound as for durations of commands: sums with times stay in 64 bits.
constexpr core::Duration kMost = std::chrono::hours(24 * 3660);

}  // namespace

const Token& Reader::peek(std::size_t ahead) const {
  return tokens_[std::min(next_ + ahead, tokens_.size() - 1)];
}

const Token& Reader::take() {
  const Token& token = peek();
  if (!token.is(Kind::end)) ++next_;
  return token;
}

bool Reader::at_statement_end() const {
  return peek().is(Kind::newline) || at_symbol("}") || at_end();
}

bool Reader::accept_word(std::string_view word) {
  if (!at_word(word)) return false;
  take();
  return true;
}

bool Reader::accept_symbol(std::string_view symbol) {
  if (!at_symbol(symbol)) return false;
  take();
  return true;
}

bool Reader::take_word(std::string_view word) {
  if (accept_word(word)) return true;
  expected("`" + std::string(word) + "`");
  return false;
}

bool Reader::take_statement_end() {
  if (at_statement_end()) return true;
  const bool joins = at_symbol("-") || at_symbol("/");
  expected("the end of the line",
           joins ? "a name with other characters than letters, digits and `_` is quoted" : "");
  return false;
}

std::optional<Name> Reader::take_name(std::string_view what) {
  if (peek().is(Kind::word) || peek().is(Kind::text)) {
    const Token& token = take();
    return Name{token.value, token.span};
  }
  expected(what);
  return std::nullopt;
}

std::optional<Text> Reader::take_text(std::string_view what) {
  if (peek().is(Kind::text)) {
    const Token& token = take();
    return Text{token.value, token.span};
  }
  expected(std::string(what) + " in quotes");
  return std::nullopt;
}

std::optional<core::Duration> Reader::take_duration() {
  const Token& token = peek();
  if (!token.is(Kind::number)) {
    expected("a duration such as `26h30m`");
    return std::nullopt;
  }
  if (token.type != ast::Type::duration) {
    error(Code::scenario_bad_value, token.span,
          "`" + token.value + "` is a " + std::string(to_string(token.type)) +
              " where a duration is expected",
          "write it like `26h30m`");
    return std::nullopt;
  }
  if (token.number.nanos > kMost.count()) {
    error(Code::scenario_bad_value, token.span, "`" + token.value + "` is longer than ten years");
    return std::nullopt;
  }
  take();
  return core::Duration(static_cast<core::Duration::rep>(token.number.nanos));
}

std::optional<core::Weight> Reader::take_weight() {
  const Token& token = peek();
  if (!token.is(Kind::number) || token.type != ast::Type::ratio) {
    expected("a share such as `25%`");
    return std::nullopt;
  }
  if (token.number > core::Fixed::from_int(1)) {
    error(Code::scenario_bad_value, token.span, "`" + token.value + "` is more than all traffic");
    return std::nullopt;
  }
  take();
  return core::Weight{static_cast<std::int64_t>(token.number.nanos)};
}

std::optional<Moment> Reader::take_moment() {
  Moment moment;
  const std::size_t first = place();
  accept_word("from");
  if (!at_word("stage")) {
    const auto after = take_duration();
    if (!after) return std::nullopt;
    moment.after = *after;
    moment.span = span_since(first);
    return moment;
  }
  take();
  const auto stage = take_name("the name of a stage");
  if (!stage) return std::nullopt;
  moment.stage = stage->text;
  moment.span = stage->span;
  if (accept_symbol("+")) {
    const auto after = take_duration();
    if (!after) return std::nullopt;
    moment.after = *after;
  }
  return moment;
}

std::optional<Name> Reader::take_path(std::string_view what) {
  auto path = take_name(what);
  if (!path) return std::nullopt;
  while (at_symbol(".") && peek(1).is(Kind::word)) {
    take();
    const Token& part = take();
    path->text += "." + part.value;
    path->span = join(path->span, part.span);
  }
  return path;
}

std::optional<std::size_t> Reader::take_one_of(std::initializer_list<std::string_view> words) {
  std::string all;
  std::vector<std::string> candidates;
  for (const std::string_view word : words) {
    if (at_word(word)) {
      take();
      return candidates.size();
    }
    all += (all.empty() ? "`" : ", `") + std::string(word) + "`";
    candidates.emplace_back(word);
  }
  expected("one of " + all,
           peek().is(Kind::word) ? did_you_mean(peek().value, candidates) : std::string());
  return std::nullopt;
}

void Reader::skip_newlines() {
  while (peek().is(Kind::newline)) take();
}

void Reader::skip_statement(std::int32_t depth) {
  while (!at_end()) {
    if (peek().depth <= depth && (peek().is(Kind::newline) || at_symbol("}"))) return;
    take();
  }
}

void Reader::expected(std::string_view what, std::string help) {
  if (peek().is(Kind::bad)) return;
  error(Code::scenario_unexpected, peek().span,
        "expected " + std::string(what) + ", found " + describe(peek(), text_), std::move(help));
}

std::string Reader::written_since(std::size_t first) const {
  std::string folded;
  if (first == next_) return folded;
  const std::size_t begin = tokens_[first].begin;
  for (const char c : text_.substr(begin, tokens_[next_ - 1].end - begin)) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank) {
      folded += c;
    } else if (folded.back() != ' ') {
      folded += ' ';
    }
  }
  return folded;
}

Span Reader::span_since(std::size_t first) const {
  const std::size_t last = next_ > first ? next_ - 1 : first;
  return join(tokens_[first].span, tokens_[last].span);
}

}  // namespace rollbook::dsl::scenario
