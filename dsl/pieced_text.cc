#include "dsl/pieced_text.h"

#include <algorithm>

#include "dsl/source.h"

namespace rollbook::dsl {
namespace {

// The offset of a place; the end of the text for one behind it.
std::size_t offset_of(std::string_view text, std::uint32_t line, std::uint32_t column) {
  std::size_t at = 0;
  for (std::uint32_t i = 1; i < line; ++i) {
    at = text.find('\n', at);
    if (at == std::string_view::npos) return text.size();
    ++at;
  }
  return std::min(at + (column > 0 ? column - 1 : 0), text.size());
}

}  // namespace

std::size_t PiecedText::add_file(File file) {
  files_.push_back(std::move(file));
  return files_.size() - 1;
}

void PiecedText::copy(std::size_t file, std::size_t begin, std::size_t end) {
  if (begin == end) return;
  pieces_.push_back({text_.size(), file, begin, true});
  text_ += files_[file].text.substr(begin, end - begin);
}

void PiecedText::put(std::string_view instead, std::size_t file, std::size_t origin) {
  if (instead.empty()) return;
  pieces_.push_back({text_.size(), file, origin, false});
  text_ += instead;
}

PiecedText::Origin PiecedText::origin_of(std::size_t offset) const {
  const auto after =
      std::upper_bound(pieces_.begin(), pieces_.end(), offset,
                       [](std::size_t value, const Piece& piece) { return value < piece.begin; });
  if (after == pieces_.begin()) return {0, 0};
  const Piece& piece = *std::prev(after);
  return {piece.file, piece.copied ? piece.origin + offset - piece.begin : piece.origin};
}

std::optional<core::Span> PiecedText::own_span(const core::Span& span) const {
  const std::size_t begin = offset_of(text_, span.line, span.column);
  const std::size_t end = offset_of(text_, span.end_line, span.end_column);
  const Origin from = origin_of(begin);
  const Origin to = origin_of(end);
  const std::string_view here = std::string_view(text_).substr(begin, end - begin);
  const bool own =
      from.file == 0 && to.file == 0 && to.offset >= from.offset &&
      std::string_view(files_[0].text).substr(from.offset, to.offset - from.offset) == here;
  if (!own) return std::nullopt;
  return Source(files_[0].text).span(from.offset, to.offset);
}

runtime::Diagnostic PiecedText::original(runtime::Diagnostic found) const {
  if (found.span.line == 0 || files_.empty()) return found;
  for (runtime::Edit& edit : found.fix) {
    const auto span = own_span(edit.span);
    if (!span) {
      found.fix.clear();
      break;
    }
    edit.span = *span;
  }
  const core::Span span = found.span;
  const Origin begin = origin_of(offset_of(text_, span.line, span.column));
  const Origin end = origin_of(offset_of(text_, span.end_line, span.end_column));
  found.file = files_[begin.file].name;
  const bool whole = end.file == begin.file && end.offset >= begin.offset;
  found.span =
      Source(files_[begin.file].text).span(begin.offset, whole ? end.offset : begin.offset);
  return found;
}

const std::string& PiecedText::text_of(const std::string& file) const {
  for (const File& each : files_)
    if (each.name == file) return each.text;
  return text_;
}

}  // namespace rollbook::dsl
