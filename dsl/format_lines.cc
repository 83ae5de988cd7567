#include "dsl/format_lines.h"

#include <algorithm>

#include "dsl/spacing.h"

namespace rollbook::dsl {
namespace {

using Kind = Token::Kind;

// Terminals put tabs at every eighth column.
constexpr std::size_t kTab = 8;

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

// The columns of a text, from 1 on, asked for by rising offset.
class Columns {
 public:
  explicit Columns(std::string_view text) : text_(text) {}
  std::size_t at(std::size_t offset) {
    for (; at_ < offset; ++at_) {
      const char c = text_[at_];
      if (c == '\n') {
        column_ = 1;
      } else if (c == '\t') {
        column_ += kTab - (column_ - 1) % kTab;
      } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
        ++column_;
      }
    }
    return column_;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t column_ = 1;
};

// For every `{`, whether its block stands on one line: no newline up to its `}`.
std::vector<bool> one_line_blocks(std::string_view text, const Tokens& tokens) {
  std::vector<bool> one_line(tokens.size(), false);
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    const std::string_view bytes = text.substr(token.trivia, token.end - token.trivia);
    if (bytes.find('\n') != std::string_view::npos)
      for (const std::size_t block : open) one_line[block] = false;
    if (token.is_symbol("{")) {
      one_line[i] = true;
      open.push_back(i);
    } else if (token.is_symbol("}") && !open.empty()) {
      open.pop_back();
    }
  }
  return one_line;
}

class Cutter {
 public:
  Cutter(std::string_view text, const Tokens& tokens)
      : text_(text), tokens_(tokens), columns_(text), one_line_(one_line_blocks(text, tokens)) {}

  std::vector<Line> run() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      trivia(tokens_[i]);
      if (tokens_[i].is(Kind::end)) break;
      if (tokens_[i].is(Kind::newline)) {
        ++newlines_;
        ends_ = ends_statement_ = true;
      } else {
        token(i);
      }
    }
    flush();
    return std::move(lines_);
  }

 private:
  // Comments become pieces; newlines are counted since the last piece.
  void trivia(const Token& token) {
    for (std::size_t i = token.trivia; i < token.begin; ++i) {
      if (text_[i] == '\n') {
        ++newlines_;
      } else if (text_[i] == '#') {
        std::size_t end = std::min(text_.find('\n', i), token.begin);
        comment(i, end);
        i = end - 1;
      }
    }
  }

  void comment(std::size_t begin, std::size_t end) {
    std::size_t last = end;
    while (text_[last - 1] == ' ' || text_[last - 1] == '\t' || text_[last - 1] == '\r') --last;
    Piece piece = piece_at(begin, last);
    piece.comment = true;
    piece.gap = 2;
    const bool trailing = newlines_ == 0 && !line_.pieces.empty() && !line_.pieces.back().comment;
    if (!trailing) begin_line(false);
    push(std::move(piece), end, trailing);
    if (!trailing) after_open_ = false;
    // What comes after it cannot stand on its line, but may go on with its statement.
    after_comment_ = true;
  }

  void token(std::size_t i) {
    const Token& token = tokens_[i];
    if (ends_statement_) statement_ = i;
    const bool closes_block = token.is_symbol("}") && !blocks_.empty();
    const bool closes_lines = closes_block && !blocks_.back();
    const bool moved = ends_ || closes_lines || newlines_ > 0 || after_comment_;
    if (line_.pieces.empty() || moved) {
      const bool goes_on = !ends_ && !closes_lines && !lines_or_line_empty();
      if (closes_lines) --depth_;
      begin_line(goes_on);
      line_.closes = goes_on && token.is_symbol(")");
      if (closes_lines || after_open_) line_.blank_before = false;
    }
    Piece piece = piece_at(token.begin, token.end);
    piece.gap = gap_before(i);
    push(std::move(piece), token.end, !line_.pieces.empty());
    ends_ = ends_statement_ = after_comment_ = after_open_ = false;
    if (token.is_symbol("{")) {
      blocks_.push_back(one_line_[i]);
      ends_statement_ = true;
      if (!one_line_[i]) {
        ++depth_;
        ends_ = after_open_ = true;
      }
    } else if (closes_block) {
      blocks_.pop_back();
      if (closes_lines) ends_ = true;
    }
  }

  bool lines_or_line_empty() const { return lines_.empty() && line_.pieces.empty(); }

  int gap_before(std::size_t i) const {
    if (i == 0) return 0;
    const Token& before = tokens_[i - 1];
    const Token& token = tokens_[i];
    if (before.is_symbol("{") && token.is_symbol("}")) return 0;
    // `Mon-Fri 09:00-17:00`
    if (tokens_[statement_].is_word("advance")) {
      const bool joined = before.is_symbol("-") || before.is_symbol(":") || token.is_symbol("-");
      if (joined) return 0;
    }
    return blanks_between(before, token);
  }

  Piece piece_at(std::size_t begin, std::size_t end) {
    Piece piece;
    piece.text = std::string(text_.substr(begin, end - begin));
    piece.width = width_of(piece.text);
    const std::size_t behind = columns_.at(last_end_);
    piece.column = columns_.at(begin);
    piece.blanks = newlines_ == 0 && piece.column > behind ? piece.column - behind : 0;
    return piece;
  }

  void push(Piece piece, std::size_t end, bool behind) {
    if (!behind || newlines_ > 0) piece.column = piece.blanks = 0;
    line_.pieces.push_back(std::move(piece));
    last_end_ = end;
    newlines_ = 0;
  }

  void begin_line(bool goes_on) {
    const bool first = lines_or_line_empty();
    flush();
    line_.depth = depth_;
    // A comment between the lines of one statement goes with them.
    line_.continues = goes_on || (!ends_ && !first && !after_open_ && in_statement());
    line_.blank_before = newlines_ > 1 && !first && !line_.continues && !after_open_;
  }

  // Whether the last token leaves its statement open.
  bool in_statement() const { return !ends_statement_; }

  void flush() {
    if (!line_.pieces.empty()) lines_.push_back(std::move(line_));
    line_ = Line{};
  }

  std::string_view text_;
  const Tokens& tokens_;
  Columns columns_;
  std::vector<bool> one_line_;
  std::vector<Line> lines_;
  Line line_;
  std::vector<bool> blocks_;   // open ones: on one line?
  std::size_t statement_ = 0;  // its first token
  std::size_t last_end_ = 0;   // of the last piece
  std::size_t newlines_ = 0;   // since then
  int depth_ = 0;
  bool ends_ = true;            // the next token begins a line
  bool ends_statement_ = true;  // …and a statement, perhaps on the same line
  bool after_comment_ = false;
  bool after_open_ = false;  // a `{` that ends its line
};

}  // namespace

std::vector<Line> cut_lines(std::string_view text, const Tokens& tokens) {
  return Cutter(text, tokens).run();
}

}  // namespace rollbook::dsl
