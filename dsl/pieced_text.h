#pragma once
// PiecedText: one text put together from pieces of several files, which knows where each piece
// comes from. A finding in the text is told at the place where its author wrote it.

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

  // The finding at its author's place, and the text that it is in.
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

  std::string text_;
  std::vector<File> files_;
  std::vector<Piece> pieces_;  // by rising `begin`
};

}  // namespace rollbook::dsl
