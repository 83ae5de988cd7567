#include "tools/breakdown_look.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "adapters/wire/text.h"
#include "engine/core/breakdown.h"
#include "engine/core/buckets.h"
#include "engine/core/judge.h"
#include "engine/core/windows.h"
#include "tools/breakdown_metric.h"

namespace rollbook::tools {
namespace {

using core::Arm;
using core::Fixed;
using core::Machine;
using core::MetricIndex;
using core::Time;

constexpr core::Duration kMinute = std::chrono::minutes(1);

// ---- What was counted -----------------------------------------------------------------------

// Calls `visit` with each Observed of the rollout up to its last folded event, in order.
template <class Visit>
core::Status each_observed(const runtime::EventLog& log, const Rollout& rollout, Visit visit) {
  const core::Sequence last = rollout.state().last;
  return log.read(rollout.stream(), core::Sequence{1}, [&](const runtime::StoredEvent& stored) {
    if (stored.event.sequence > last) return false;
    if (const auto* observed = std::get_if<core::Observed>(&stored.event.body)) visit(*observed);
    return true;
  });
}

using Key = std::pair<std::vector<std::string>, Arm>;  // no values: other

class Counting {
 public:
  Counting(const Rollout& rollout, MetricIndex metric, std::vector<std::size_t> labels)
      : rollout_(rollout),
        metric_(metric),
        breakdown_(core::breakdown_of(rollout.machine(), metric)),
        labels_(std::move(labels)) {}

  // Where the last share ends; and of a histogram's layout, step by step as it was.
  void find_end(const core::Observed& observed) {
    for (const core::Share& share : observed.shares) {
      if (is_mine(share)) at_ = std::max(at_, share.cell.end);
    }
  }
  Time at() const { return at_; }

  void take(const core::Observed& observed, Time after) {
    for (const core::Layout& layout : observed.layouts) {
      if (layout.metric == metric_) lay_out(layout);
    }
    for (const core::Share& share : observed.shares) {
      if (is_mine(share) && share.cell.end > after) add(share);
    }
    for (const core::CellDelta& delta : observed.deltas) {
      const core::Series& series = rollout_.machine().at(delta.series);
      if (series.metric == metric_ && delta.cell.end > after && delta.cell.end <= at_) {
        minutes_[series.arm][minute_of(delta.cell.end)] += delta.cell.value;
      }
    }
  }

  const std::map<Key, core::Cell>& cells() const { return cells_; }
  const std::map<Arm, std::map<Time, Fixed>>& minutes() const { return minutes_; }

 private:
  bool is_mine(const core::Share& share) const {
    return share.breakdown == breakdown_ && share.shifted == rollout_.state().shifted;
  }
  static Time minute_of(Time end) {
    const auto rest = end.time_since_epoch() % kMinute;
    return rest == core::Duration::zero() ? end : end + (kMinute - rest);
  }
  void add(const core::Share& share) {
    const auto& sets = rollout_.state().breakdowns[breakdown_.value].sets;
    Key key{{}, share.arm};
    if (share.set < sets.size()) {
      for (const std::size_t label : labels_) key.first.push_back(sets[share.set][label]);
    }
    core::merge(rollout_.machine().at(metric_), cells_[key], share.cell);
  }
  void lay_out(const core::Layout& layout) {
    if (!bounds_.empty() && bounds_ != layout.bounds) {
      const core::BucketMap map = core::bucket_map(bounds_, layout.bounds);
      for (auto& [key, cell] : cells_) core::remap(map, cell);
    }
    bounds_ = layout.bounds;
  }

