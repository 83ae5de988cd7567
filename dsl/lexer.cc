#include "dsl/lexer.h"

#include <array>
#include <cstdio>

#include "dsl/number.h"
#include "dsl/source.h"
#include "engine/core/limits.h"

namespace rollbook::dsl {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// The length of the UTF-8 character at `i`, 0 when it is none (RFC 3629: no overlong forms, no
// surrogates, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) {
    return k < text.size() ? static_cast<unsigned char>(text[k]) : 0U;
  };
  const auto follows = [&](std::size_t k) { return (byte(k) & 0xC0) == 0x80; };
  const unsigned b = byte(i);
  if (b < 0x80) return 1;
  if (b >= 0xC2 && b <= 0xDF) return follows(i + 1) ? 2 : 0;
  if (b >= 0xE0 && b <= 0xEF) {
    const unsigned second = byte(i + 1);
    if ((b == 0xE0 && second < 0xA0) || (b == 0xED && second > 0x9F)) return 0;
    return follows(i + 1) && follows(i + 2) ? 3 : 0;
  }
  if (b >= 0xF0 && b <= 0xF4) {
    const unsigned second = byte(i + 1);
    if ((b == 0xF0 && second < 0x90) || (b == 0xF4 && second > 0x8F)) return 0;
    return follows(i + 1) && follows(i + 2) && follows(i + 3) ? 4 : 0;
  }
  return 0;
}

// The first byte that no text has; text.size() when there is none.
std::size_t first_foreign_byte(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool control = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
    const std::size_t length = utf8_length(text, i);
    if (control || length == 0) return i;
    i += length;
  }
  return text.size();
}

std::string hex(char c) {
  std::array<char, 5> digits{};
  std::snprintf(digits.data(), digits.size(), "0x%02x", static_cast<unsigned>(c) & 0xFFU);
  return digits.data();
}

class Lexer {
 public:
  Lexer(std::string_view text, Sink& sink) : text_(text), source_(text), sink_(sink) {}

  Tokens run() {
    if (!readable()) return finish(0);
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") at_ = 3;  // a byte order mark is trivia
    while (skip_trivia()) {
      if (!next()) return finish(at_);
    }
    return finish(text_.size());
  }

 private:
  using Kind = Token::Kind;

