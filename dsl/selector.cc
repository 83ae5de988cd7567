#include "dsl/selector.h"

#include <re2/re2.h>

#include <optional>
#include <string>

namespace rollbook::dsl {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class SelectorParser {
 public:
  SelectorParser(std::string_view raw, core::Span span, Sink& sink)
      : raw_(raw), span_(span), sink_(sink) {}

  std::vector<core::LabelMatcher> run() {
    std::vector<core::LabelMatcher> matchers;
    for (;;) {
      skip_blanks();
      if (peek() == '}') return matchers;
      std::optional<core::LabelMatcher> matcher = one();
      if (!matcher) return matchers;
      matchers.push_back(std::move(*matcher));
      skip_blanks();
      if (peek() == ',') {
        ++at_;
      } else if (peek() != '}') {
        refuse(at_, "expected `,` or `}` in the label selector");
        return matchers;
      }
    }
  }

 private:
  char peek() const { return at_ < raw_.size() ? raw_[at_] : '\0'; }
  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\r') ++at_;
  }

  std::nullopt_t refuse(
      std::size_t from, std::string message,
      std::string help = "a selector is written like `{code=~\"5..\", region!=\"eu\"}`") {
    core::Span span = span_;
    span.column += static_cast<std::uint32_t>(from);
    const std::size_t end = at_ > from ? at_ : from + 1;
    span.end_column = span_.column + static_cast<std::uint32_t>(end);
    sink_.error(Code::bad_selector, span, std::move(message), std::move(help));
    return std::nullopt;
  }

  std::optional<core::LabelMatcher> one() {
    core::LabelMatcher matcher;
    if (peek() == '"') {
      std::optional<std::string> quoted = text();
      if (!quoted) return std::nullopt;
      matcher.label = std::move(*quoted);
    } else {
      matcher.label = dotted_word();
    }
    if (matcher.label.empty()) return refuse(at_, "expected a label in the selector");
    skip_blanks();
    const std::string_view rest = raw_.substr(at_);
    if (rest.substr(0, 2) == "=~") {
      matcher.kind = core::MatchKind::matches;
    } else if (rest.substr(0, 2) == "!~") {
      matcher.kind = core::MatchKind::not_matches;
    } else if (rest.substr(0, 2) == "!=") {
      matcher.kind = core::MatchKind::not_equal;
    } else if (rest.substr(0, 1) == "=") {
      matcher.kind = core::MatchKind::equal;
    } else {
      return refuse(at_, "expected `=`, `!=`, `=~` or `!~` after the label");
    }
    at_ += matcher.kind == core::MatchKind::equal ? 1 : 2;
    skip_blanks();
    const std::size_t from = at_;
    if (peek() != '"') return refuse(at_, "expected the label's value in quotes");
    std::optional<std::string> value = text();
    if (!value) return std::nullopt;
    matcher.value = std::move(*value);
    const bool pattern =
        matcher.kind == core::MatchKind::matches || matcher.kind == core::MatchKind::not_matches;
    if (pattern && !check_pattern(matcher.value, from)) return std::nullopt;
    return matcher;
  }

  // `code`, `service.name`: what OpenTelemetry calls its attributes. A dot stands between words.
  std::string dotted_word() {
    std::string word;
    for (;;) {
      const bool goes_on = !word.empty() && word.back() != '.';
      if (is_letter(peek()) || (is_digit(peek()) && !word.empty())) {
        word += raw_[at_++];
      } else if (peek() == '.' && goes_on && at_ + 1 < raw_.size() &&
                 (is_letter(raw_[at_ + 1]) || is_digit(raw_[at_ + 1]))) {
        word += raw_[at_++];
      } else {
        return word;
      }
    }
  }

  // A text in double quotes; escapes as PromQL has them.
  std::optional<std::string> text() {
    std::string value;
    const std::size_t from = at_++;
    while (peek() != '"') {
      if (at_ >= raw_.size()) return refuse(from, "this text is not closed");
      if (peek() != '\\') {
        value += raw_[at_++];
        continue;
      }
      ++at_;
      const char c = peek();
      if (c != '"' && c != '\\' && c != 'n' && c != 't') {
        ++at_;
        return refuse(at_ - 2, "`" + std::string(raw_.substr(at_ - 2, 2)) + "` is no escape",
                      "as in PromQL, a backslash of a pattern is written twice: `\\\\.`");
      }
      value += c == 'n' ? '\n' : c == 't' ? '\t' : c;
      ++at_;
    }
    ++at_;
    return value;
  }

  bool check_pattern(const std::string& pattern, std::size_t from) {
    RE2::Options options;
    options.set_log_errors(false);
    const RE2 compiled(pattern, options);
    if (compiled.ok()) return true;
    refuse(from, "this pattern is not valid: " + compiled.error(),
           "write a pattern of RE2, as `5..`");
    return false;
  }

  std::string_view raw_;
  core::Span span_;
  Sink& sink_;
  std::size_t at_ = 1;  // after the brace
};

}  // namespace

std::vector<core::LabelMatcher> parse_selector(std::string_view raw, core::Span span, Sink& sink) {
  return SelectorParser(raw, span, sink).run();
}

}  // namespace rollbook::dsl