  const Rollout& rollout_;
  MetricIndex metric_;
  core::BreakdownIndex breakdown_;
  std::vector<std::size_t> labels_;
  Time at_ = core::kDistantPast;
  std::vector<Fixed> bounds_;
  std::map<Key, core::Cell> cells_;
  std::map<Arm, std::map<Time, Fixed>> minutes_;
};

// ---- What it says ---------------------------------------------------------------------------

Fixed count_of(core::MetricKind kind, const core::Cell& cell) {
  return kind == core::MetricKind::histogram ? Fixed::from_int(cell.samples) : cell.value;
}

std::vector<Fixed> percentiles_of(const std::vector<Fixed>& bounds, const core::Cell& cell,
                                  const std::vector<Fixed>& asked) {
  if (bounds.empty() || cell.samples <= 0) return {};
  std::vector<std::int64_t> buckets(cell.first, 0);
  buckets.insert(buckets.end(), cell.buckets.begin(), cell.buckets.end());
  buckets.resize(bounds.size() + 1);
  std::vector<Fixed> values;
  for (const Fixed quantile : asked) values.push_back(core::quantile_of(bounds, buckets, quantile));
  return values;
}

Fixed per_second(Fixed count, core::Duration seen) {
  if (seen <= core::Duration::zero()) return Fixed{};
  return Fixed{count.nanos * Fixed::kScale / seen.count()};
}

ShareLook share_of(const BreakdownLook& look, const std::vector<Fixed>& bounds, Arm arm,
                   const core::Cell& cell) {
  ShareLook share;
  share.arm = arm;
  share.count = count_of(look.kind, cell);
  share.rate = per_second(share.count, look.seen);
  share.percentiles = percentiles_of(bounds, cell, look.asked_percentiles);
  return share;
}

const ShareLook* find(const std::vector<ShareLook>& shares, Arm arm) {
  for (const ShareLook& share : shares) {
    if (share.arm == arm) return &share;
  }
  return nullptr;
}

// The canary's first: it is what somebody asks about.
Fixed contribution(const SetLook& set, Arm arm) {
  const ShareLook* share = find(set.arms, arm);
  return share == nullptr ? Fixed{} : share->count;
}
bool contributes_more(const SetLook& a, const SetLook& b) {
  if (a.values.empty() != b.values.empty()) return b.values.empty();
  for (const Arm arm : {Arm::canary, Arm::baseline, Arm::total}) {
    const Fixed left = contribution(a, arm), right = contribution(b, arm);
    if (left != right) return left > right;
  }
  return a.values < b.values;
}

void tell(const Counting& counting, const std::vector<Fixed>& bounds, const Machine& machine,
          MetricIndex metric, BreakdownLook& look) {
  std::map<std::vector<std::string>, SetLook> sets;
  std::map<Arm, core::Cell> totals;
  for (const auto& [key, cell] : counting.cells()) {
    SetLook& set = sets[key.first];
    set.values = key.first;
    set.arms.push_back(share_of(look, bounds, key.second, cell));
    core::merge(machine.at(metric), totals[key.second], cell);
  }
  for (const auto& [arm, cell] : totals) {
    look.totals.push_back(share_of(look, bounds, arm, cell));
    look.totals.back().share = Fixed::from_int(1);
  }
  for (auto& [values, set] : sets) {
    for (ShareLook& share : set.arms) {
      const Fixed all = find(look.totals, share.arm)->count;
      if (all.nanos > 0) share.share = Fixed{share.count.nanos * Fixed::kScale / all.nanos};
    }
    look.sets.push_back(std::move(set));
  }
  std::sort(look.sets.begin(), look.sets.end(), contributes_more);
}

// Labels that both are kept by: where they stand among those asked for, and among the requests'.
struct Common {
  std::vector<std::size_t> asked, requests;
};
Common common_labels(const std::vector<std::string>& asked, const core::Metric& requests) {
  Common common;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto found = std::find(requests.by.begin(), requests.by.end(), asked[i]);
    if (found == requests.by.end()) continue;
    common.asked.push_back(i);
    common.requests.push_back(static_cast<std::size_t>(found - requests.by.begin()));
  }
  return common;
}

void tell_ratios(const Counting& requests, const Common& common, BreakdownLook& look) {
  std::map<Arm, Fixed> all;
  std::map<Key, Fixed> parts;
  for (const auto& [key, cell] : requests.cells()) {
    all[key.second] += cell.value;
    parts[key] += cell.value;
  }
  const auto set_ratio = [](ShareLook& share, Fixed whole) {
    if (whole.nanos > 0) share.ratio = Fixed{share.count.nanos * Fixed::kScale / whole.nanos};
  };
  for (ShareLook& share : look.totals) set_ratio(share, all[share.arm]);
  for (SetLook& set : look.sets) {
    if (set.values.empty()) continue;  // of any labels
    Key key;
    for (const std::size_t label : common.asked) key.first.push_back(set.values[label]);
    for (ShareLook& share : set.arms) {
      key.second = share.arm;
      set_ratio(share, common.asked.empty() ? all[share.arm] : parts[key]);
    }
  }
}

// Minutes that lie in the window whole.
void tell_peaks(const Counting& counting, Time after, BreakdownLook& look) {
  for (const auto& [arm, minutes] : counting.minutes()) {
    PeakLook peak;
    peak.arm = arm;
    bool any = false;
    for (const auto& [end, count] : minutes) {
      if (end - kMinute < after || end > look.at) continue;
      const Fixed rate = per_second(count, kMinute);
      if (!any || rate > peak.peak) {
        peak.peak = rate;
        peak.peak_at = end;
      }
      if (!any || rate < peak.trough) {
        peak.trough = rate;
        peak.trough_at = end;
      }
      any = true;
    }
    if (any) look.peaks.push_back(peak);
  }
}

}  // namespace

