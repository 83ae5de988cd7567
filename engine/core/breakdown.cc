#include "engine/core/breakdown.h"

#include <algorithm>
#include <deque>
#include <tuple>

#include "engine/core/common_time.h"
#include "engine/core/limits.h"
#include "engine/core/sentence.h"

namespace rollbook::core {
namespace {

// The canary's counts of each set that may be new, by number, each set's by rising time.
std::vector<std::vector<Cell>> counted(const Subject& subject, BreakdownIndex index) {
  const auto& kinds = subject.state.breakdowns[index.value].kinds;
  std::vector<std::vector<Cell>> sets;
  for (const KindState& kind : kinds) sets.emplace_back(kind.cells.begin(), kind.cells.end());
  for (const Share& share : subject.pending.observed.kinds) {
    if (share.breakdown != index || share.arm != Arm::canary) continue;
    if (sets.size() <= share.set) sets.resize(share.set + 1);
    sets[share.set].push_back(share.cell);
  }
  for (std::uint32_t set = 0; set < sets.size(); ++set) {
    if (is_known(subject.state, subject.pending, index, set)) sets[set].clear();
    std::stable_sort(sets[set].begin(), sets[set].end(),
                     [](const Cell& a, const Cell& b) { return a.end < b.end; });
  }
  return sets;
}

// The most that came within `width` up to any moment behind `from` and up to `at`: what came at
// that moment and before; where nothing did, what `at` still holds.
Fixed most_within(const std::vector<Cell>& cells, Duration width, Time from, Time at) {
  Fixed most, sum;
  auto first = cells.begin();
  const auto leave = [&](Time until) {
    for (; first != cells.end() && first->end + width <= until; ++first) sum -= first->value;
  };
  for (auto last = cells.begin(); last != cells.end() && last->latest <= at; ++last) {
    sum += last->value;
    leave(last->latest);
    if (last->latest > from) most = std::max(most, sum);
  }
  leave(at);
  return std::max(most, sum);
}

std::vector<Fixed> counts_at(const Subject& subject, BreakdownIndex index, Time at) {
  const Duration width = subject.machine.at(subject.criterion.window).width;
  const TestState& looks = subject.state.tests[subject.index().value];
  const Time before = at > looks.cut ? looks.cut : looks.stepped;
  std::vector<Fixed> counts;
  for (const std::vector<Cell>& cells : counted(subject, index)) {
    counts.push_back(most_within(cells, width, before, at));
  }
  return counts;
}

const std::vector<std::string>* values_of(const Subject& subject, BreakdownIndex index,
                                          std::uint32_t set) {
  const auto& sets = subject.state.breakdowns[index.value].sets;
  if (set < sets.size()) return &sets[set];
  std::size_t number = sets.size();
  for (const LabelSet& named : subject.pending.observed.sets) {
    if (named.breakdown == index && number++ == set) return &named.values;
  }
  return nullptr;
}

// Those that are new, the most frequent first.
std::vector<std::string> told(const Subject& subject, BreakdownIndex index,
                              const std::vector<Fixed>& counts) {
  std::vector<std::uint32_t> sets;
  for (std::uint32_t set = 0; set < counts.size(); ++set) {
    if (counts[set] >= subject.criterion.limit) sets.push_back(set);
  }
  std::stable_sort(sets.begin(), sets.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return counts[a] > counts[b]; });
  if (sets.size() > kKindsTold) sets.resize(kKindsTold);
  const Breakdown breakdown{{}, subject.criterion.new_by, {}};
  std::vector<std::string> texts;
  for (const std::uint32_t set : sets) {
    const auto* values = values_of(subject, index, set);
    if (values == nullptr) continue;
    texts.push_back(set_text(breakdown, *values) + " " + decimal_text(counts[set]));
  }
  return texts;
}

void add(std::deque<Cell>& cells, const Cell& cell) {
  auto place = cells.end();
  while (place != cells.begin() && std::prev(place)->end > cell.end) --place;
  if (place != cells.begin() && std::prev(place)->end == cell.end) {
    Cell& same = *std::prev(place);
    same.value += cell.value;
    same.samples += cell.samples;
    same.latest = std::max(same.latest, cell.latest);
  } else {
    cells.insert(place, cell);
  }
}

// Where looks have come to. `cut` and `stepped` of its test, which it has no other use for: the
// time of the last one, and of the one before that was of another.
void note_look(const Machine& machine, RolloutState& state, CriterionIndex index) {
  const Pending nothing;
  const Time at = common_time(Subject{machine, state, nothing, machine.at(index)});
  TestState& looks = state.tests[index.value];
  if (at <= looks.cut) return;
  looks.stepped = looks.cut;
  looks.cut = at;
}

// What ends there or before is in the window of no later look: one may lie as far back as an arm is
// waited for (common_time.h), and asks of all that came since the one before.
Time oldest_looked_at(const Machine& machine, const RolloutState& state, CriterionIndex index) {
  const Window& window = machine.at(machine.at(index).window);
  const Time watermark = state.series[window.series.value].watermark;
  if (watermark == kDistantPast) return kDistantPast;
  const Duration waited = state.limits.grace + state.limits.stale_after;
  const Time before = state.tests[index.value].stepped;
  if (before == kDistantPast) return before;  // the first look asks of all there is
  return std::min(watermark - waited, before) - window.width;
}

}  // namespace

