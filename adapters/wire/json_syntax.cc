#include "adapters/wire/json_syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace rollbook::adapters {
namespace {

constexpr std::size_t kDepth = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<SyntaxError> read() {
    skip_space();
    if (peek() != '{') return error("expected an object");
    ++at_;
    open_.push_back('}');
    expect_ = Expect::first_key;
    while (!open_.empty()) {
      skip_space();
      if (auto failure = step()) return failure;
    }
    skip_space();
    if (at_ != text_.size()) return error("expected nothing after the object");
    return std::nullopt;
  }

 private:
  enum class Expect : std::uint8_t { first_key, key, colon, first_value, value, more };

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  std::optional<SyntaxError> error(std::string reason) const {
    return SyntaxError{at_, std::move(reason)};
  }
  void close() {
    ++at_;
    open_.pop_back();
    expect_ = Expect::more;
  }

  std::optional<SyntaxError> step() {
    const char c = peek();
    switch (expect_) {
      case Expect::first_key:
      case Expect::key:
        if (c == '}' && expect_ == Expect::first_key) {
          close();
          return std::nullopt;
        }
        if (c != '"') return error("expected a key");
        expect_ = Expect::colon;
        return read_string();
      case Expect::colon:
        if (c != ':') return error("expected `:`");
        ++at_;
        expect_ = Expect::value;
        return std::nullopt;
      case Expect::first_value:
        if (c == ']') {
          close();
          return std::nullopt;
        }
        return read_value();
      case Expect::value:
        return read_value();
      case Expect::more:
        if (c == open_.back()) {
          close();
          return std::nullopt;
        }
        if (c != ',') return error(fmt::format("expected `,` or `{}`", open_.back()));
        ++at_;
        expect_ = open_.back() == '}' ? Expect::key : Expect::value;
        return std::nullopt;
    }
    return std::nullopt;
  }

  std::optional<SyntaxError> read_value() {
    const char c = peek();
    if (c == '{' || c == '[') {
      if (open_.size() == kDepth) return error(fmt::format("nested deeper than {}", kDepth));
      ++at_;
      open_.push_back(c == '{' ? '}' : ']');
      expect_ = c == '{' ? Expect::first_key : Expect::first_value;
      return std::nullopt;
    }
    expect_ = Expect::more;
    if (c == '"') return read_string();
    for (const std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return std::nullopt;
      }
    }
    for (const std::string_view word : {"NaN", "nan", "Infinity", "-Infinity", "+Inf", "-Inf"}) {
      if (text_.substr(at_).starts_with(word)) {
        return error(fmt::format("`{}` is not a finite number", word));
      }
    }
    if (c == '-' || is_digit(c)) return read_number();
    return error("expected a value");
  }

  std::optional<SyntaxError> read_number() {
    const auto digits = [this] {
      const std::size_t begin = at_;
      while (is_digit(peek())) ++at_;
      return at_ - begin;
    };
    if (peek() == '-') ++at_;
    const std::size_t begin = at_;
    const std::size_t whole = digits();
    if (whole == 0) return error("expected a digit");
    if (whole > 1 && text_[begin] == '0') {
      at_ = begin;
      return error("a number may not begin with 0");
    }
    if (peek() == '.') {
      ++at_;
      if (digits() == 0) return error("expected a digit");
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (digits() == 0) return error("expected a digit");
    }
    return std::nullopt;
  }

  std::optional<SyntaxError> read_string() {
    const std::size_t begin = at_++;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return std::nullopt;
      }
      if (static_cast<unsigned char>(c) < 0x20) {
        if (c == '\n' || c == '\r') break;
        return error("control character in a text");
      }
      if (c == '\\') {
        if (!read_escape()) return error("no such escape in a text");
      } else if (const std::size_t length = utf8_length(); length == 0) {
        return error("not UTF-8");
      } else {
        at_ += length;
      }
    }
    at_ = begin;
    return error("text without an end");
  }

  // A surrogate escape is good only as the first of a pair.
  bool read_escape() {
    const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (c != 'u') {
      if (std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos || c == '\0') {
        return false;
      }
      at_ += 2;
      return true;
    }
    const auto first = read_hex(at_ + 2);
    if (!first || (*first >= 0xDC00 && *first < 0xE000)) return false;
    std::size_t length = 6;
    if (*first >= 0xD800 && *first < 0xDC00) {
      if (text_.substr(at_ + 6, 2) != "\\u") return false;
      const auto second = read_hex(at_ + 8);
      if (!second || *second < 0xDC00 || *second >= 0xE000) return false;
      length = 12;
    }
    at_ += length;
    return true;
  }

  std::optional<unsigned> read_hex(std::size_t at) const {
    if (at + 4 > text_.size()) return std::nullopt;
    unsigned value = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
      const auto c = static_cast<unsigned char>(text_[i]);
      const unsigned lower = c | 0x20U;
      if (is_digit(text_[i])) {
        value = value * 16 + (c - unsigned{'0'});
      } else if (lower >= 'a' && lower <= 'f') {
        value = value * 16 + (lower - unsigned{'a'} + 10);
      } else {
        return std::nullopt;
      }
    }
    return value;
  }

  // The length of the UTF-8 sequence at `at_` (RFC 3629); 0 when it is none.
  std::size_t utf8_length() const {
    const auto byte = [this](std::size_t i) {
      return at_ + i < text_.size() ? static_cast<unsigned char>(text_[at_ + i]) : 0U;
    };
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    struct Form {
      unsigned from, to;  // of the lead byte
      std::size_t length;
      unsigned second_from, second_to;
    };
    static constexpr std::array<Form, 8> kForms{{{0xC2, 0xDF, 2, 0x80, 0xBF},
                                                 {0xE0, 0xE0, 3, 0xA0, 0xBF},
                                                 {0xE1, 0xEC, 3, 0x80, 0xBF},
                                                 {0xED, 0xED, 3, 0x80, 0x9F},
                                                 {0xEE, 0xEF, 3, 0x80, 0xBF},
                                                 {0xF0, 0xF0, 4, 0x90, 0xBF},
                                                 {0xF1, 0xF3, 4, 0x80, 0xBF},
                                                 {0xF4, 0xF4, 4, 0x80, 0x8F}}};
    for (const Form& form : kForms) {
      if (lead < form.from || lead > form.to) continue;
      if (byte(1) < form.second_from || byte(1) > form.second_to) return 0;
      for (std::size_t i = 2; i < form.length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
      }
      return form.length;
    }
    return 0;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<char> open_;  // the brackets that must come
  Expect expect_ = Expect::first_key;
};

}  // namespace

std::optional<SyntaxError> find_syntax_error(std::string_view text) { return Reader(text).read(); }

std::string place(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t newline = before.rfind('\n');
  const std::size_t column =
      newline == std::string_view::npos ? before.size() + 1 : before.size() - newline;
  return fmt::format("line {}, column {}", line, column);
}

}  // namespace rollbook::adapters
