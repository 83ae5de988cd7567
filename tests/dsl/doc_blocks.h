#pragma once
// The runbooks in the documentation: every fenced block that begins ```runbook in docs/*.md and
// README.md, made whole so that the compiler can be asked what it says of it.
//
//   ```runbook                a whole file
//   ```runbook frame          a whole file; the fragments below it are put into it
//   ```runbook body           statements of `runbook { … }`; they take the place of the frame's
//   ```runbook stage          statements of one stage
//   ```runbook guard          statements of the guard
//   ```runbook add            as `body`, and the frame has them from here on
//   ```runbook file NAME      a file that the blocks below it may import
//
// Behind the kind may stand `wrong RB0301`: exactly these errors, and no others; `later RB0904`:
// the same, of what is described already and not supported yet; or `warns RB0605`: it compiles, and
// this warning is among its findings.

#include <map>
#include <string>
#include <vector>

namespace rollbook::dsl {

struct DocBlock {
  std::string place;                         // "docs/language.md:120"
  std::string text;                          // a whole runbook
  std::vector<std::string> wrong;            // the codes of its errors, in order of their places
  bool later = false;                        // `wrong` is what a later version will do
  std::vector<std::string> warns;            // codes that are among its warnings
  std::map<std::string, std::string> files;  // what it may import
};

// Throws std::runtime_error for a block that is not closed, or not marked as above.
std::vector<DocBlock> doc_blocks(const std::string& file, const std::string& markdown);

}  // namespace rollbook::dsl
