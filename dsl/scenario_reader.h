#pragma once
// Reader: the tokens of a scenario file under a hand that moves forward. Each `take_` reads one
// thing or reports what it expected and returns nothing; the statement is then given up and the
// next one begins on the next line.

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/diagnostics.h"
#include "dsl/scenario.h"
#include "dsl/token.h"

namespace rollbook::dsl::scenario {

class Reader {
 public:
  Reader(const std::string& text, const Tokens& tokens, Sink& sink)
      : text_(text), tokens_(tokens), sink_(sink) {}

  // ---- Looking --------------------------------------------------------------------------------
  const Token& peek(std::size_t ahead = 0) const;
  bool at_word(std::string_view word) const { return peek().is_word(word); }
  bool at_symbol(std::string_view symbol) const { return peek().is_symbol(symbol); }
  bool at_end() const { return peek().is(Token::Kind::end); }
  // Of a line, a block or the file.
  bool at_statement_end() const;

  // ---- Taking ---------------------------------------------------------------------------------
  const Token& take();
  bool accept_word(std::string_view word);
  bool accept_symbol(std::string_view symbol);
  bool take_word(std::string_view word);  // false: reported
  bool take_statement_end();
  // `what` is how the message calls it: "the name of a stage".
  std::optional<Name> take_name(std::string_view what);
  std::optional<Text> take_text(std::string_view what);
  std::optional<Moment> take_moment();  // `27h`, `[from] stage canary_25 + 1h`
  std::optional<core::Duration> take_duration();
  std::optional<core::Weight> take_weight();
  // `rollback.automatic`, or a quoted text.
  std::optional<Name> take_path(std::string_view what);
  // One of `words`.
  std::optional<std::size_t> take_one_of(std::initializer_list<std::string_view> words);

  void skip_newlines();
  // To the end of the line, or to the `}` that ends the block of `depth`.
  void skip_statement(std::int32_t depth);

  // ---- Telling --------------------------------------------------------------------------------
  // "expected …, found …"; silent where the lexer has reported the token.
  void expected(std::string_view what, std::string help = "");
  void error(Code code, Span span, std::string message, std::string help = "") {
    sink_.error(code, span, std::move(message), std::move(help));
  }
  Sink& sink() { return sink_; }
  // From the token at `first` up to the last taken: as written with white space folded.
  std::size_t place() const { return next_; }
  std::string written_since(std::size_t first) const;
  Span span_since(std::size_t first) const;

 private:
  const std::string& text_;
  const Tokens& tokens_;
  Sink& sink_;
  std::size_t next_ = 0;
};

// `given …`, `at …`, `within …`, `expect …`, `never …`: the reader stands at that word. False:
// reported.
bool read_given(Reader& reader, Scenario& scenario);
bool read_at(Reader& reader, Scenario& scenario);
bool read_within(Reader& reader, Scenario& scenario);
bool read_expect(Reader& reader, Scenario& scenario, Expectation::When when);

}  // namespace rollbook::dsl::scenario
