// Plans in files: broken ones, each with everything that is said of it beside it, and sound ones,
// each with its machine. ROLLBOOK_UPDATE=1 writes what is expected anew; read the difference.
// ROLLBOOK_EDITS=10000 makes that many random edits of every plan instead of a few.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "dsl/compiler.h"
#include "dsl/diagnostics.h"
#include "dsl/lexer.h"
#include "dsl/print_machine.h"
#include "dsl/prove.h"
#include "tests/dsl/compiling.h"
#include "tests/paths.h"

namespace rollbook::dsl {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> runbooks_in(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry :
       fs::directory_iterator(std::string(ROLLBOOK_SOURCE_DIR) + "/" + folder)) {
    if (entry.path().extension() == ".runbook") {
      paths.push_back(folder + "/" + entry.path().filename().string());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string beside(const std::string& path, const std::string& extension) {
  return fs::path(path).replace_extension(extension).string();
}

// Compares with the file beside the plan, or writes it.
void expect_beside(const std::string& path, const std::string& extension,
                   const std::string& actual) {
  const std::string expected = beside(path, extension);
  const std::string whole = std::string(ROLLBOOK_SOURCE_DIR) + "/" + expected;
  if (std::getenv("ROLLBOOK_UPDATE") != nullptr) {
    std::ofstream(whole, std::ios::binary) << actual;
    return;
  }
  ASSERT_TRUE(fs::exists(whole)) << expected << " is missing: ROLLBOOK_UPDATE=1 writes it";
  EXPECT_EQ(actual, read_source(expected)) << path;
}

runtime::Compiled compile_file(const std::string& path) {
  return Compiler().compile(fs::path(path).filename().string(), read_source(path), {});
}

TEST(Corpus, ABrokenPlanIsAnsweredWithThisAndNothingElse) {
  const std::vector<std::string> paths = runbooks_in("tests/dsl/broken");
  EXPECT_GE(paths.size(), 150u);
  for (const std::string& path : paths) {
    const runtime::Compiled compiled = compile_file(path);
    std::string said;
    for (const auto& found : compiled.diagnostics) {
      said += render(found, read_source(path));
      // The way out: nobody may be left with what is wrong alone.
      const bool says_it = found.message.find(" must ") != std::string::npos;
      EXPECT_TRUE(says_it || !found.help.empty()) << path << ": " << found.message;
    }
    EXPECT_NE(said, "") << path << " is not broken";
    // The file's name begins with the code that it is about.
    const std::string code = "[RB0" + fs::path(path).filename().string().substr(0, 3) + "]";
    EXPECT_NE(said.find(code), std::string::npos) << path << " has no " << code << "\n" << said;
    expect_beside(path, ".expected", said);
  }
}

TEST(Corpus, ASoundPlanHasThisMachine) {
  const std::vector<std::string> paths = runbooks_in("tests/dsl/sound");
  EXPECT_GE(paths.size(), 100u);
  for (const std::string& path : paths) {
    const runtime::Compiled compiled = compile_file(path);
    ASSERT_TRUE(compiled.plan) << path << "\n" << findings(read_source(path));
    std::vector<std::string> bounds = bounds_in_words(compiled.plan->machine);
    bounds.pop_back();  // what no bound counts
    std::string text = print_machine(compiled.plan->machine);
    for (const std::string& line : bounds) text += "# " + line + "\n";
    expect_beside(path, ".machine", text);
  }
}

// ---- Holes ----------------------------------------------------------------------------------

std::vector<std::string> plans() {
  std::vector<std::string> paths = runbooks_in("plans");
  EXPECT_GE(paths.size(), 2u);
  return paths;
}

TEST(Corpus, AMissingTokenIsAtMostThreeErrorsNearIt) {
  const std::string text = read_source("plans/hal9-canary.runbook");
  Sink sink("t.runbook");
  for (const Token& token : lex(text, sink)) {
    if (token.is(Token::Kind::end) || token.is(Token::Kind::newline)) continue;
    const std::string hole = text.substr(0, token.begin) + " " + text.substr(token.end);
    const runtime::Compiled compiled = compile(hole);
    std::size_t errors = 0;
    for (const auto& found : compiled.diagnostics) {
      if (found.severity != runtime::Severity::error) continue;
      ++errors;
      const auto apart =
          static_cast<std::int64_t>(found.span.line) - static_cast<std::int64_t>(token.span.line);
      EXPECT_LE(std::abs(apart), 4) << "without `" << token.value << "` in line " << token.span.line
                                    << ": line " << found.span.line << " " << found.message;
    }
    EXPECT_LE(errors, 3u) << "without `" << token.value << "` in line " << token.span.line;
  }
}

// Whatever comes in, there is an answer, and a plan exactly when there is no error.
void expect_answer(const std::string& text) {
  const runtime::Compiled compiled = compile(text);
  const bool error =
      std::any_of(compiled.diagnostics.begin(), compiled.diagnostics.end(),
                  [](const auto& found) { return found.severity == runtime::Severity::error; });
  ASSERT_EQ(compiled.plan.has_value(), !error) << text;
}

TEST(Corpus, APlanMayEndAnywhere) {
  for (const std::string& path : plans()) {
    const std::string text = read_source(path);
    for (std::size_t size = 0; size < text.size(); ++size) expect_answer(text.substr(0, size));
  }
}

// One edit: a byte changed, a piece taken out, moved, or put in again elsewhere.
std::string edited(const std::string& text, std::mt19937& random) {
  std::string changed = text;
  for (auto edits = 1 + random() % 3; edits > 0 && !changed.empty(); --edits) {
    const std::size_t at = random() % changed.size();
    const std::size_t size = std::min<std::size_t>(random() % 40, changed.size() - at);
    const std::string piece = changed.substr(at, size);
    switch (random() % 4) {
      case 0:
        changed[at] = static_cast<char>(random() % 256);
        break;
      case 1:
        changed.erase(at, size);
        break;
      case 2:
        changed.erase(at, size);
        changed.insert(random() % (changed.size() + 1), piece);
        break;
      default:
        changed.insert(random() % (changed.size() + 1), piece);
    }
  }
  return changed;
}

void edit_all(const std::string& folder) {
  const char* more = std::getenv("ROLLBOOK_EDITS");
  const int rounds = more != nullptr ? std::atoi(more) : 5;
  std::mt19937 random(20261125);
  for (const std::string& path : runbooks_in(folder)) {
    const std::string text = read_source(path);
    for (int round = 0; round < rounds; ++round) expect_answer(edited(text, random));
  }
}

TEST(Corpus, APlanMayBeEditedAtRandom) { edit_all("plans"); }
TEST(Corpus, ASoundRunbookMayBeEditedAtRandom) { edit_all("tests/dsl/sound"); }

}  // namespace
}  // namespace rollbook::dsl
