#include "dsl/params.h"

#include <algorithm>
#include <array>
#include <optional>

#include "dsl/lexer.h"
#include "dsl/number.h"
#include "engine/core/sentence.h"

namespace rollbook::dsl {
namespace {

using Kind = Token::Kind;
using Params = std::map<std::string, WrittenParam, std::less<>>;

constexpr std::array kTypes = {ast::Type::ratio, ast::Type::points, ast::Type::duration,
                               ast::Type::rate,  ast::Type::count,  ast::Type::size,
                               ast::Type::text};
// Of a value that is given: it becomes a part of the text.
constexpr std::size_t kGivenBytes = 4096;

bool is_literal(const Token& token, ast::Type type) {
  if (type == ast::Type::text) return token.is(Kind::text);
  return token.is(Kind::number) && token.type == type;
}

// `param` begins a statement of the runbook's own block.
bool begins_param(const Tokens& tokens, std::size_t i) {
  if (!tokens[i].is_word("param") || tokens[i].depth != 1 || i == 0) return false;
  return tokens[i - 1].is(Kind::newline) || tokens[i - 1].is_symbol("{");
}

// The declaration whose `param` stands at `i`; the last token is the end, so looking stops there.
WrittenParam read_param(const Tokens& tokens, std::size_t i) {
  WrittenParam param;
  param.name = &tokens[i + 1];
  const auto at = [&](std::size_t ahead) -> const Token& {
    return tokens[std::min(i + ahead, tokens.size() - 1)];
  };
  const auto type = std::find_if(kTypes.begin(), kTypes.end(),
                                 [&](ast::Type each) { return at(3).is_word(to_string(each)); });
  if (!at(2).is_symbol(":") || type == kTypes.end()) return param;
  param.type = *type;
  if (!at(4).is_symbol("=") || !is_literal(at(5), *type)) return param;
  param.value = &at(5);
  if (at(6).is_word("from") && is_literal(at(7), *type) && at(8).is_word("to") &&
      is_literal(at(9), *type)) {
    param.least = &at(7);
    param.most = &at(9);
  }
  return param;
}

std::string with_article(ast::Type type) {
  if (type == ast::Type::points) return "a difference in points";
  return "a " + std::string(to_string(type));
}

std::string kept_short(const std::string& text) {
  constexpr std::size_t kShown = 40;
  std::string shown;
  for (const char c : text.substr(0, kShown)) shown += static_cast<unsigned char>(c) < 32 ? ' ' : c;
  return text.size() > kShown ? shown + "…" : shown;
}

class Giving {
 public:
  Giving(const Params& params, std::string_view source, Sink& sink)
      : params_(params), source_(source), sink_(sink) {}

  // The literal that stands for a given value; nothing when it was refused.
  std::optional<std::string> literal_of(const core::Argument& given) const {
    const auto found = params_.find(given.name);
    if (found == params_.end()) {
      refuse_name(given);
      return std::nullopt;
    }
    const WrittenParam& param = found->second;
    if (param.value == nullptr) return std::nullopt;  // reported where it is declared
    if (given.value.size() > kGivenBytes) {
      refuse(param, "is given a value of " + std::to_string(given.value.size()) + " bytes",
             "a value has " + std::to_string(kGivenBytes) + " bytes at most");
      return std::nullopt;
    }
    if (param.type == ast::Type::text) return text_literal(param, given.value);
    return number_literal(param, given.value);
  }

 private:
  std::string written(const Token* token) const {
    return std::string(source_.substr(token->begin, token->end - token->begin));
  }
  std::string example(const WrittenParam& param) const {
    return "give it like `" + param.name->value + "=" +
           (param.type == ast::Type::text ? param.value->value : written(param.value)) + "`";
  }
  void refuse(const WrittenParam& param, const std::string& what, const std::string& help) const {
    sink_.error(Code::bad_param, param.name->span, "parameter `" + param.name->value + "` " + what,
                help);
  }

