#include "engine/core/cells.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>

namespace rollbook::core {
namespace {

Cell cell_of(int number) {
  Cell cell;
  cell.end = Time{std::chrono::seconds(number)};
  cell.samples = number;
  cell.buckets.assign(static_cast<std::size_t>(number % 4), number);
  return cell;
}

// Whatever is put in and taken out, it holds what a deque holds.
RC_GTEST_PROP(Cells, HoldWhatADequeHolds, ()) {
  Cells cells;
  std::deque<Cell> deque;
  for (int i = 0, steps = *rc::gen::inRange(1, 300); i < steps; ++i) {
    const auto at = [&](std::size_t most) { return *rc::gen::inRange<std::size_t>(0, most + 1); };
    const std::uint64_t edits = cells.edits();
    switch (*rc::gen::inRange(0, 9)) {
      case 0:
      case 1:
      case 2:
        cells.append(cell_of(i));
        deque.push_back(cell_of(i));
        break;
      case 3:
        cells.emplace_back().samples = i;
        deque.emplace_back().samples = i;
        break;
      case 4: {
        const std::size_t place = at(deque.size());
        cells.insert(place, cell_of(i)).samples = -1;
        deque.insert(deque.begin() + static_cast<std::ptrdiff_t>(place), cell_of(i))->samples = -1;
        break;
      }
      case 5: {
        const auto last = static_cast<std::ptrdiff_t>(at(deque.size()));
        const auto first = std::max<std::ptrdiff_t>(0, last - 2);
        cells.erase(cells.begin() + first, cells.begin() + last);
        deque.erase(deque.begin() + first, deque.begin() + last);
        break;
      }
      case 6:
        if (deque.empty()) continue;
        cells = Cells(cells);
        ++cells[0].samples;
        ++deque[0].samples;
        break;
      default:
        if (deque.empty()) continue;
        cells.pop_front();
        deque.pop_front();
    }
    RC_ASSERT(cells.edits() != edits);
    const Cells& read = cells;
    RC_ASSERT(read.size() == deque.size());
    RC_ASSERT(std::equal(read.begin(), read.end(), deque.begin(), deque.end()));
    RC_ASSERT(read.empty() == deque.empty());
    if (!deque.empty()) RC_ASSERT(read.front() == deque.front() && read.back() == deque.back());
  }
}

}  // namespace
}  // namespace rollbook::core
