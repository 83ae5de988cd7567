#include "engine/runtime/shares.h"

#include <algorithm>

#include "engine/core/limits.h"
#include "engine/core/windows.h"

namespace rollbook::runtime {

using core::Arm;
using core::Share;

namespace {

constexpr std::size_t kArms = 3;

std::string key_of(const std::vector<std::string>& values) {
  std::string key;
  for (const std::string& value : values) {
    key += value;
    key += '\0';
  }
  return key;
}

// PromQL: a label that is not there is the empty text.
std::vector<std::string> values_of(const std::vector<std::string>& labels, const SeriesName& name) {
  std::vector<std::string> values;
  for (const std::string& label : labels) {
    std::string& value = values.emplace_back();
    for (const auto& [key, given] : name.labels) {
      if (key == label) value = given;
    }
  }
  return values;
}

core::Duration between(core::Time a, core::Time b) { return a < b ? b - a : a - b; }

}  // namespace

void Shares::begin(const core::Machine& machine, const core::RolloutState& state) {
  breakdowns_ = core::breakdowns_of(machine);
  numbers_.assign(breakdowns_.size(), {});
  slots_.assign(breakdowns_.size(), {});
  any_ = std::any_of(breakdowns_.begin(), breakdowns_.end(),
                     [](const core::Breakdown& one) { return !one.criterion.valid(); });
  for (std::size_t i = 0; i < breakdowns_.size(); ++i) {
    for (const auto& values : state.breakdowns[i].sets) {
      numbers_[i].emplace(key_of(values), static_cast<std::uint32_t>(numbers_[i].size()));
    }
  }
}

std::uint32_t Shares::set_of(core::BreakdownIndex breakdown, const SeriesName& name,
                             core::Pending& pending) {
  const core::Breakdown& of = breakdowns_[breakdown.value];
  auto& numbers = numbers_[breakdown.value];
  std::vector<std::string> values = values_of(of.labels, name);
  std::string key = key_of(values);
  const auto known = numbers.find(key);
  if (known != numbers.end()) return known->second;
  if (numbers.size() >= core::kOtherSet || key.size() > core::kLabelSetBytes) {
    return core::kOtherSet;
  }
  const auto number = static_cast<std::uint32_t>(numbers.size());
  numbers.emplace(std::move(key), number);
  auto& named = is_judged(breakdown) ? pending.observed.sets : pending.sets;
  named.push_back({breakdown, std::move(values)});
  return number;
}

void Shares::take(const FoldInput& input, Feed& feed, const SeriesName& name,
                  core::Pending& pending) {
  const core::BreakdownIndex breakdown = feed.match.breakdown;
  const core::TargetIndex target =
      is_judged(breakdown) ? input.machine.at(breakdowns_[breakdown.value].criterion).target
                           : core::TargetIndex{};
  auto addition = addition_of(input, target, pending);
  if (!addition) return;
  if (feed.number == Feed::kUnknown) feed.number = set_of(breakdown, name, pending);
  Share share{breakdown, feed.match.arm, feed.number, addition->reach >= core::Floor::guard,
              std::move(addition->cell)};
  if (is_judged(breakdown)) return add_kind(input, std::move(share), addition->reach, pending);
  add_share(share, input.machine.at(input.match.metric), pending);
}

void Shares::add_share(const Share& share, const core::Metric& metric, core::Pending& pending) {
  if (pending.shares.empty()) ++turn_;
  const std::size_t place = share.set * kArms + static_cast<std::size_t>(share.arm);
  const std::size_t half = share.shifted ? 1 : 0;
  auto& slots = slots_[share.breakdown.value];
  if (slots.size() <= place) slots.resize(place + 1);
  Slot& slot = slots[place];
  if (slot.turn[half] == turn_) {
    core::Cell& cell = pending.shares[slot.at[half]].cell;
    // Where there is no room for another, a time is kept less exactly rather than a count lost.
    const bool full = pending.shares.size() >= core::kPendingShares;
    if (full || between(cell.end, share.cell.end) <= core::kShareSpan) {
      core::merge(metric, cell, share.cell);
      cell.latest = cell.end;
      return;
    }
  }
  slot.turn[half] = turn_;
  slot.at[half] = static_cast<std::uint32_t>(pending.shares.size());
  pending.shares.push_back(share);
  pending.shares.back().cell.latest = share.cell.end;
}

// Only what may still be new is logged second by second: the baseline's first of each set, and
// until then the canary's.
void Shares::add_kind(const FoldInput& input, Share share, core::Floor reach,
                      core::Pending& pending) const {
  const core::Criterion& criterion = input.machine.at(breakdowns_[share.breakdown.value].criterion);
  const core::Window& window = input.machine.at(criterion.window);
  if (share.set == core::kOtherSet || share.arm == Arm::total || reach < window.floor) return;
  if (core::is_known(input.state, pending, share.breakdown, share.set)) return;
  const core::Time watermark = core::watermark_of(input.state, pending, window.series);
  if (watermark != core::kDistantPast &&
      share.cell.end <= watermark - input.state.limits.grace - window.width) {
    return;  // late
  }
  for (Share& waiting : pending.observed.kinds) {
    if (waiting.breakdown != share.breakdown || waiting.set != share.set) continue;
    if (waiting.arm != share.arm || waiting.cell.end != share.cell.end) continue;
    waiting.cell.value += share.cell.value;
    waiting.cell.samples += share.cell.samples;
    waiting.cell.latest = std::max(waiting.cell.latest, share.cell.latest);
    return;
  }
  pending.observed.kinds.push_back(std::move(share));
}

}  // namespace rollbook::runtime
