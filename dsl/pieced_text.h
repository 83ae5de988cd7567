#pragma once
// PiecedText: one text put together from pieces of several files, which knows where each piece
// comes from. A finding in the text is told at the place where its author wrote it.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/plan_compiler.h"

namespace rollbook::dsl {

class PiecedText {
 public:
  struct File {
    std::string name;
    std::string text;
  };

  const std::string& text() const { return text_; }
  // The texts must be there before pieces of them are added; the first is the runbook itself.
  std::size_t add_file(File file);
  const File& file(std::size_t index) const { return files_[index]; }
  std::size_t files() const { return files_.size(); }

  // The bytes [begin, end) of a file.
  void copy(std::size_t file, std::size_t begin, std::size_t end);
  // What stands instead of the byte at `origin` and those behind it.
  void put(std::string_view instead, std::size_t file, std::size_t origin);

  // The finding at its author's place, and the text that it is in. Its fix stays where all of it
  // is in the runbook itself: a library's names are other ones there.
  runtime::Diagnostic original(runtime::Diagnostic found) const;
  const std::string& text_of(const std::string& file) const;

 private:
  struct Piece {
    std::size_t begin;  // in text_
    std::size_t file;
    std::size_t origin;
    bool copied;
  };
  struct Origin {
    std::size_t file;
    std::size_t offset;
  };
  Origin origin_of(std::size_t offset) const;
  // Empty where the span is not one part of the runbook's own text.
  std::optional<core::Span> own_span(const core::Span& span) const;

  std::string text_;
  std::vector<File> files_;
  std::vector<Piece> pieces_;  // by rising `begin`
};

}  // namespace rollbook::dsl
