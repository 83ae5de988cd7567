#include "engine/core/evenly.h"

#include <algorithm>

#include "engine/core/limits.h"

namespace rollbook::core {
namespace {

using std::chrono::seconds;

bool is_held_against_time(const Criterion& criterion) {
  return criterion.test == Test::unchanged && !criterion.denominator.valid();
}

// Up to where some test has judged the window's panes; kDistantPast: none has.
Time judged_to(const Machine& machine, const RolloutState& state, WindowIndex window) {
  Time judged = kDistantPast;
  for (std::size_t i = 0; i < machine.criteria.size(); ++i) {
    const Criterion& criterion = machine.criteria[i];
    if (!is_held_against_time(criterion) || criterion.window != window) continue;
    if (!state.tests[i].counts.empty()) judged = std::max(judged, state.tests[i].cut);
  }
  return judged;
}

// Puts a delta by parts into panes that end after `judged`.
void put_parts(const CellDelta& delta, Duration pane, Time judged, std::vector<CellDelta>& parts) {
  const Time since = delta.cell.end - delta.span;
  const std::int64_t whole = delta.span / seconds(1);
  const auto until = [&](Time border, Int128 all) {
    const std::int64_t part = (border - since) / seconds(1);
    return all / whole * part + all % whole * part / whole;
  };
  Fixed value;
  std::int64_t samples = 0;
  for (Time border = ceil_to(since + Duration(1), pane); border < delta.cell.end; border += pane) {
    if (border <= judged) continue;
    CellDelta part{delta.series, delta.reach, {}, {}, 0};
    part.cell.end = part.cell.latest = border;
    part.cell.value.nanos = until(border, delta.cell.value.nanos) - value.nanos;
    part.cell.samples = static_cast<std::int64_t>(until(border, delta.cell.samples)) - samples;
    value += part.cell.value;
    samples += part.cell.samples;
    parts.push_back(std::move(part));
  }
  CellDelta last{delta.series, delta.reach, {}, {}, 0};
  last.cell.end = delta.cell.end;
  last.cell.latest = delta.cell.latest;
  last.cell.value.nanos = delta.cell.value.nanos - value.nanos;
  last.cell.samples = delta.cell.samples - samples;
  parts.push_back(std::move(last));
}

}  // namespace

Duration spread_most(const Machine& machine, const Window& window) {
  if (!window.by_time || machine.at(machine.at(window.series).metric).default_zero) return {};
  for (const Criterion& criterion : machine.criteria) {
    if (!is_held_against_time(criterion)) continue;
    // Another one may be its equal: they are told apart by where they are.
    if (&machine.at(criterion.window) == &window) return criterion.lag / 3;
  }
  return {};
}

std::vector<CellDelta> evenly(const Machine& machine, const RolloutState& state, WindowIndex index,
                              const std::vector<CellDelta>& deltas) {
  const Window& window = machine.at(index);
  const Duration most = spread_most(machine, window);
  const Time judged = judged_to(machine, state, index);
  std::vector<CellDelta> parts;
  for (const CellDelta& delta : deltas) {
    if (delta.series != window.series) continue;
    if (most > Duration::zero() && delta.cell.end <= judged) {
      // All of it is of what was judged.
      CellDelta late = delta;
      late.span = {};
      late.cell.end = judged + window.pane;
      parts.push_back(std::move(late));
    } else if (delta.span >= seconds(1) && delta.span <= most) {
      put_parts(delta, window.pane, judged, parts);
    } else {
      parts.push_back(delta);
    }
  }
  return parts;
}

Duration even_step(const Subject& subject) {
  const Duration most = spread_most(subject.machine, subject.machine.at(subject.criterion.window));
  const Duration interval =
      interval_of(subject.state, subject.pending, subject.series_of(subject.criterion.window));
  if (interval > most) return {};
  // Four intervals in whole tens of seconds, whether or not the last one was quite in time.
  constexpr Duration kTen = seconds(10);
  const Duration wanted = 4 * interval - interval / 10;
  return std::min<Duration>((wanted + kTen - Duration(1)) / kTen * kTen, subject.criterion.lag);
}

Fixed without_spreading(const Subject& subject, Fixed dispersion) {
  const bool bursts = dispersion > Fixed::from_int(1);
  if (!bursts || even_step(subject) == Duration::zero()) return dispersion;
  return Fixed{dispersion.nanos * 16 / 13};
}

}  // namespace rollbook::core
