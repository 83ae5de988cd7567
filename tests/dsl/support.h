#pragma once
// What the tests of the language share: its example, and diagnostics in one line each.

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "dsl/diagnostics.h"
#include "tests/paths.h"

namespace rollbook::dsl::test {

inline std::string read_file(const std::string& path) {
  std::ifstream file(std::string(ROLLBOOK_SOURCE_DIR) + "/" + path, std::ios::binary);
  if (!file) throw std::runtime_error("no such file: " + path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The example of the language, word for word.
inline std::string example() { return read_file("tests/dsl/example.runbook"); }

// "\nfile:line:column code message | help" for each.
inline std::string lines(const Sink& sink) {
  std::string all;
  for (const runtime::Diagnostic& found : sink.diagnostics()) {
    all += "\n" + found.file + ":" + std::to_string(found.span.line) + ":" +
           std::to_string(found.span.column) + " " + found.code + " " + found.message;
    if (!found.help.empty()) all += " | " + found.help;
  }
  return all;
}

}  // namespace rollbook::dsl::test
