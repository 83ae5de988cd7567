#include "engine/runtime/past.h"

#include <algorithm>

#include "engine/core/buckets.h"
#include "engine/core/limits.h"
#include "engine/core/windows.h"
#include "engine/runtime/bytes.h"
#include "engine/runtime/fold.h"

namespace rollbook::runtime {
namespace {

using core::Fixed;
using core::Time;

core::Event event_of(const PastRequest& request, core::Body body) {
  return {request.stream, {}, request.back.from, {}, std::move(body)};
}

// What stands for all of a grid's buckets, to find another that holds them.
core::Exponential extent_of(const core::Grid& grid, std::size_t bounds) {
  core::Exponential extent;
  extent.scale = grid.scale;
  extent.offset = grid.first;
  extent.counts.resize(bounds - 1);
  return extent;
}

// The layout that what was kept in either can be brought to; nothing where there is none.
std::optional<core::Layout> common_layout(const core::Layout& past, const core::Layout& live,
                                          Fixed unit) {
  if (live.bounds.empty()) return past;
  if (past.bounds == live.bounds) return live;
  if (past.grid && live.grid) {
    return core::grid_for(extent_of(*past.grid, past.bounds.size()), unit, live);
  }
  if (past.grid || live.grid) return std::nullopt;
  const auto holds = [](const std::vector<Fixed>& all, const std::vector<Fixed>& some) {
    return std::includes(all.begin(), all.end(), some.begin(), some.end());
  };
  if (holds(live.bounds, past.bounds)) return past;
  if (holds(past.bounds, live.bounds)) return live;
  return std::nullopt;
}

}  // namespace

std::string read_so_far_name(core::StreamId stream) {
  return "read-back/" + std::to_string(stream.value);
}

std::string encode(const ReadSoFar& so_far) {
  Bytes bytes;
  bytes.signed_number(so_far.done);
  bytes.signed_number(so_far.total);
  bytes.signed_number(so_far.points);
  return std::move(bytes.data);
}

std::optional<ReadSoFar> decode_read_so_far(std::string_view data) {
  BytesReader bytes(data);
  ReadSoFar so_far;
  so_far.done = bytes.signed_number();
  so_far.total = bytes.signed_number();
  so_far.points = bytes.signed_number();
  if (bytes.failed) return std::nullopt;
  return so_far;
}

Past::Past(PastRequest request)
    : request_(std::move(request)),
      machine_(request_.plan->machine),
      series_(Numbers::foreign),  // its points come in batches of the reader's
      began_(machine_.series.size(), core::kDistantFuture),
      whole_from_(request_.back.from) {
  core::RolloutStarted started;
  started.limits = request_.limits;
  for (const core::Target& target : machine_.targets) {
    started.targets.push_back({target.name, target.begins});
  }
  core::evolve(machine_, state_, event_of(request_, std::move(started)));
}

// ---- Reading --------------------------------------------------------------------------------

void Past::learn(const SeriesName& name) {
  const auto [known, fresh] = numbers_.try_emplace(name.number.value, SeriesNumber{next_number_});
  if (!fresh) return;
  PointBatch batch;
  batch.new_series = {name};
  batch.new_series[0].number = known->second;
  series_.learn(batch);
  named_[SeriesTable::key_of(name)] = known->second;
  ++next_number_;
}

void Past::learn(const std::vector<std::vector<Fixed>>& layouts) {
  PointBatch batch;
  batch.new_layouts = layouts;
  series_.learn(batch);
  layouts_ += static_cast<std::uint32_t>(layouts.size());
}

void Past::take(const PointBatch& batch, MetricPoint point, const std::vector<Match>& matches) {
  point.series = numbers_.at(point.series.value);
  ++points_;
  count(batch, point, matches, request_.started);
}

void Past::count(const PointBatch& batch, const MetricPoint& point,
                 const std::vector<Match>& matches, Time now) {
  series_.take_each(batch, point, [&](const Increment& increment) {
    for (const Match& match : matches) count(increment, match, now);
  });
}

void Past::count(const Increment& increment, const Match& match, Time now) {
  const std::vector<Fixed>* bounds =
      increment.buckets == nullptr ? nullptr : &series_.bounds(increment.layout);
  if (pending_.observed.deltas.size() >= core::kPendingCells) evolve();
  const FoldInput input{machine_, state_, match, increment, bounds, now};
  if (fold(input, pending_) == Folded::counted) note(increment, match);
}

// Since when the series is known: what it counted before its first sample nobody can tell.
void Past::note(const Increment& increment, const Match& match) {
  if (!match.series.valid()) return;
  const bool level = machine_.at(match.metric).kind == core::MetricKind::gauge;
  const bool counts = !level && !increment.first && increment.start >= request_.back.from;
  Time& began = began_[match.series.value];
  began = std::min(began, counts ? increment.start : increment.end);
}

void Past::evolve() {
  core::evolve(machine_, state_, event_of(request_, std::move(pending_.observed)));
  pending_ = core::Pending{};
}

// ---- The join -------------------------------------------------------------------------------

LayoutNumber Past::layout_of(const std::vector<Fixed>& bounds) {
  for (LayoutNumber number; number.value < layouts_; ++number.value) {
    if (series_.bounds(number) == bounds) return number;
  }
  learn({bounds});
  return LayoutNumber{layouts_ - 1};
}

void Past::take(const HeldPoint& held, Time now) {
  const auto [known, fresh] =
      named_.try_emplace(SeriesTable::key_of(held.name), SeriesNumber{next_number_});
  PointBatch batch;
  if (fresh) {
    batch.new_series = {held.name};
    batch.new_series[0].number = known->second;
    series_.learn(batch);
    ++next_number_;
  }
  MetricPoint point = held.point;
  point.series = known->second;
  batch.buckets = held.buckets;
  if (!held.bounds.empty()) point.layout = layout_of(held.bounds);
  count(batch, point, held.matches, now);
}

// Brings the metric's past to a layout that what is there live can have too. False: there is none,
// and so nothing of it is known.
bool Past::share_layout(core::MetricIndex metric, const core::RolloutState& live,
                        core::Pending& pending) {
  const core::MetricState& mine = state_.metrics[metric.value];
  if (mine.bounds.empty()) return true;
  const core::Layout past{metric, mine.bounds, mine.grid};
  const core::Layout theirs{metric, core::bounds_of(live, pending, metric),
                            core::grid_of(live, pending, metric)};
  const auto common = common_layout(past, theirs, machine_.at(metric).unit);
  if (!common) return false;
  if (common->bounds != theirs.bounds) lay_out(machine_, live, *common, pending);
  if (common->bounds != past.bounds) pending_.observed.layouts.push_back(*common);
  return true;
}

core::WindowCells Past::cells_of(core::WindowIndex window) const {
  const auto& cells = state_.windows[window.value].cells;
  return {window, {cells.begin(), cells.end()}};
}

void Past::tell_names(const core::RolloutState& live, core::Pending& pending) const {
  for (std::uint32_t i = 0; i < machine_.metrics.size(); ++i) {
    const std::optional<Time> mine = state_.metrics[i].named;
    const std::optional<Time> theirs = live.metrics[i].named;
    if (!mine || (theirs && *theirs <= *mine)) continue;
    std::erase_if(pending.observed.names,
                  [&](const core::NameSeen& name) { return name.metric.value == i; });
    pending.observed.names.push_back({core::MetricIndex{i}, *mine});
  }
}

core::Past Past::finish(const core::RolloutState& live, core::Pending& pending) {
  evolve();
  std::vector<bool> shared;
  for (std::uint32_t i = 0; i < machine_.metrics.size(); ++i) {
    shared.push_back(share_layout(core::MetricIndex{i}, live, pending));
  }
  evolve();  // into those layouts
  tell_names(live, pending);
  pending.observed.late += state_.late;
  pending.observed.quarantined += state_.quarantined;

  core::Past past;
  past.whole_from = whole_from_;
  past.points = points_;
  std::vector<bool> told(machine_.series.size());
  for (std::uint32_t i = 0; i < machine_.windows.size(); ++i) {
    const core::Window& window = machine_.windows[i];
    const core::SeriesState& series = state_.series[window.series.value];
    if (window.floor != core::Floor::before || !series.seen) continue;
    if (!shared[machine_.at(window.series).metric.value]) continue;
    past.windows.push_back(cells_of(core::WindowIndex{i}));
    if (told[window.series.value]) continue;
    told[window.series.value] = true;
    past.series.push_back({window.series, began_[window.series.value], series.watermark});
  }
  return past;
}

}  // namespace rollbook::runtime
