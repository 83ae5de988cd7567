#include "engine/runtime/coverage.h"

#include <algorithm>
#include <utility>

namespace rollbook::runtime {
namespace {

bool is_moment(const TimeRange& interval) { return interval.start == interval.end; }

// Of one that begins no earlier. A moment joins nothing: what lies beside it has not come.
bool joins(const TimeRange& earlier, const TimeRange& later) {
  if (is_moment(earlier) || is_moment(later)) return false;
  return later.start <= earlier.end || later.start - earlier.end <= Coverage::kJoint;
}

}  // namespace

Coverage::Coverage(std::vector<TimeRange> ranges, core::Time forgotten)
    : ranges_(std::move(ranges)), forgotten_(forgotten) {
  unite({});
}

bool Coverage::meets(const TimeRange& interval) const {
  if (interval.start < forgotten_ || interval.end <= forgotten_) return true;
  // Mostly it is the newest.
  const auto next =
      ranges_.empty() || ranges_.back().end < interval.end
          ? ranges_.end()
          : std::partition_point(ranges_.begin(), ranges_.end(),
                                 [&](const TimeRange& range) { return range.end < interval.end; });
  if (next != ranges_.end() && (next->end == interval.end || next->start < interval.end)) {
    return true;
  }
  return next != ranges_.begin() && std::prev(next)->end > interval.start;
}

void Coverage::add(const TimeRange& interval) {
  auto next = std::partition_point(ranges_.begin(), ranges_.end(), [&](const TimeRange& range) {
    return range.end < interval.end;
  });
  if (next != ranges_.begin() && joins(*std::prev(next), interval)) {
    std::prev(next)->end = interval.end;
  } else {
    next = std::next(ranges_.insert(next, interval));
  }
  if (next != ranges_.end() && joins(*std::prev(next), *next)) {
    next->start = std::prev(next)->start;
    ranges_.erase(std::prev(next));
  }
  forget();
}

void Coverage::unite(const Coverage& other) {
  std::vector<TimeRange> all = std::move(ranges_);
  all.insert(all.end(), other.ranges_.begin(), other.ranges_.end());
  std::sort(all.begin(), all.end(), [](const TimeRange& a, const TimeRange& b) {
    return std::pair(a.start, a.end) < std::pair(b.start, b.end);
  });
  ranges_.clear();
  for (const TimeRange& each : all) {
    if (!ranges_.empty() && joins(ranges_.back(), each)) {
      ranges_.back().end = std::max(ranges_.back().end, each.end);
    } else if (ranges_.empty() || each.end > ranges_.back().end) {
      ranges_.push_back(each);
    }
  }
  forgotten_ = std::max(forgotten_, other.forgotten_);
  forget();
}

void Coverage::forget() {
  if (ranges_.size() <= kMost) return;
  const auto kept = ranges_.end() - static_cast<std::ptrdiff_t>(kMost);
  forgotten_ = std::max(forgotten_, std::prev(kept)->end);
  ranges_.erase(ranges_.begin(), kept);
}

}  // namespace rollbook::runtime
