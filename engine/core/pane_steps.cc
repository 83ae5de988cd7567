#include "engine/core/pane_steps.h"

#include <algorithm>
#include <numeric>

#include "engine/core/dispersion.h"
#include "engine/core/judge.h"
#include "engine/core/trials.h"

namespace rollbook::core {
namespace {

// Two quantiles: events are the other arm's observations above an edge near its quantile.
std::int64_t above(std::size_t edge, const std::vector<std::int64_t>& buckets) {
  std::int64_t count = 0;
  for (std::size_t i = edge + 1; i < buckets.size(); ++i) count += buckets[i];
  return count;
}

// The least edge above which no more than twice the allowed share lies, or half of the rest where
// that is less; nothing before there are enough.
std::optional<Fixed> edge_for(const Subject& subject, const std::vector<std::int64_t>& buckets) {
  constexpr std::int64_t kEnough = 100;
  const std::vector<Fixed>& bounds = subject.bounds(subject.criterion.other);
  const Int128 all = std::accumulate(buckets.begin(), buckets.end(), std::int64_t{0});
  const Int128 share = allowed_share(subject.criterion).nanos;
  if (bounds.empty() || all * share < kEnough * Fixed::kScale) return std::nullopt;
  const Int128 most = all * std::min(2 * share, (Fixed::kScale + share) / 2);
  std::size_t edge = 0;
  while (edge + 1 < bounds.size() && above(edge, buckets) * Fixed::kScale > most) ++edge;
  return bounds[edge];
}

Part tail_at(const Subject& subject, Time cut, const std::optional<Fixed>& edge) {
  const std::vector<std::int64_t> buckets = buckets_at(subject, subject.criterion.other, cut);
  const std::vector<Fixed>& bounds = subject.bounds(subject.criterion.other);
  const std::int64_t all = std::accumulate(buckets.begin(), buckets.end(), std::int64_t{0});
  if (!edge) return {0, all};
  const auto at = std::lower_bound(bounds.begin(), bounds.end(), *edge) - bounds.begin();
  return {above(static_cast<std::size_t>(at), buckets), all};
}

// What was counted at `cut`. Of a share its rarer side, and all; where the limit of a quantile lies
// inside a bucket, all that may lie above it: no less comes at a time of these.
Part part_at(const Subject& subject, Time cut, const std::optional<Fixed>& edge) {
  if (subject.criterion.test == Test::two_quantiles) return tail_at(subject, cut, edge);
  const std::vector<std::int64_t> counts = counts_at(subject, cut);
  const Fixed share = allowed_share(subject.criterion);
  const bool turned = share.nanos * 2 > Fixed::kScale;
  return {turned ? counts[0] - counts[2] : counts[2], counts[0]};
}

Part operator-(const Part& left, const Part& right) {
  return {left.events - right.events, left.exposure - right.exposure};
}

// Whether what is pending brings the criterion's buckets to another layout.
bool is_laid_out(const Subject& subject) {
  const MetricIndex metric = subject.machine.at(subject.series_of(subject.criterion.window)).metric;
  const auto& layouts = subject.pending.observed.layouts;
  return std::any_of(layouts.begin(), layouts.end(),
                     [&](const Layout& layout) { return layout.metric == metric; });
}

// The panes that are over up to `cut`, each a step; one without requests goes into the next.
struct Stepped {
  Spread spread;
  Time stepped;
  Part at_step;
  std::optional<Fixed> edge;
};
Stepped stepped_to(const Subject& subject, Time cut) {
  const Criterion& criterion = subject.criterion;
  const bool of_tails = criterion.test == Test::two_quantiles;
  const WindowIndex counted = of_tails ? criterion.other : whole_of(criterion);
  const TestState& test = subject.state.tests[subject.index().value];
  Stepped at{test.spread, test.stepped, test.at_step, test.edge};
  if (is_laid_out(subject)) {  // as evolve will have it
    at.at_step = part_at(subject, at.stepped, at.edge);
    at.spread.last_other = Part{};
  }
  for (const Time border : borders(subject, counted, at.stepped, cut)) {
    if (of_tails && !at.edge) {
      at.edge = edge_for(subject, buckets_at(subject, criterion.other, border));
      if (!at.edge) continue;
      at.at_step = part_at(subject, at.stepped, at.edge);
    }
    const Part now = part_at(subject, border, at.edge);
    const Part step = now - at.at_step;
    if (step.exposure <= 0) continue;
    take_step(step, at.spread);
    at.stepped = border;
    at.at_step = now;
  }
  return at;
}

}  // namespace

std::vector<Time> borders(const Subject& subject, WindowIndex counted, Time from, Time to) {
  std::vector<Time> ends;
  const auto take = [&](const Cell& cell) {
    if (cell.end > from && cell.end <= to) ends.push_back(cell.end);
  };
  const Cells& cells = subject.state.windows[counted.value].cells;
  auto first = cells.end();
  while (first != cells.begin() && std::prev(first)->end > from) --first;
  std::for_each(first, cells.end(), take);
  const Window& window = subject.machine.at(counted);
  const std::size_t logged = ends.size();
  for (const CellDelta& delta : subject.pending.observed.deltas) {
    if (delta.series == window.series && delta.reach >= window.floor) take(delta.cell);
  }
  if (ends.size() > logged) {
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  }
  return ends;
}

void rebase_steps(const Subject& subject, Time at, TestState& test) {
  test.stepped = at;
  test.at_step = part_at(subject, at, test.edge);
  test.spread.last_other = Part{};
}

bool has_steps(const Criterion& criterion) {
  return criterion.test == Test::proportion || criterion.test == Test::two_quantiles;
}

void take_steps(const Machine& machine, RolloutState& state) {
  const Pending nothing;
  for (std::size_t i = 0; i < machine.criteria.size(); ++i) {
    const Criterion& criterion = machine.criteria[i];
    TestState& test = state.tests[i];
    if (!has_steps(criterion) || test.starts.empty()) continue;
    const Subject subject{machine, state, nothing, criterion};
    Stepped at = stepped_to(subject, cut_of(subject));
    test.spread = std::move(at.spread);
    test.stepped = at.stepped;
    test.at_step = at.at_step;
    test.edge = at.edge;
  }
}

Fixed dispersion_at(const Subject& subject, Time cut) {
  constexpr Fixed kUnknown = Fixed::from_int(1'000'000'000);  // nothing is proven with it
  Stepped at = stepped_to(subject, cut);
  const Fixed known = dispersion_of(at.spread);
  if (subject.criterion.test == Test::two_quantiles && !at.edge) return kUnknown;
  const Part open = part_at(subject, cut, at.edge) - at.at_step;
  if (open.exposure <= 0) return known;
  take_step(open, at.spread);
  return std::max(known, dispersion_of(at.spread));
}

}  // namespace rollbook::core
