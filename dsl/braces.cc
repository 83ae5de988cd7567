#include "dsl/braces.h"

#include <algorithm>
#include <optional>

namespace rollbook::dsl {
namespace {

using Kind = Token::Kind;

// A text with more than this many lost braces is not repaired but noise; each repair looks back.
constexpr std::size_t kRepairsMost = 32;

struct Balance {
  int surplus = 0;  // opened and never closed, less the other way round
  bool sound = true;
};

Balance balance_of(const Tokens& tokens) {
  Balance balance;
  for (const Token& token : tokens) {
    if (token.is_symbol("{")) ++balance.surplus;
    if (token.is_symbol("}") && --balance.surplus < 0) balance.sound = false;
  }
  balance.sound = balance.sound && balance.surplus == 0;
  return balance;
}

// A brace or newline that nobody wrote, at the place of its neighbour.
Token synthetic(Kind kind, std::string value, const Token& place) {
  Token token;
  token.kind = kind;
  token.value = std::move(value);
  token.trivia = token.begin = token.end = place.trivia;
  token.span = {place.span.line, place.span.column, place.span.line, place.span.column};
  token.synthetic = true;
  return token;
}

class Repair {
 public:
  Repair(const Tokens& tokens, int surplus, Sink& sink)
      : tokens_(tokens),
        unclosed_(std::max(surplus, 0)),
        unopened_(std::max(-surplus, 0)),
        sink_(sink) {}

  Tokens run() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const Token& token = tokens_[i];
      if (token.is(Kind::end)) break;
      if (token.first_in_line) begin_line(token);
      if (token.is_symbol("}")) {
        if (!close(token)) continue;
      } else if (token.is_symbol("{")) {
        open(token, i);
      }
      out_.push_back(token);
    }
    close_at_end(tokens_.back());
    out_.push_back(tokens_.back());
    return std::move(out_);
  }

  std::set<std::uint32_t> take_lines() { return std::move(lines_); }

 private:
  struct Block {
    Token brace;
    std::uint32_t indent = 0;      // of the line its `{` stands on
    bool one_line = false;         // something follows the `{` on its line
    std::optional<bool> indented;  // are its lines deeper? known with the first of them
    bool trusted() const { return one_line || indented.value_or(false); }
  };

  void report(core::Span span, std::string message, std::string help) {
    lines_.insert(span.line);
    sink_.error(Code::unbalanced_brace, span, std::move(message), std::move(help));
  }

  // Where the `}` is missing, not where its `{` is: that is the place to mend.
  void report_unclosed(const Token& brace, std::string help) {
    lines_.insert(brace.span.line);
    core::Span place = brace.span;
    for (std::size_t i = out_.size(); i-- > 0;) {
      if (out_[i].synthetic || out_[i].is(Kind::newline)) continue;
      const core::Span& last = out_[i].span;
      place = {last.end_line, last.end_column, last.end_line, last.end_column};
      break;
    }
    report(place, "the `{` of line " + std::to_string(brace.span.line) + " is not closed",
           std::move(help));
  }

  void open(const Token& token, std::size_t index) {
    Block block;
    block.brace = token;
    block.indent = indent_;
    const Token& after = tokens_[index + 1];
    block.one_line = !after.is(Kind::newline) && !after.first_in_line;
    blocks_.push_back(std::move(block));
  }

  // A line that stands no deeper than a block's head ends that block.
  void begin_line(const Token& token) {
    const std::uint32_t indent = token.span.column;
    if (!blocks_.empty() && !blocks_.back().indented)
      blocks_.back().indented = indent > blocks_.back().indent;
    while (unclosed_ > 0 && !blocks_.empty() && blocks_.back().trusted()) {
      const std::uint32_t head = blocks_.back().indent;
      if (token.is_symbol("}") ? indent >= head : indent > head) break;
      --unclosed_;
      report_unclosed(blocks_.back().brace,
                      "put a `}` before line " + std::to_string(token.span.line));
      blocks_.pop_back();
      out_.push_back(synthetic(Kind::symbol, "}", token));
      out_.push_back(synthetic(Kind::newline, "\n", token));
    }
    indent_ = indent;
  }

  // False when the brace is to be left out.
  bool close(const Token& token) {
    const bool deeper = !blocks_.empty() && token.first_in_line && indent_ > blocks_.back().indent;
    const bool elsewhere = !blocks_.empty() && !token.first_in_line &&
                           blocks_.back().brace.span.line != token.span.line;
    const bool stray = blocks_.empty() || (unopened_ > 0 && (deeper || elsewhere));
    if (!stray) {
      blocks_.pop_back();
      return true;
    }
    if (unopened_ > 0) --unopened_;
    if (token.first_in_line && open_before(token)) return true;
    report(token.span, "this `}` closes nothing", "its `{` is missing, or it is one too many");
    return false;
  }

  // Puts the missing `{` at the end of the line that the `}` stands under; false without one.
  bool open_before(const Token& token) {
    if (lines_.size() > kRepairsMost) return false;
    const std::uint32_t inside = blocks_.empty() ? 0 : blocks_.back().brace.span.line;
    for (std::size_t i = out_.size(); i-- > 0;) {
      const Token& head = out_[i];
      if (head.span.line <= inside) return false;
      if (!head.first_in_line || head.span.column > indent_) continue;
      if (head.span.column < indent_ || !head.is(Kind::word)) return false;
      std::size_t end = i;
      while (end < out_.size() && !out_[end].is(Kind::newline)) ++end;
      const core::Span last = out_[end - 1].span;
      report({last.end_line, last.end_column, last.end_line, last.end_column},
             "expected `{` at the end of this line",
             "the `}` on line " + std::to_string(token.span.line) + " closes it");
      const Token brace = synthetic(Kind::symbol, "{", end < out_.size() ? out_[end] : token);
      out_.insert(out_.begin() + static_cast<std::ptrdiff_t>(end), brace);
      return true;
    }
    return false;
  }

  void close_at_end(const Token& end) {
    if (blocks_.empty()) return;
    report_unclosed(blocks_.back().brace, "put a `}` at the end of the file");
    if (!out_.empty() && !out_.back().is(Kind::newline))
      out_.push_back(synthetic(Kind::newline, "\n", end));
    lines_.insert(end.span.line);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      out_.push_back(synthetic(Kind::symbol, "}", end));
      out_.push_back(synthetic(Kind::newline, "\n", end));
    }
  }

  const Tokens& tokens_;
  int unclosed_;
  int unopened_;
  Sink& sink_;
  Tokens out_;
  std::vector<Block> blocks_;
  std::uint32_t indent_ = 1;
  std::set<std::uint32_t> lines_;
};

}  // namespace

std::set<std::uint32_t> balance_braces(Tokens& tokens, Sink& sink) {
  const Balance balance = balance_of(tokens);
  if (balance.sound) return {};
  Repair repair(tokens, balance.surplus, sink);
  tokens = repair.run();
  std::int32_t depth = 0;
  for (Token& token : tokens) {
    if (token.is_symbol("}") && depth > 0) --depth;
    token.depth = depth;
    if (token.is_symbol("{")) ++depth;
  }
  return repair.take_lines();
}

}  // namespace rollbook::dsl
