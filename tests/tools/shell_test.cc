// Completions and the manual page: what the shells themselves make of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/tools/program.h"

namespace rollbook::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// What the script's command leaves in a file.
std::string output_of(const Directory& directory, const std::string& command) {
  const std::string file = directory.file("out");
  const int status = std::system(("(" + command + ") >" + file + " 2>&1").c_str());
  EXPECT_EQ(status, 0) << command;
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

bool have(const std::string& program) {
  return std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0;
}

class BashCompletion : public testing::Test {
 protected:
  BashCompletion() {
    directory.write("completion", rollbook({"completion", "bash"}).out);
    directory.write("my.runbook", "");
  }
  // The answers to `rollbook WORDS…`, the last of which is being written.
  std::string complete(const std::vector<std::string>& words) {
    std::string script = "cd " + directory.path() + "\nsource ./completion\nCOMP_WORDS=(rollbook";
    for (const std::string& word : words) script += " '" + word + "'";
    script += ")\nCOMP_CWORD=" + std::to_string(words.size()) +
              "\n_rollbook\necho \" ${COMPREPLY[*]} \"\n";
    return output_of(directory, "bash " + directory.write("script", script));
  }
  Directory directory;
};

TEST_F(BashCompletion, OffersVerbsOptionsValuesAndFiles) {
  EXPECT_THAT(complete({""}),
              AllOf(HasSubstr(" check "), HasSubstr(" lsp "), HasSubstr(" completion ")));
  EXPECT_EQ(complete({"sta"}), " start status \n");
  EXPECT_THAT(complete({"check", "--"}), AllOf(HasSubstr(" --output "), HasSubstr(" --help ")));
  EXPECT_THAT(complete({"check", "-o", "j"}), " json \n");
  EXPECT_THAT(complete({"graph", "--output", ""}), HasSubstr(" mermaid "));
  EXPECT_THAT(complete({"check", "my"}), " my.runbook \n");
  EXPECT_THAT(complete({"status", "-"}), Not(HasSubstr(".runbook")));
}

TEST(Completion, IsSoundForTheOtherShells) {
  const Directory directory;
  const std::string zsh = rollbook({"completion", "zsh"}).out;
  EXPECT_THAT(zsh, AllOf(HasSubstr("#compdef rollbook"), HasSubstr("'check:say what is wrong"),
                         HasSubstr("{-o,--output}'[how findings are printed]:")));
  const std::string fish = rollbook({"completion", "fish"}).out;
  EXPECT_THAT(fish, AllOf(HasSubstr("-a check -d 'say what is wrong"),
                          HasSubstr("from check' -s o -l output -x -a 'text json")));
  if (have("zsh")) output_of(directory, "zsh -n " + directory.write("zsh", zsh));
  if (have("fish")) output_of(directory, "fish --no-execute " + directory.write("fish", fish));
}

TEST(Completion, SaysWhichShellsThereAre) {
  const Ran ran = rollbook({"completion", "tcsh"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.err, "rollbook: there are completions for bash, zsh and fish, not for `tcsh`\n");
}

TEST(Manual, HoldsEveryVerbAndFormatsWithoutAWarning) {
  const Directory directory;
  const std::string page = rollbook({"man"}).out;
  for (const char* verb : {"check", "lsp", "sandbox", "rollback", "replay", "man"})
    EXPECT_THAT(page, HasSubstr(std::string("\n.SS ") + verb + "\n"));
  if (!have("groff")) GTEST_SKIP() << "groff is not installed";
  const std::string text = output_of(
      directory, "groff -man -ww -Tutf8 -k " + directory.write("rollbook.1", page) + " | col -bx");
  EXPECT_THAT(text, AllOf(HasSubstr("rollbook check my.runbook"), HasSubstr("--output text|json"),
                          Not(HasSubstr("warning"))));
}

}  // namespace
}  // namespace rollbook::tests
