#include "tools/breakdown_look.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "adapters/wire/text.h"
#include "engine/core/breakdown.h"
#include "engine/core/buckets.h"
#include "engine/core/judge.h"
#include "engine/core/limits.h"
#include "engine/core/windows.h"
#include "tools/breakdown_metric.h"
#include "tools/breakdown_minutes.h"

namespace rollbook::tools {
namespace {

using core::Arm;
using core::Fixed;
using core::Machine;
using core::MetricIndex;
using core::Time;

// ---- What was counted -----------------------------------------------------------------------

// Calls `visit` with each Observed of the rollout and its sequence, in order.
template <class Visit>
core::Status each_observed(const Rollout& rollout, Visit visit) {
  return rollout.each_event([&](const core::Event& event) {
    const auto* observed = std::get_if<core::Observed>(&event.body);
    if (observed != nullptr) visit(event.sequence, *observed);
    return true;
  });
}

// One kept-by-labels metric's shares, of after the first shift where there was one.
struct Kept {
  const Rollout& rollout;
  MetricIndex metric;
  core::BreakdownIndex breakdown;

  bool has(const core::Share& share) const {
    return share.breakdown == breakdown && share.shifted == rollout.state().shifted;
  }
};
Kept kept_of(const Rollout& rollout, MetricIndex metric) {
  return {rollout, metric, core::breakdown_of(rollout.machine(), metric)};
}

// What lies within a window: shares are logged together, about once a minute, and none can be
// taken in part. So they are taken as they were logged, and the time that they span is told.
struct Span {
  core::Sequence first, last;  // the first and the last Observed; invalid: none
  Time begin = core::kDistantPast, end = core::kDistantPast;
};
class Batches {
 public:
  explicit Batches(const Kept& kept) : kept_(kept) {}

  void take(core::Sequence sequence, const core::Observed& observed) {
    Time end = core::kDistantPast;
    for (const core::Share& share : observed.shares) {
      if (kept_.has(share)) end = std::max(end, share.cell.end);
    }
    // Silence is known up to where others were heard; for a missed point and a half its own sender
    // is only late.
    const bool any = any_at_ != core::kDistantPast;
    const Time begin = any ? std::max(own_at_, any_at_ - core::kStretchMost) : own_at_;
    if (end != core::kDistantPast) batches_.push_back({sequence, sequence, begin, end});
    hear(observed, end);
    if (!observed.shares_whole && observed.shares.empty()) return;
    own_at_ = own_;
    any_at_ = any_;
  }

  // Of those that reach into (newest end − width, newest end]; of all without a width.
  Span within(core::Duration width) const {
    Span span;
    for (const Span& batch : batches_) span.end = std::max(span.end, batch.end);
    for (const Span& batch : batches_) {
      if (width > core::Duration::zero() && batch.end <= span.end - width) continue;
      if (!span.first.valid()) {
        span.first = batch.first;
        span.begin = batch.begin;
      }
      span.last = batch.last;
    }
    return span;
  }

 private:
  void hear(const core::Observed& observed, Time end) {
    for (const core::SeriesSeen& seen : observed.seen) {
      if (seen.watermark == core::kDistantPast) continue;
      const Time at = core::ceil_to(seen.watermark, core::kPaneMin);
      any_ = std::max(any_, at);
      if (kept_.rollout.machine().at(seen.series).metric == kept_.metric) own_ = std::max(own_, at);
    }
    own_ = std::max(own_, end);
    any_ = std::max(any_, own_);
  }

  Kept kept_;
  std::vector<Span> batches_;
  // The newest that was heard of the metric, and of any: so far, and when shares were logged last.
  Time own_ = core::kDistantPast, any_ = core::kDistantPast;
  Time own_at_ = core::kDistantPast, any_at_ = core::kDistantPast;
};

using Key = std::pair<std::vector<std::string>, Arm>;  // no values: other

class Counting {
 public:
  Counting(const Kept& kept, std::vector<std::size_t> labels)
      : kept_(kept), labels_(std::move(labels)) {}

  // A histogram's layout is followed step by step, as it was.
  void take(core::Sequence sequence, const core::Observed& observed, const Span& span) {
    for (const core::Layout& layout : observed.layouts) {
      if (layout.metric == kept_.metric) lay_out(layout);
    }
    if (sequence < span.first || sequence > span.last) return;
    for (const core::Share& share : observed.shares) {
      if (kept_.has(share)) add(share);
    }
  }

