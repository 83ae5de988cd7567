// editors/, by the editors themselves where they are installed.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/paths.h"
#include "tests/tools/lsp_sample.h"
#include "tests/tools/program.h"

namespace rollbook::tests {
namespace {

const std::string kEditors = std::string(ROLLBOOK_SOURCE_DIR) + "/editors";

bool succeeds(const std::string& command) {
  return std::system(("(" + command + ") >/dev/null 2>&1").c_str()) == 0;
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Vim, ColoursAndIndentsARunbook) {
  if (!succeeds("command -v vim")) GTEST_SKIP() << "vim is not installed";
  const Directory directory;
  const std::string file = directory.write("shop.runbook", kSample);
  const std::string out = directory.file("out");
  const std::string script = directory.write(
      "script.vim", "set nocompatible\nset rtp^=" + kEditors +
                        "/vim\nfiletype plugin indent on\nsyntax on\nedit " + file +
                        "\nfunction! At(text)\n  call cursor(1, 1)\n"
                        "  call search('\\V' .. a:text)\n"
                        "  return synIDattr(synID(line('.'), col('.'), 1), 'name')\nendfunction\n"
                        "let found = [&filetype, At('# '), At('stage first'), At('first using'), "
                        "At('using'), At('99(latency'), At('10m'), At('cause'), At('shop\"'), "
                        "At('counter')]\n"
                        "normal! gg=G\n"
                        "call writefile(found + [&modified], '" +
                        out + "')\nqa!\n");
  // Each line is one that Vim itself said; the last: indenting it again changed nothing.
  succeeds("vim -es -u NONE -S " + script + " </dev/null");
  EXPECT_EQ(read(out),
            "rollbook\nrollbookComment\nrollbookStatement\nrollbookName\nrollbookClause\n"
            "rollbookQuantile\nrollbookNumber\nrollbookPlaceholder\nrollbookText\nrollbookValue\n"
            "0\n");
}

TEST(Emacs, CompilesItsModeWithoutAWarningAndColoursARunbook) {
  if (!succeeds("command -v emacs")) GTEST_SKIP() << "emacs is not installed";
  const Directory directory;
  const std::string mode =
      directory.write("rollbook-mode.el", read(kEditors + "/emacs/rollbook-mode.el"));
  EXPECT_TRUE(
      succeeds("emacs -Q --batch --eval '(setq byte-compile-error-on-warn t)' "
               "-f batch-byte-compile " +
               mode));
  const std::string file = directory.write("shop.runbook", kSample);
  const std::string out = directory.file("out");
  const std::string script = directory.write(
      "script.el",
      "(load \"" + mode + "\")\n(find-file \"" + file +
          "\")\n(font-lock-ensure)\n"
          "(defun at (text) (goto-char (point-min)) (search-forward text)\n"
          "  (format \"%s\\n\" (get-text-property (match-beginning 0) 'face)))\n"
          "(let ((found (list (symbol-name major-mode) \"\\n\" (at \"stage first\")\n"
          "    (at \"first using\") (at \"p99(\") (at \"10m\") (at \"counter\") (at \"🚀 the\")))\n"
          "      (before (buffer-string)))\n"
          "  (indent-region (point-min) (point-max))\n"
          "  (push (format \"%s\" (equal before (buffer-string))) found)\n"
          "  (with-temp-file \"" +
          out + "\" (apply #'insert found)))\n");
  EXPECT_TRUE(succeeds("emacs -Q --batch -l " + script));
  EXPECT_EQ(read(out),
            "trollbook-mode\nfont-lock-keyword-face\nfont-lock-function-name-face\n"
            "font-lock-builtin-face\nfont-lock-constant-face\nfont-lock-constant-face\n"
            "font-lock-comment-face\n");
}

TEST(VsCode, TheExtensionIsPackaged) {
  if (!succeeds("command -v npm && npm view vscode-languageclient@9.0.1 version "
                "--fetch-retries=0 --fetch-timeout=10000"))
    GTEST_SKIP() << "npm is not installed, or its registry cannot be reached";
  const Directory directory;
  const std::string file = directory.file("rollbook.vsix");
  ASSERT_TRUE(succeeds(kEditors + "/vscode/package " + file));
  // A zip whose directory lists what the extension needs.
  const std::string bytes = read(file);
  EXPECT_TRUE(bytes.starts_with("PK"));
  for (const char* part :
       {"extension/extension.js", "extension/rollbook.tmLanguage.json", "extension/package.json",
        "extension/node_modules/vscode-languageclient/node.js"})
    EXPECT_NE(bytes.find(part), std::string::npos) << part;
}

}  // namespace
}  // namespace rollbook::tests
