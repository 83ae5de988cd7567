#include "tools/metric_times.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/age.h"
#include "engine/core/limits.h"
#include "engine/core/sentence.h"

namespace rollbook::tools {
namespace {

using core::MetricKind;

constexpr std::size_t kTimesTold = 2;  // once is a restart
constexpr core::Duration kLagMost = std::chrono::seconds(60);

const char* const kOwnLabel =
    "Give each a label of its own, such as `service.instance.id` or `instance`";

// ---- How old --------------------------------------------------------------------------------

// The series that an arm is judged by, or all of a metric that is not split.
struct Share {
  std::string whose;  // "of the canary"; "" of all
  SeenGroup series;
};

std::vector<Share> shares_of(const Subject& subject) {
  if (subject.matched.empty()) return {};
  if (!subject.split()) return {{"", subject.matched}};
  const core::Arms& arms = *subject.machine.arms;
  std::vector<Share> shares{{"of the canary", {}}, {"of the baseline", {}}};
  for (const SeenSeries* seen : subject.matched) {
    const std::string_view arm = label_of(seen->name, arms.label);
    if (arm == arms.canary) shares[0].series.push_back(seen);
    if (arm == arms.baseline) shares[1].series.push_back(seen);
  }
  std::erase_if(shares, [](const Share& share) { return share.series.empty(); });
  return shares;
}

const SeenSeries& newest_of(const Share& share) {
  return **std::max_element(share.series.begin(), share.series.end(),
                            [](const auto* a, const auto* b) { return a->last < b->last; });
}

// As old as that when it came: an engine takes it for stale.
bool is_behind(const SeenSeries& seen) { return seen.age >= core::kStaleAfter; }

std::string behind_text(const std::string& whose, core::Duration age) {
  return fmt::format(
      "{}, but are {} old when they come: see to its sender's clock, or to what holds them up; "
      "what is {} old then is as good as silence, and no hold runs on it",
      whose, adapters::age_text(age), core::duration_text(core::kStaleAfter));
}

// Of pods of which others are in time.
void check_pods(const Share& share, MetricFinding& found) {
  std::size_t behind = 0;
  const SeenSeries* worst = nullptr;
  for (const SeenSeries* seen : share.series) {
    if (!is_behind(*seen) || seen->vague) continue;
    ++behind;
    if (worst == nullptr || seen->age > worst->age) worst = seen;
  }
  if (worst == nullptr) return;
  found.warnings.push_back(fmt::format(
      "points of {} of {} series come, but are too old when they do, those of {} {}: see to their "
      "senders' clocks, or to what holds them up",
      behind, share.series.size(), labels_in_braces(*worst), adapters::age_text(worst->age)));
}

void check_ages(const std::vector<Share>& shares, MetricFinding& found) {
  const bool all = std::all_of(shares.begin(), shares.end(),
                               [](const Share& share) { return is_behind(newest_of(share)); });
  if (all && !shares.empty()) {
    core::Duration age = core::Duration::max();
    for (const Share& share : shares) age = std::min(age, newest_of(share).age);
    found.problems.push_back(behind_text("its points come", age));
    return;
  }
  for (const Share& share : shares) {
    const SeenSeries& newest = newest_of(share);
    if (is_behind(newest)) {
      found.problems.push_back(behind_text("points " + share.whose + " come", newest.age));
    } else {
      check_pods(share, found);
    }
  }
}

// Errors are silent while nothing happens.
void check_silence(const std::vector<Share>& shares, MetricFinding& found, core::Time now) {
  if (*found.lag > core::kStaleAfter) {
    found.warnings.push_back(fmt::format("nothing newer came for {}: is its sender still running?",
                                         adapters::age_text(*found.lag)));
    return;
  }
  for (const Share& share : shares) {
    const core::Duration lag = now - newest_of(share).last;
    if (share.whose.empty() || lag <= core::kStaleAfter || is_behind(newest_of(share))) continue;
    found.warnings.push_back(
        fmt::format("nothing newer {} came for {}: is its sender still running?", share.whose,
                    adapters::age_text(lag)));
  }
  if (*found.lag > kLagMost && found.warnings.empty()) {
    found.notes.push_back("nothing newer came: is its sender still running?");
  }
}

// ---- Two senders ----------------------------------------------------------------------------

// Of totals: two that send under one set of labels look like one that restarts with every point,
// and each restart counts its whole total once more. Of intervals and gauges one is left out.
std::string senders_text(MetricKind kind, const SeenSeries& seen) {
  const bool gauge = kind == MetricKind::gauge;
  const char* const one_counts = "of each two only one counts";
  const char* const restarts = "each fall counts as a restart, with all that stands behind it";
  const std::string labels = labels_in_braces(seen);
  std::string how, cost = gauge ? one_counts : restarts;
  std::size_t count = std::max(seen.clashed, gauge ? 0 : seen.returned);
  if (!gauge && seen.overlaps > 0) {
    how = "intervals of " + labels + " overlap";
    cost = one_counts;
    count = seen.overlaps;
  } else if (count < kTimesTold) {
    return "";
  } else if (!gauge && seen.returned == count) {
    how = "the total of " + labels + " goes back and forth";
  } else {
    how = (gauge ? "the gauge " : "the total of ") + labels + " has two values at one moment";
  }
  return fmt::format("{}, {}: two senders under one set of labels; {}. {}", how,
                     count == 1 ? "once" : fmt::format("{} times", count), cost, kOwnLabel);
}

// Deltas that nothing but their times tells apart.
std::string at_once_text(const SeenSeries& seen) {
  return fmt::format(
      "{} points of {} have one time: of deltas without `start` the first of them counts, {} of {} "
      "are left out. Send their sum as one point, or each with a time of its own; of two senders, "
      "give each a label of its own",
      seen.bare.at_once, labels_in_braces(seen), seen.bare.left_out, seen.points);
}

}  // namespace

void check_clock(const Subject& subject, MetricFinding& found, core::Time now) {
  if (*found.lag < -core::kSkew) {
    const auto ahead = std::chrono::floor<std::chrono::seconds>(-*found.lag);
    found.problems.push_back(fmt::format(
        "its latest point lies {} ahead of this machine's clock; what is more than {} ahead of the "
        "engine's is quarantined and judges nothing: set the sender's clock",
        core::duration_text(ahead), core::duration_text(core::kSkew)));
    return;
  }
  const std::vector<Share> shares = shares_of(subject);
  const std::size_t before = found.problems.size();
  check_ages(shares, found);
  if (found.problems.size() == before && !subject.may_lack) check_silence(shares, found, now);
}

void check_senders(const Subject& subject, MetricFinding& found) {
  for (const SeenSeries* seen : subject.matched) {
    std::string text = senders_text(subject.metric.kind, *seen);
    if (text.empty()) continue;
    found.problems.push_back(std::move(text));
    break;
  }
  const auto most = std::max_element(
      subject.matched.begin(), subject.matched.end(),
      [](const auto* a, const auto* b) { return a->bare.left_out < b->bare.left_out; });
  if (most == subject.matched.end()) return;
  const SeenSeries::Bare& bare = (*most)->bare;
  // Two that are alike may be one that came again.
  const bool certain = bare.differ || bare.at_once > 2;
  if (certain) {
    found.problems.push_back(at_once_text(**most));
  } else if (bare.left_out >= kTimesTold) {
    found.warnings.push_back(at_once_text(**most));
  }
}

}  // namespace rollbook::tools
