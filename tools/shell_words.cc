#include "tools/shell_words.h"

namespace rollbook::tools {

std::string shell_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string shell_word(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  return shell_quoted(word);
}

void add_option(std::string& command, std::string_view name, const std::string& value) {
  if (!value.empty()) command += " " + std::string(name) + " " + shell_word(value);
}

void add_option(std::string& command, std::string_view name,
                const std::vector<std::string>& values) {
  for (const std::string& value : values) add_option(command, name, value);
}

}  // namespace rollbook::tools
