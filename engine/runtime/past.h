#pragma once
// Past: what one rollout reads back. Points of before its start are folded as the live ones are,
// but with bases of their own into windows of their own, so that nothing half-read is judged and a
// reading that was broken off leaves no trace. What comes out goes into the log in one Observed.
//
// The join: records below `until` (core::ReadBack) are the past's, all others the live stream's. A
// series whose first record the engine met after the start has no base there: such live points are
// held, and counted here, where the base is known.
//
// One thread at a time: the reader's, then the loop's.

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/core/past.h"
#include "engine/runtime/event_log.h"
#include "engine/runtime/selector.h"
#include "engine/runtime/series_table.h"

namespace rollbook::runtime {

struct PastRequest {
  core::StreamId stream;
  std::shared_ptr<const Plan> plan;
  std::shared_ptr<const Selector> selector;
  core::Limits limits;
  core::Time started{};
  core::ReadBack back;
};

// A live point that reaches back before the start, of a series without a base there.
struct HeldPoint {
  SeriesName name;
  MetricPoint point;                // `first_bucket` is 0
  std::vector<core::Fixed> bounds;  // of explicit buckets
  std::vector<std::int64_t> buckets;
  std::vector<Match> matches;
};

// How far the reader has come with a rollout.
struct ReadSoFar {
  std::int64_t done = 0, total = 0;  // records
  std::int64_t points = 0;           // of them all
  bool operator==(const ReadSoFar&) const = default;
};
// The named value (event_log.h) that tells other processes, and its bytes.
std::string read_so_far_name(core::StreamId stream);
std::string encode(const ReadSoFar& so_far);
// Nothing for bytes that are damaged.
std::optional<ReadSoFar> decode_read_so_far(std::string_view bytes);

class Past {
 public:
  explicit Past(PastRequest request);

  const PastRequest& request() const { return request_; }

  // ---- Reading ------------------------------------------------------------------------------
  // A series that feeds the rollout, before its first point; and all layouts, in order.
  void learn(const SeriesName& name);
  void learn(const std::vector<std::vector<core::Fixed>>& layouts);
  // What the point adds to its series, for each of its matches.
  void take(const PointBatch& batch, MetricPoint point, const std::vector<Match>& matches);
  // Records of before may be gone.
  void lost_before(core::Time time) { whole_from_ = std::max(whole_from_, time); }

  // ---- The join -----------------------------------------------------------------------------
  void take(const HeldPoint& held, core::Time now);
  // All of it, in layouts that it shares with what is there live; those and the names it has seen
  // are put into `pending`.
  core::Past finish(const core::RolloutState& live, core::Pending& pending);
  // For SeriesTable::adopt().
  std::string bases() const { return series_.save(); }

 private:
  void count(const PointBatch& batch, const MetricPoint& point, const std::vector<Match>& matches,
             core::Time now);
  void count(const Increment& increment, const Match& match, core::Time now);
  void note(const Increment& increment, const Match& match);
  void evolve();
  LayoutNumber layout_of(const std::vector<core::Fixed>& bounds);
  core::WindowCells cells_of(core::WindowIndex window) const;
  bool share_layout(core::MetricIndex metric, const core::RolloutState& live,
                    core::Pending& pending);
  void tell_names(const core::RolloutState& live, core::Pending& pending) const;

  const PastRequest request_;
  const core::Machine& machine_;
  core::RolloutState state_;  // of a rollout that began where points count from
  core::Pending pending_;
  SeriesTable series_;
  std::unordered_map<std::uint32_t, SeriesNumber> numbers_;  // the reader's → those of series_
  std::unordered_map<std::string, SeriesNumber> named_;
  std::uint32_t next_number_ = 0;
  std::uint32_t layouts_ = 0;
  std::vector<core::Time> began_;  // by core::SeriesIndex
  core::Time whole_from_;
  std::int64_t points_ = 0;
};

}  // namespace rollbook::runtime