std::vector<Breakdown> breakdowns_of(const Machine& machine) {
  std::vector<Breakdown> all;
  for (std::uint32_t i = 0; i < machine.metrics.size(); ++i) {
    const Metric& metric = machine.metrics[i];
    if (!metric.by.empty()) all.push_back({MetricIndex{i}, metric.by, {}});
  }
  for (std::uint32_t i = 0; i < machine.criteria.size(); ++i) {
    const Criterion& criterion = machine.criteria[i];
    if (criterion.new_by.empty()) continue;
    const MetricIndex metric = machine.at(machine.at(criterion.window).series).metric;
    all.push_back({metric, criterion.new_by, CriterionIndex{i}});
  }
  return all;
}

BreakdownIndex breakdown_of(const Machine& machine, CriterionIndex criterion) {
  std::uint32_t number = 0;
  for (const Metric& metric : machine.metrics) number += metric.by.empty() ? 0U : 1U;
  for (std::uint32_t i = 0; i < criterion.value; ++i) {
    number += machine.criteria[i].new_by.empty() ? 0U : 1U;
  }
  return BreakdownIndex{number};
}

BreakdownIndex breakdown_of(const Machine& machine, MetricIndex metric) {
  std::uint32_t number = 0;
  for (std::uint32_t i = 0; i < metric.value; ++i)
    number += machine.metrics[i].by.empty() ? 0U : 1U;
  return BreakdownIndex{number};
}

std::string set_text(const Breakdown& breakdown, const std::vector<std::string>& values) {
  std::string text;
  for (std::size_t i = 0; i < values.size() && i < breakdown.labels.size(); ++i) {
    text += (i == 0 ? "" : ", ") + breakdown.labels[i] + "=\"" + values[i] + "\"";
  }
  return text.empty() ? "other" : text;
}

Found find_new(const Subject& subject) {
  const Criterion& criterion = subject.criterion;
  const Time at = common_time(subject);
  if (!subject.counted(criterion.window)) return missing(Missing::no_series, at);
  const BreakdownIndex index = breakdown_of(subject.machine, subject.index());
  const std::vector<Fixed> counts = counts_at(subject, index, at);
  Found found;
  found.at = at;
  found.samples =
      static_cast<std::int64_t>(subject.sum(criterion.window, at).value.nanos / Fixed::kScale);
  found.value = Fixed{};
  for (const Fixed count : counts) found.value = std::max(*found.value, count);
  found.true_ = *found.value >= criterion.limit;
  if (found.true_) found.kinds = told(subject, index, counts);
  return found;
}

bool is_known(const RolloutState& state, const Pending& pending, BreakdownIndex breakdown,
              std::uint32_t set) {
  const auto& kinds = state.breakdowns[breakdown.value].kinds;
  if (set < kinds.size() && kinds[set].known) return true;
  const auto& seen = pending.observed.kinds;
  return std::any_of(seen.begin(), seen.end(), [&](const Share& share) {
    return share.breakdown == breakdown && share.set == set && share.arm == Arm::baseline;
  });
}

void advance_offset(std::vector<SourceOffset>& known, const SourceOffset& offset) {
  for (SourceOffset& one : known) {
    if (one.topic != offset.topic || one.partition != offset.partition) continue;
    one.next = std::max(one.next, offset.next);
    return;
  }
  known.push_back(offset);
}

void take_shares(Pending& pending) {
  Observed& observed = pending.observed;
  const auto place = [](const Share& share) {
    return std::tuple(share.breakdown, share.arm, share.shifted, share.set, share.cell.end);
  };
  std::sort(pending.shares.begin(), pending.shares.end(),
            [&](const Share& a, const Share& b) { return place(a) < place(b); });
  observed.sets.insert(observed.sets.end(), std::make_move_iterator(pending.sets.begin()),
                       std::make_move_iterator(pending.sets.end()));
  observed.shares = std::move(pending.shares);
  observed.shares_whole = true;
  pending.sets.clear();
  pending.shares.clear();
  pending.shares_due = false;
}

void take_kinds(const Machine& machine, RolloutState& state, const Observed& observed) {
  for (const LabelSet& named : observed.sets) {
    state.breakdowns[named.breakdown.value].sets.push_back(named.values);
  }
  // Up to what was read when they were logged: after a restart that may be less than was counted.
  if (observed.shares_whole) {
    for (const SourceOffset& offset : observed.offsets)
      advance_offset(state.shares_offsets, offset);
  }
  for (std::uint32_t i = 0; i < machine.criteria.size(); ++i) {
    const Criterion& criterion = machine.criteria[i];
    if (criterion.new_by.empty()) continue;
    const BreakdownIndex index = breakdown_of(machine, CriterionIndex{i});
    BreakdownState& breakdown = state.breakdowns[index.value];
    breakdown.kinds.resize(breakdown.sets.size());
    for (const Share& share : observed.kinds) {
      if (share.breakdown != index) continue;
      KindState& kind = breakdown.kinds[share.set];
      kind.known = kind.known || share.arm == Arm::baseline;
      if (!kind.known) add(kind.cells, share.cell);
    }
    note_look(machine, state, CriterionIndex{i});
    const Time oldest = oldest_looked_at(machine, state, CriterionIndex{i});
    for (KindState& kind : breakdown.kinds) {
      if (kind.known) kind.cells.clear();
      while (!kind.cells.empty() && kind.cells.front().end <= oldest) kind.cells.pop_front();
    }
  }
}

void forget_kinds(const Machine& machine, RolloutState& state, Floor floor) {
  for (std::uint32_t i = 0; i < machine.criteria.size(); ++i) {
    const Criterion& criterion = machine.criteria[i];
    if (criterion.new_by.empty() || machine.at(criterion.window).floor != floor) continue;
    BreakdownState& breakdown = state.breakdowns[breakdown_of(machine, CriterionIndex{i}).value];
    breakdown.kinds.assign(breakdown.sets.size(), KindState{});
  }
}

}  // namespace rollbook::core