  const std::map<Key, core::Cell>& cells() const { return cells_; }

 private:
  void add(const core::Share& share) {
    const auto& sets = kept_.rollout.state().breakdowns[kept_.breakdown.value].sets;
    Key key{{}, share.arm};
    if (share.set < sets.size()) {
      for (const std::size_t label : labels_) key.first.push_back(sets[share.set][label]);
    }
    core::merge(kept_.rollout.machine().at(kept_.metric), cells_[key], share.cell);
  }
  void lay_out(const core::Layout& layout) {
    if (!bounds_.empty() && bounds_ != layout.bounds) {
      const core::BucketMap map = core::bucket_map(bounds_, layout.bounds);
      for (auto& [key, cell] : cells_) core::remap(map, cell);
    }
    bounds_ = layout.bounds;
  }

  Kept kept_;
  std::vector<std::size_t> labels_;
  std::vector<Fixed> bounds_;
  std::map<Key, core::Cell> cells_;
};

// ---- What it says ---------------------------------------------------------------------------

Fixed count_of(core::MetricKind kind, const core::Cell& cell) {
  return kind == core::MetricKind::histogram ? Fixed::from_int(cell.samples) : cell.value;
}

std::vector<PercentileLook> percentiles_of(const std::vector<Fixed>& bounds, const core::Cell& cell,
                                           const std::vector<Fixed>& asked) {
  if (bounds.empty() || cell.samples <= 0) return {};
  std::vector<std::int64_t> buckets(cell.first, 0);
  buckets.insert(buckets.end(), cell.buckets.begin(), cell.buckets.end());
  buckets.resize(bounds.size() + 1);
  std::vector<PercentileLook> looks;
  for (const Fixed quantile : asked) {
    looks.push_back({core::quantile_of(bounds, buckets, quantile),
                     core::lies_beyond(bounds, buckets, quantile)});
  }
  return looks;
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

}  // namespace

Outcome<BreakdownLook> break_down(const Rollout& rollout, const BreakdownAsk& ask) {
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
  const Kept kept = kept_of(rollout, index);
  Batches batches(kept);
  TRY_DO(each_observed(rollout, [&](core::Sequence sequence, const auto& observed) {
    batches.take(sequence, observed);
  }));
  const Span span = batches.within(ask.window);
  look.at = span.end;
  look.window = ask.window;
  if (look.at == core::kDistantPast) return look;
  const Time begin = look.first_shift.value_or(state.started);
  const core::Duration most = std::max(core::Duration::zero(), core::Duration(look.at - begin));
  if (look.window == core::Duration::zero()) look.window = most;
  const core::Duration spanned = look.at - std::max(begin, span.begin);
  look.seen = std::min(most, std::max(look.window, spanned));
  Counting counting(kept, std::move(labels));
  const auto whole = ask.subject == Subject::errors ? requests_of(machine, index) : std::nullopt;
  const Common common = whole ? common_labels(look.by, machine.at(*whole)) : Common{};
  std::optional<Counting> requests;
  Span of_requests;  // errors may come in few of the minutes that are asked for
  if (whole) {
    requests.emplace(kept_of(rollout, *whole), common.requests);
    Batches all(kept_of(rollout, *whole));
    TRY_DO(each_observed(rollout, [&](core::Sequence sequence, const auto& observed) {
      if (sequence <= span.last) all.take(sequence, observed);
    }));
    of_requests = all.within(look.seen);
  }
  std::optional<Minutes> minutes;
  if (ask.subject == Subject::traffic) minutes.emplace(machine, index, look.at - look.seen);
  TRY_DO(each_observed(rollout, [&](core::Sequence sequence, const auto& observed) {
    counting.take(sequence, observed, span);
    if (requests) requests->take(sequence, observed, of_requests);
    if (minutes) minutes->take(observed);
  }));
  tell(counting, state.metrics[index.value].bounds, machine, index, look);
  if (whole) {
    look.requests = machine.at(*whole).name;
    tell_ratios(*requests, common, look);
  }
  if (minutes) look.peaks = minutes->within(look.at - look.seen, look.at);
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
