#pragma once
// RunbookSource: a runbook from disk with its imports put in, and what the compiler finds in it
// told at the place where its author wrote it.
//
//   TRY(const RunbookSource source, RunbookSource::load("hal9.runbook"));
//   const runtime::Compiled compiled = source.compile({});
//   for (const auto& found : compiled.diagnostics) console.say(source.render(found));

#include <string>
#include <vector>

#include "dsl/imports.h"
#include "tools/cli.h"

namespace rollbook::tools {

class RunbookSource {
 public:
  // "-" is stdin. Error: the file itself cannot be read (tools/files.h).
  static Outcome<RunbookSource> load(const std::string& path);
  // The same for a text that is not, or not yet, what is on disk there.
  static RunbookSource of(const std::string& path, const std::string& text);

  const std::string& file() const { return file_; }
  // Stands alone: what is sent. Empty when its imports have errors.
  const std::string& text() const { return imported_.text.text(); }
  // Where imports have errors: those, and what is wrong besides.
  runtime::Compiled compile(const std::vector<core::Argument>& params) const;
  // With the line and a caret.
  std::string render(const runtime::Diagnostic& found) const;
  // The text of a file that a finding names.
  const std::string& text_of(const std::string& file) const { return imported_.text.text_of(file); }
  // Where the author wrote what is at a place of `text`.
  struct Place {
    std::string file;
    core::Span span;
  };
  Place written_at(const core::Span& span) const;
  // "lib.runbook, line 7" for a place of `text` that was imported; "" for the runbook's own.
  std::string imported_from(const core::Span& span) const;

 private:
  RunbookSource(std::string file, dsl::Imported imported)
      : file_(std::move(file)), imported_(std::move(imported)) {}

  std::string file_;
  dsl::Imported imported_;
};

// --param NAME=VALUE, each.
Outcome<std::vector<core::Argument>> parse_params(const std::vector<std::string>& params);

}  // namespace rollbook::tools
