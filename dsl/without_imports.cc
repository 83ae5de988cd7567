#include "dsl/without_imports.h"

#include <algorithm>
#include <utility>

#include "dsl/compiler.h"
#include "dsl/library.h"
#include "dsl/pieced_text.h"
#include "dsl/source.h"

namespace rollbook::dsl {
namespace {

// The runbook with its imports as comments, and with a word that nothing declares for each name of
// theirs.
class Alone {
 public:
  Alone(const std::string& file, const std::string& text) {
    Sink ignored(file);
    const Library runbook = read_library(file, text, true, ignored);
    text_.add_file({file, text});
    std::size_t at = 0;
    for (std::size_t i = 0; i < runbook.tokens.size(); ++i) {
      const Token& token = runbook.tokens[i];
      if (begins_import(runbook, i)) {
        text_.copy(0, at, token.begin);
        text_.put("# ", 0, token.begin);
        at = token.begin;
      } else if (is_imported(runbook, i)) {
        text_.copy(0, at, token.begin);
        put_unknown(token.value + "_" + runbook.tokens[i + 2].value, token.begin, text);
        at = runbook.tokens[i + 2].end;
        i += 2;
      }
    }
    text_.copy(0, at, text.size());
  }

  std::vector<runtime::Diagnostic> check(const std::string& file) const {
    const Source source(text_.text());
    std::vector<runtime::Diagnostic> all;
    for (runtime::Diagnostic& found : Compiler().compile(file, text_.text(), {}).diagnostics) {
      const std::size_t begin = source.offset(found.span.line, found.span.column);
      const std::size_t end = source.offset(found.span.end_line, found.span.end_column);
      if (!touches_unknown(begin, std::max(begin + 1, end)))
        all.push_back(text_.original(std::move(found)));
    }
    return all;
  }

 private:
  static bool begins_import(const Library& runbook, std::size_t i) {
    return std::any_of(runbook.imports.begin(), runbook.imports.end(),
                       [&](const ImportStatement& import) { return import.first == i; });
  }

  // `lib.canary_stage`
  static bool is_imported(const Library& runbook, std::size_t i) {
    const Tokens& tokens = runbook.tokens;
    if (i + 2 >= tokens.size() || !tokens[i + 1].is_symbol(".")) return false;
    if (!tokens[i + 2].is(Token::Kind::word)) return false;
    return std::any_of(
        runbook.imports.begin(), runbook.imports.end(),
        [&](const ImportStatement& import) { return tokens[i].is_word(import.alias); });
  }

  void put_unknown(std::string name, std::size_t origin, const std::string& text) {
    while (text.find(name) != std::string::npos) name += '_';
    unknown_.emplace_back(text_.text().size(), text_.text().size() + name.size());
    text_.put(name, 0, origin);
  }

  bool touches_unknown(std::size_t begin, std::size_t end) const {
    return std::any_of(unknown_.begin(), unknown_.end(),
                       [&](const auto& each) { return begin < each.second && each.first < end; });
  }

  PiecedText text_;
  std::vector<std::pair<std::size_t, std::size_t>> unknown_;  // in text_, by place
};

}  // namespace

std::vector<runtime::Diagnostic> check_without_imports(const std::string& file,
                                                       const std::string& text) {
  return Alone(file, text).check(file);
}

}  // namespace rollbook::dsl
