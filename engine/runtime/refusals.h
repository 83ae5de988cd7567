#pragma once
// Refusals: the series of one rollout whose points are turned away (fold.h), because they are of
// another kind than the metric, have buckets that share no layout with those kept, or are of a
// second sender under the same labels. To the judge such points are as good as none; this is what
// lets people tell the two apart. Kept beside the log as a named value, for other processes:
// nothing is decided by it.
//
//   if (refusals.note(input, sender)) …   // tell it, once for each series
//   if (auto value = refusals.due(stream, now)) turn.values.push_back(*value);

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/event_log.h"
#include "engine/runtime/fold.h"

namespace rollbook::runtime {

struct RefusedSeries {
  core::SeriesIndex series;
  core::Time since{}, last{};  // engine time of the first and of the last point
  std::uint64_t points = 0;
  std::string sender;  // of the first: `latency{version="new"}`
  std::string why;     // refusal_of()
  bool operator==(const RefusedSeries&) const = default;
};

// Whether points still are: a sender that has been put right, or is gone, refuses no more.
inline bool goes_on(const RefusedSeries& refused, core::Time now, const core::Limits& limits) {
  return now - refused.last < limits.stale_after;
}

// The named value (event_log.h), and what it holds; damaged bytes are as good as none.
std::string refusals_name(core::StreamId stream);
std::string encode(const std::vector<RefusedSeries>& refused);
std::vector<RefusedSeries> decode_refusals(std::string_view bytes);

class Refusals {
 public:
  // A point was refused. The series, where that is news: it is the first, or was none for so long
  // that the ones before were another matter.
  const RefusedSeries* note(const FoldInput& input, const SeriesName& sender);
  // What is to be written down now: at once what is news, the numbers every few seconds.
  std::optional<Value> due(core::StreamId stream, core::Time now);

  const std::vector<RefusedSeries>& series() const { return refused_; }
  void restore(std::vector<RefusedSeries> refused) { refused_ = std::move(refused); }

 private:
  std::vector<RefusedSeries> refused_;  // in the order they came
  bool changed_ = false;
  core::Time write_at_ = core::kDistantPast;
};

}  // namespace rollbook::runtime