  bool readable() {
    if (text_.size() > core::kRunbookBytes) {
      sink_.error(Code::too_large, {1, 1, 1, 1},
                  "the file has " + std::to_string(text_.size()) + " bytes, more than " +
                      std::to_string(core::kRunbookBytes),
                  "a runbook is a short text; is this the right file?");
      return false;
    }
    const std::size_t foreign = first_foreign_byte(text_);
    if (foreign == text_.size()) return true;
    sink_.error(
        Code::not_text, source_.span(foreign, foreign),
        "this is no UTF-8 text: byte " + std::to_string(foreign) + " is " + hex(text_[foreign]),
        "save the file as UTF-8, if it is a runbook");
    return false;
  }

  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  // To the next token; false at the end of the text.
  bool skip_trivia() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') {
        if (newline_counts()) return true;
        first_in_line_ = true;
      } else if (c == '#') {
        while (at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
      } else if (!is_blank(c)) {
        return true;
      }
    }
    return false;
  }

  // One token; false when lexing stops here.
  bool next() {
    const char c = text_[at_];
    if (c == '\n') {
      add(Kind::newline, 1, "\n");
      first_in_line_ = true;
    } else if (is_letter(c)) {
      word();
    } else if (is_digit(c)) {
      number();
    } else if (c == '"') {
      string();
    } else if (c == '{' && at_selector()) {
      selector();
    } else {
      return symbol();
    }
    return true;
  }

  Token& add(Kind kind, std::size_t length, std::string value) {
    Token token;
    token.kind = kind;
    token.trivia = trivia_;
    token.begin = at_;
    token.end = at_ + length;
    token.span = source_.span(token.begin, token.end);
    token.value = std::move(value);
    token.first_in_line = first_in_line_ && kind != Kind::newline;
    token.depth = depth_;
    at_ = trivia_ = token.end;
    if (kind != Kind::newline) first_in_line_ = false;
    tokens_.push_back(std::move(token));
    return tokens_.back();
  }

  void word() {
    std::size_t length = 1;
    while (is_letter(peek(length)) || is_digit(peek(length))) ++length;
    // `p99.9(`: the one name with a point in it.
    if (peek() == 'p' && length > 1 && peek(length) == '.' && is_digit(peek(length + 1))) {
      std::size_t end = length + 1;
      while (is_digit(peek(end))) ++end;
      bool digits = peek(end) == '(';
      for (std::size_t i = 1; i < length; ++i) digits = digits && is_digit(peek(i));
      if (digits) length = end;
    }
    const bool sound = length <= kWordBytes;
    const Token& token =
        add(sound ? Kind::word : Kind::bad, length, std::string(text_.substr(at_, length)));
    if (!sound)
      sink_.error(Code::too_large, token.span,
                  "a word of " + std::to_string(length) + " bytes is too long",
                  "names are words that people can read");
  }

  void number() {
    const ScannedNumber scanned = scan_number(text_.substr(at_));
    const bool sound = scanned.problem.empty();
    const std::string written(text_.substr(at_, scanned.length));
    Token& token = add(sound ? Kind::number : Kind::bad, scanned.length, written);
    token.number = scanned.value;
    token.type = scanned.type;
    if (sound) return;
    Sink::Fix fix;
    if (!scanned.instead.empty()) fix.push_back({token.span, scanned.instead});
    sink_.error(scanned.code, token.span, describe(token, text_) + ": " + scanned.problem,
                scanned.help, std::move(fix));
  }

  void string() {
    std::string value;
    std::size_t length = 1;
    for (;; ++length) {
      const char c = peek(length);
      if (c == '"') break;
      if (c == '\n' || c == '\0') {
        while (length > 1 && is_blank(peek(length - 1))) --length;
        const Token& token = add(Kind::bad, length, {});
        sink_.error(Code::unclosed_string, token.span, "this text is not closed",
                    "put a `\"` at its end; a text stays on one line");
        return;
      }
      if (c != '\\') {
        value += c;
        continue;
      }
      ++length;
      value += unescape(length);
      if (peek(length) == '\n' || peek(length) == '\0') --length;
    }
    const std::size_t bytes = value.size();
    const bool sound = bytes <= core::kWrittenTextBytes;
    const Token& token = add(sound ? Kind::text : Kind::bad, length + 1, std::move(value));
    if (sound) return;
    sink_.error(Code::too_large, token.span,
                "a text of " + std::to_string(bytes) + " bytes is too long",
                "a text has " + std::to_string(core::kWrittenTextBytes) +
                    " bytes at most: it goes out in messages that brokers bound");
  }

  // The character that a backslash and the one at `length` stand for.
  char unescape(std::size_t length) {
    const char c = peek(length);
    if (c == '"' || c == '\\') return c;
    if (c == 'n') return '\n';
    if (c == 't') return '\t';
    if (c != '\n' && c != '\0')
      sink_.error(Code::bad_escape, source_.span(at_ + length - 1, at_ + length + 1),
                  "`\\" +
                      std::string(text_.substr(at_ + length, utf8_length(text_, at_ + length))) +
                      "` is no escape",
                  "a text knows `\\\"`, `\\\\`, `\\n` and `\\t`");
    return c;
  }

  // Is this `{` the begin of a label selector? Inside are a label and a matcher's operator, which
  // begin no statement.
  bool at_selector() const {
    std::size_t i = 1;
    const auto blanks = [&] {
      while (is_blank(peek(i))) ++i;
    };
    blanks();
    if (peek(i) == '"') {
      for (++i; peek(i) != '"' && peek(i) != '\n' && peek(i) != '\0'; ++i) {
      }
      ++i;
    } else if (is_letter(peek(i))) {
      while (is_letter(peek(i)) || is_digit(peek(i)) || peek(i) == '.') ++i;
    } else {
      return false;
    }
    blanks();
    return peek(i) == '=' || (peek(i) == '!' && (peek(i + 1) == '=' || peek(i + 1) == '~'));
  }

  void selector() {
    std::size_t length = 1;
    bool in_text = false;
    for (;; ++length) {
      const char c = peek(length);
      if (c == '\n' || c == '\0') {
        while (is_blank(peek(length - 1))) --length;
        const Token& token = add(Kind::bad, length, {});
        sink_.error(Code::bad_selector, token.span, "this label selector is not closed",
                    "put a `}` at its end; a selector stays on one line");
        return;
      }
      if (in_text && c == '\\' && peek(length + 1) != '\n') {
        ++length;
      } else if (c == '"') {
        in_text = !in_text;
      } else if (c == '}' && !in_text) {
        break;
      }
    }
    add(Kind::selector, length + 1, std::string(text_.substr(at_, length + 1)));
  }

  bool symbol() {
    static constexpr std::array<std::string_view, 6> kPairs = {"<=", ">=", "==", "!=", "=~", "!~"};
    for (const std::string_view pair : kPairs)
      if (text_.substr(at_, 2) == pair) {
        add(Kind::symbol, 2, std::string(pair));
        return true;
      }
    const char c = peek();
    if (std::string_view("(){},:.=<>+-*/;").find(c) == std::string_view::npos) {
      foreign();
      return true;
    }
    if (c == '{' || c == '(') return open(c);
    if (c == '}') return close_brace();
    if (c == ')' && open_ > 0) --open_;
    if (c == ')' && parentheses_ > 0) --parentheses_;
    add(Kind::symbol, 1, std::string(1, c));
    return true;
  }

  // Characters that begin no token, one diagnostic for as many as stand together.
  void foreign() {
    std::size_t length = 0;
    const std::string_view known = "(){},:.=<>+-*/;\"# \t\r\n";
    while (at_ + length < text_.size() && known.find(peek(length)) == std::string_view::npos &&
           !is_letter(peek(length)) && !is_digit(peek(length)))
      length += utf8_length(text_, at_ + length);
    const Token& token = add(Kind::bad, length, {});
    sink_.error(Code::bad_character, token.span, describe(token, text_) + " means nothing here",
                text_[token.begin] == '\''
                    ? "a text stands in double quotes: `\"…\"`"
                    : "take it out; a text stands in `\"`, a comment after `#`");
  }

  bool open(char c) {
    if (depth_ + open_ >= core::kNesting) {
      sink_.error(Code::too_deep, source_.span(at_, at_ + 1),
                  "brackets are nested deeper than " + std::to_string(core::kNesting),
                  "no condition needs that: take some out");
      return false;
    }
    add(Kind::symbol, 1, std::string(1, c));
    if (c == '{') {
      ++depth_;
      forget_parentheses();
    } else {
      ++open_;
      if (closes_soon()) ++parentheses_;
    }
    return true;
  }

  void forget_parentheses() { open_ = parentheses_ = 0; }

  bool close_brace() {
    forget_parentheses();
    if (depth_ > 0) --depth_;
    add(Kind::symbol, 1, "}");
    return true;
  }

  // Is the parenthesis just opened closed before the next brace? One that is not would make
  // every newline after it disappear, and with it all statements up to the end.
  bool closes_soon() {
    if (unclosed_ > kUnclosedMost) return false;
    int open = 1;
    for (std::size_t i = at_; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == '#') {
        while (i < text_.size() && text_[i] != '\n') ++i;
      } else if (c == '"') {
        for (++i; i < text_.size() && text_[i] != '"' && text_[i] != '\n'; ++i)
          if (text_[i] == '\\') ++i;
      } else if (c == '(') {
        ++open;
      } else if (c == ')') {
        if (--open == 0) return true;
      } else if (c == '{' || c == '}' || i - at_ > kParenthesisBytes) {
        break;
      }
    }
    ++unclosed_;
    return false;
  }

  // Does the newline here end a statement?
  bool newline_counts() const {
    if (tokens_.empty() || parentheses_ > 0) return false;
    const Token& last = tokens_.back();
    if (last.kind == Kind::newline) return false;
    if (last.kind != Kind::symbol) return true;
    return last.value == "(" || last.value == ")" || last.value == "{" || last.value == "}" ||
           last.value == "." || last.value == ";";
  }

  Tokens finish(std::size_t end) {
    Token token;
    token.kind = Kind::end;
    token.trivia = end == 0 ? 0 : trivia_;
    token.begin = token.end = end;
    token.span = source_.span(end, end);
    token.first_in_line = true;
    tokens_.push_back(std::move(token));
    return std::move(tokens_);
  }

  // Messages quote words and numbers whole.
  static constexpr std::size_t kWordBytes = 128;
  // Looking for a parenthesis' end must not make lexing quadratic, not even in noise.
  static constexpr std::size_t kParenthesisBytes = 4096;
  static constexpr int kUnclosedMost = 100;

  std::string_view text_;
  Source source_;
  Sink& sink_;
  Tokens tokens_;
  std::size_t at_ = 0;
  std::size_t trivia_ = 0;
  std::int32_t depth_ = 0;
  int open_ = 0;         // parentheses, for the limit
  int parentheses_ = 0;  // those that hide newlines
  int unclosed_ = 0;
  bool first_in_line_ = true;
};

}  // namespace

Tokens lex(std::string_view text, Sink& sink) { return Lexer(text, sink).run(); }

}  // namespace rollbook::dsl