Outcome<BreakdownLook> break_down(const runtime::EventLog& log, const Rollout& rollout,
                                  const BreakdownAsk& ask) {
  const Machine& machine = rollout.machine();
  const core::RolloutState& state = rollout.state();
  TRY(const MetricIndex index, find_metric(machine, ask));
  const core::Metric& metric = machine.at(index);
  TRY(std::vector<std::size_t> labels, find_labels(metric, ask.by));
  if (!state.metrics[index.value].named && !metric.default_zero) {
    return give_up(fmt::format("no point of `{}` has come yet", metric.name));
  }
  BreakdownLook look;
  look.rollout = state.id;
  look.runbook = machine.name;
  look.sequence = state.last;
  look.time = state.now;
  look.subject = ask.subject;
  look.metric = metric.name;
  look.kind = metric.kind;
  look.unit = core::unit_of(machine, index);
  for (const std::size_t label : labels) look.by.push_back(metric.by[label]);
  look.kept = state.breakdowns[core::breakdown_of(machine, index).value].sets.size();
  look.asked_percentiles =
      metric.kind == core::MetricKind::histogram ? ask.percentiles : std::vector<Fixed>{};
  if (state.shifted) look.first_shift = state.guard_floor;
  Counting counting(rollout, index, std::move(labels));
  TRY_DO(each_observed(log, rollout, [&](const auto& observed) { counting.find_end(observed); }));
  look.at = counting.at();
  const Time begin = look.first_shift.value_or(state.started);
  if (look.at == core::kDistantPast) {
    look.window = ask.window;
    return look;
  }
  const core::Duration most = std::max(core::Duration::zero(), core::Duration(look.at - begin));
  look.window = ask.window > core::Duration::zero() ? ask.window : most;
  look.seen = std::min(look.window, most);
  const Time after = look.at - look.window;
  const auto whole = ask.subject == Subject::errors ? requests_of(machine, index) : std::nullopt;
  const Common common = whole ? common_labels(look.by, machine.at(*whole)) : Common{};
  std::optional<Counting> requests;
  if (whole) requests.emplace(rollout, *whole, common.requests);
  TRY_DO(each_observed(log, rollout, [&](const auto& observed) {
    counting.take(observed, after);
    if (requests) requests->take(observed, after);
  }));
  tell(counting, state.metrics[index.value].bounds, machine, index, look);
  if (whole) {
    look.requests = machine.at(*whole).name;
    tell_ratios(*requests, common, look);
  }
  if (ask.subject == Subject::traffic) tell_peaks(counting, std::max(after, begin), look);
  return look;
}

Outcome<std::vector<std::string>> parse_labels(const std::string& text) {
  std::vector<std::string> labels;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    std::string label = text.substr(begin, end - begin);
    while (label.starts_with(' ')) label.erase(0, 1);
    while (label.ends_with(' ')) label.pop_back();
    begin = end + 1;
    if (label.empty() || std::find(labels.begin(), labels.end(), label) != labels.end()) {
      return give_up(fmt::format("--by: `{}` is no list of different labels such as type,endpoint",
                                 adapters::printable(text)),
                     Exit::usage);
    }
    labels.push_back(std::move(label));
  }
  return labels;
}

}  // namespace rollbook::tools
