// Columns of neighbouring lines. Pieces that begin at one place in the text, in lines that follow
// each other, form a column when at least one of them has more than one blank before it: somebody
// put it there. The pieces of a column begin at one place again, as far left as the longest line
// lets them.

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "dsl/format_lines.h"

namespace rollbook::dsl {
namespace {

constexpr std::size_t kCommentGap = 2;

struct Place {
  std::size_t line;
  std::size_t piece;
};

class Aligner {
 public:
  explicit Aligner(const std::vector<Line>& lines) : lines_(lines) {
    for (const Line& line : lines) {
      ids_.emplace_back();
      for (std::size_t i = 0; i < line.pieces.size(); ++i) {
        ids_.back().push_back(places_.size());
        places_.push_back({ids_.size() - 1, i});
      }
      columns_.emplace_back(line.pieces.size(), kUnknown);
    }
    above_.resize(places_.size());
    std::iota(above_.begin(), above_.end(), std::size_t{0});
  }

  std::vector<std::vector<std::size_t>> run() {
    find_columns();
    // By place in the text: what stands before a piece in its line is settled before it.
    std::map<std::pair<std::size_t, std::size_t>, std::vector<std::size_t>> columns;
    for (std::size_t id = 0; id < places_.size(); ++id) {
      if (joined_.contains(root(id))) columns[{piece(id).column, root(id)}].push_back(id);
    }
    for (const auto& [key, ids] : columns) settle(ids);
    for (std::size_t id = 0; id < places_.size(); ++id) column_of(id);
    return std::move(columns_);
  }

 private:
  static constexpr std::size_t kUnknown = static_cast<std::size_t>(-1);

  const Piece& piece(std::size_t id) const {
    return lines_[places_[id].line].pieces[places_[id].piece];
  }
  std::size_t root(std::size_t id) {
    while (above_[id] != id) id = above_[id] = above_[above_[id]];
    return id;
  }

  static bool neighbours(const Line& line, const Line& next) {
    return line.depth == next.depth && line.continues == next.continues;
  }

  void find_columns() {
    std::optional<std::size_t> previous;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (lines_[i].blank_before) previous.reset();
      if (lines_[i].only_comment()) continue;
      if (previous && neighbours(lines_[*previous], lines_[i])) join(*previous, i);
      previous = i;
    }
  }

  // INVARIANT: the columns of a line's pieces rise, but for the first, whose column is 0.
  void join(std::size_t line, std::size_t next) {
    const auto& upper = ids_[line];
    const auto& lower = ids_[next];
    for (std::size_t i = 1, k = 1; i < upper.size() && k < lower.size();) {
      const std::size_t above = piece(upper[i]).column, below = piece(lower[k]).column;
      if (above == below && is_column(piece(upper[i]), piece(lower[k]))) {
        const std::size_t from = root(upper[i]);
        above_[root(lower[k])] = from;
        joined_.insert(from);
      }
      if (above <= below) ++i;
      if (below <= above) ++k;
    }
  }

  static bool is_column(const Piece& one, const Piece& other) {
    if (one.comment != other.comment) return false;
    // What sticks to the word before it, like the `(` of a function, is in no column.
    if (one.gap == 0 || other.gap == 0) return false;
    return one.blanks >= 2 || other.blanks >= 2;
  }

  // The blanks before a piece that stands in no column.
  static std::size_t own_gap(const Piece& piece) {
    if (piece.comment) return std::max(kCommentGap, piece.blanks);
    return static_cast<std::size_t>(piece.gap);
  }

  std::size_t end_before(std::size_t id) {
    const Piece& before = piece(id - 1);
    return column_of(id - 1) + before.width;
  }

  // From the last piece before it whose column is known; a line may be long.
  std::size_t column_of(std::size_t id) {
    const auto [line, place] = places_[id];
    auto& columns = columns_[line];
    std::size_t known = place;
    while (columns[known] == kUnknown && known > 0) --known;
    if (columns[known] == kUnknown) columns[known] = lines_[line].indent();
    for (; known < place; ++known) {
      const std::vector<Piece>& pieces = lines_[line].pieces;
      columns[known + 1] = columns[known] + pieces[known].width + own_gap(pieces[known + 1]);
    }
    return columns[place];
  }

  void settle(const std::vector<std::size_t>& ids) {
    std::size_t gap = kUnknown;
    for (const std::size_t id : ids) gap = std::min(gap, piece(id).blanks);
    const bool comments = piece(ids.front()).comment;
    // The distance of comments is their author's; of tokens it says at most "two blanks".
    gap = comments ? std::max(gap, kCommentGap) : std::clamp<std::size_t>(gap, 1, 2);
    std::size_t column = 0;
    for (const std::size_t id : ids) column = std::max(column, end_before(id) + gap);
    for (const std::size_t id : ids) columns_[places_[id].line][places_[id].piece] = column;
  }

  const std::vector<Line>& lines_;
  std::vector<std::vector<std::size_t>> ids_;  // by line and piece
  std::vector<Place> places_;                  // by id
  std::vector<std::size_t> above_;             // union-find
  std::set<std::size_t> joined_;               // roots of columns, and what were roots
  std::vector<std::vector<std::size_t>> columns_;
};

}  // namespace

std::vector<std::vector<std::size_t>> align(const std::vector<Line>& lines) {
  return Aligner(lines).run();
}

}  // namespace rollbook::dsl