  void refuse_name(const core::Argument& given) const {
    std::vector<std::string> names;
    for (const auto& [name, param] : params_) names.push_back(name);
    std::string help = did_you_mean(given.name, names);
    if (names.empty()) help = "this runbook has no parameters; leave it out";
    if (help.empty()) {
      for (const std::string& name : names) help += (help.empty() ? "`" : ", `") + name + "`";
      help = "there is " + help;
    }
    sink_.error(Code::unknown_param, core::Span{1, 1, 1, 1},
                "no parameter is called `" + kept_short(given.name) + "`", help);
  }

  std::optional<std::string> text_literal(const WrittenParam& param,
                                          const std::string& value) const {
    Sink unread("");
    const std::string literal = quote(value);
    const Tokens tokens = lex(literal, unread);
    if (!unread.has_errors() && tokens.size() == 2 && tokens[0].value == value) return literal;
    refuse(param, "is given what is no text", "give plain UTF-8");
    return std::nullopt;
  }

  std::optional<std::string> number_literal(const WrittenParam& param,
                                            const std::string& value) const {
    const std::string range =
        param.least ? " from " + written(param.least) + " to " + written(param.most) : "";
    const std::string what = "is " + with_article(param.type) + range + ", ";
    const bool digit = !value.empty() && value[0] >= '0' && value[0] <= '9';
    const ScannedNumber number = digit ? scan_number(value) : ScannedNumber();
    const bool sound = digit && number.problem.empty() && number.length == value.size();
    const bool fraction = sound && is_fraction(param, number, value);
    if (!sound || (number.type != param.type && !fraction)) {
      refuse(param,
             what + "`" + kept_short(value) + "` is " +
                 (sound ? with_article(number.type) : std::string("none")),
             example(param));
      return std::nullopt;
    }
    if (param.least && (number.value < param.least->number || number.value > param.most->number)) {
      refuse(param, what + "`" + value + "` lies outside",
             "give a value from " + written(param.least) + " to " + written(param.most));
      return std::nullopt;
    }
    return fraction ? core::percent_text(number.value, 9) : value;
  }

  // Programs write a ratio as a decimal fraction. A whole number is refused: `1` may be meant as 1%
  // as well as all.
  static bool is_fraction(const WrittenParam& param, const ScannedNumber& number,
                          const std::string& value) {
    return param.type == ast::Type::ratio && number.type == ast::Type::count &&
           (number.value.nanos == 0 || value.find('.') != std::string::npos);
  }

  const Params& params_;
  std::string_view source_;
  Sink& sink_;
};

}  // namespace

std::map<std::string, WrittenParam, std::less<>> find_params(const Tokens& tokens) {
  Params params;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (!begins_param(tokens, i) || !tokens[i + 1].is(Kind::word)) continue;
    params.emplace(tokens[i + 1].value, read_param(tokens, i));
  }
  return params;
}

std::string with_params(const std::string& source, const std::vector<core::Argument>& given,
                        Sink& sink) {
  if (given.empty()) return source;
  Sink unread("");  // what is wrong with the text itself is said when it is compiled
  const Tokens tokens = lex(source, unread);
  const Params params = find_params(tokens);
  const Giving giving(params, source, sink);
  std::map<std::size_t, std::pair<std::size_t, std::string>> replaced;  // begin → end, literal
  for (const core::Argument& argument : given) {
    const auto literal = giving.literal_of(argument);
    if (!literal) continue;
    const Token& value = *params.at(argument.name).value;
    const auto [place, added] = replaced.try_emplace(value.begin, value.end, *literal);
    if (!added) {
      sink.error(Code::bad_param, params.at(argument.name).name->span,
                 "parameter `" + argument.name + "` is given twice", "leave one out");
    }
  }
  std::string text;
  std::size_t at = 0;
  for (const auto& [begin, change] : replaced) {
    text += source.substr(at, begin - at) + change.second;
    at = change.first;
  }
  return text + source.substr(at);
}

std::string quote(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace rollbook::dsl
