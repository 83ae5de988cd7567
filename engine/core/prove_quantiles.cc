// A quantile against another arm's. For each arm the counts above an edge of the histogram are
// tested against the share that may lie there: "more" (the quantile lies above the edge), or "less"
// (it lies at or below). The judged arm's quantile is proven to be beyond `factor` times the
// other's when two edges that lie so are both proven, each at α/2.
//
// Slow requests come in bursts: all counts are divided by the dispersion (dispersion.h) of those
// that lie above one edge near the other arm's quantile.
//
// Counts fall as the edge rises, so the e-values are ordered: no correction over edges is needed,
// and whatever is looked for among edges is found by halves.
//
// A guard watches for days. It is one such test for each of its starts (trials.h), the one of
// weight w at w·α, so that all of them together err with a chance of at most α. They are not added
// up as a share's tests are: a sum would prove the one arm by its last minutes and the other by its
// last night, and a service that is slower by day would be rolled back each morning. Here both
// edges are of the same time.

#include <optional>
#include <span>

#include "engine/core/common_time.h"
#include "engine/core/judge.h"
#include "engine/core/pane_steps.h"
#include "engine/core/prove_parts.h"
#include "engine/core/stats.h"
#include "engine/core/trials.h"

namespace rollbook::core {
namespace {

using stats::Sample;

const double kHalf = std::log(2.0);

// What came of one arm, by edge.
class Tail {
 public:
  Tail(const std::vector<Fixed>& bounds, Fixed share)
      : bounds_(bounds), share_(share), above_(bounds.size()) {}

  // Of the buckets `now`, without those of `then` (empty: all); one more than edges of each.
  void count(std::span<const std::int64_t> now, std::span<const std::int64_t> then) {
    std::int64_t higher = 0;
    for (std::size_t i = now.size(); i-- > 0;) {
      if (i < above_.size()) above_[i] = higher;
      higher += now[i] - (i < then.size() ? then[i] : 0);
    }
    all_ = higher;
  }

  std::int64_t all() const { return all_; }
  std::size_t edges() const { return bounds_.size(); }
  Fixed at(std::size_t edge) const { return bounds_[edge]; }

  double more(std::size_t edge) const {
    return stats::log_above(sample(edge), share_, stats::prior_above(share_), dispersion_);
  }
  double less(std::size_t edge) const {
    return stats::log_below(sample(edge), share_, stats::prior_below(share_), dispersion_);
  }
  double more_at_most(std::size_t edge) const {
    return divided(stats::bound_above(sample(edge), share_), dispersion_);
  }
  double less_at_most(std::size_t edge) const {
    return divided(stats::bound_below(sample(edge), share_), dispersion_);
  }
  void divide_by(Fixed dispersion) { dispersion_ = dispersion; }

  Edge edge(std::size_t edge, double log) const {
    return {bounds_[edge], above_[edge], stats::micro_nats(log)};
  }
  // Where the quantile lies, as far as e-values of `needed` prove it.
  std::optional<Edge> low(double needed) const {
    const std::size_t end = first([&](std::size_t i) { return !proves_more(i, needed); });
    if (end == 0) return std::nullopt;
    return edge(end - 1, more(end - 1));
  }
  std::optional<Edge> high(double needed) const {
    const std::size_t found = first([&](std::size_t i) { return proves_less(i, needed); });
    if (found == edges()) return std::nullopt;
    return edge(found, less(found));
  }

 private:
  Sample sample(std::size_t edge) const {
    return {std::max<std::int64_t>(all_, 0), std::clamp<std::int64_t>(above_[edge], 0, all_)};
  }
  bool proves_more(std::size_t edge, double needed) const {
    return more_at_most(edge) >= needed && more(edge) >= needed;
  }
  bool proves_less(std::size_t edge, double needed) const {
    return less_at_most(edge) >= needed && less(edge) >= needed;
  }
  // The first edge of which `holds` is true; it is of all edges above it.
  template <class Predicate>
  std::size_t first(const Predicate& holds) const {
    std::size_t low = 0, high = edges();
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      (holds(middle) ? high : low) = holds(middle) ? middle : middle + 1;
    }
    return low;
  }

  const std::vector<Fixed>& bounds_;
  Fixed share_;
  Fixed dispersion_ = Fixed::from_int(1);
  std::vector<std::int64_t> above_;
  std::int64_t all_ = 0;
};

// Edges of both arms, and the lesser of their two logs.
struct Pair {
  std::size_t judged = 0, other = 0;
  double judged_log = 0, other_log = 0;
  double log() const { return std::min(judged_log, other_log); }
};

// One side of the comparison: which pairs of edges prove it, and how.
class Side {
 public:
  // `above`: that the judged arm's quantile lies beyond `factor` times the other's.
  Side(const Tail& judged, const Tail& other, Fixed factor, bool above)
      : judged_(judged), other_(other), factor_(factor), above_(above) {}

  // The best pair; nothing where the edges have none.
  std::optional<Pair> best() const {
    return search([&](std::size_t i) { return above_ ? judged_.more(i) : judged_.less(i); },
                  [&](std::size_t j) { return above_ ? other_.less(j) : other_.more(j); });
  }
  // An upper bound of its log, without one special function.
  double bound() const {
    const auto pair = search(
        [&](std::size_t i) { return above_ ? judged_.more_at_most(i) : judged_.less_at_most(i); },
        [&](std::size_t j) { return above_ ? other_.less_at_most(j) : other_.more_at_most(j); });
    return pair ? pair->log() : -HUGE_VAL;
  }

 private:
  // The judged arm's edge that goes with the other's: the least beyond `factor` times it, or the
  // greatest at or below that.
  std::optional<std::size_t> partner(std::size_t other) const {
    const Int128 border = other_.at(other).nanos * factor_.nanos;
    std::size_t low = 0, high = judged_.edges();
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      const bool beyond = judged_.at(middle).nanos * Fixed::kScale > border;
      (beyond ? high : low) = beyond ? middle : middle + 1;
    }
    if (above_) return low < judged_.edges() ? std::optional(low) : std::nullopt;
    return low > 0 ? std::optional(low - 1) : std::nullopt;
  }

  // As the other's edge rises, one log of the pair rises and the other falls: the lesser is
  // greatest where they cross.
  template <class Judged, class Other>
  std::optional<Pair> search(const Judged& judged, const Other& other) const {
    std::optional<Pair> best;
    std::size_t low = 0, high = other_.edges();
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      const auto mine = partner(middle);
      bool crossed = above_;  // without a partner: beyond the last, or before the first
      if (mine) {
        const Pair pair{*mine, middle, judged(*mine), other(middle)};
        if (!best || pair.log() > best->log()) best = pair;
        crossed = above_ ? pair.other_log >= pair.judged_log : pair.judged_log >= pair.other_log;
      }
      (crossed ? high : low) = crossed ? middle : middle + 1;
    }
    return best;
  }

  const Tail& judged_;
  const Tail& other_;
  Fixed factor_;
  bool above_;
};

// ---- One criterion --------------------------------------------------------------------------

class Quantiles {
 public:
  // The judged arm up to `at`, the other up to a time of its own.
  Quantiles(const Subject& subject, const std::vector<Fixed>& bounds, Time at, Time other_at)
      : subject_(subject),
        criterion_(subject.criterion),
        bounds_(bounds),
        at_(at),
        now_(buckets_at(subject, subject.criterion.window, at)),
        judged_(bounds, allowed_share(subject.criterion)),
        other_(bounds, allowed_share(subject.criterion)) {
    const auto other = buckets_at(subject, subject.criterion.other, other_at);
    now_.insert(now_.end(), other.begin(), other.end());
    // What is pending may bring another layout, which the starts do not have yet.
    const auto& known =
        subject.state.metrics[subject.machine.at(subject.series_of(criterion_.window)).metric.value]
            .bounds;
    if (!known.empty() && known != bounds) map_ = bucket_map(known, bounds);
  }

  bool has_traffic(const TestStart& start) {
    count(start);
    return judged_.all() > 0 && other_.all() > 0;
  }

  // What people are told, of what came since `start`.
  void tell(const TestStart& start, Found& found) const {
    const std::vector<std::int64_t> both = since(now_, brought(start));
    const auto middle = both.begin() + static_cast<std::ptrdiff_t>(bounds_.size() + 1);
    const std::vector<std::int64_t> judged(both.begin(), middle), other(middle, both.end());
    found.samples = 0;
    for (const std::int64_t bucket : judged) found.samples += bucket;
    found.value = quantile_of(bounds_, judged, criterion_.quantile);
    found.limit = Fixed{quantile_of(bounds_, other, criterion_.quantile).nanos *
                        criterion_.factor.nanos / Fixed::kScale};
  }

  // The start whose proof is the strongest. In a hurry only what could be decided is looked at, and
  // nothing comes back where nothing could.
  const TestStart* strongest(const std::vector<TestStart>& starts, bool hurried) {
    // Where slow requests do not come alone nothing is decided sooner.
    if (hurried && !may_be_proven(starts)) return nullptr;
    divide();
    const TestStart* best = nullptr;
    double most = hurried ? needed() : -HUGE_VAL;
    for (const TestStart& start : starts) {
      if (!has_traffic(start)) continue;
      const double weight = log_weight(start) - kHalf;
      const Side says = side(says_greater(criterion_.comparison));
      if (says.bound() + weight < most) continue;
      const auto pair = says.best();
      if (!pair || pair->log() + weight < most) continue;
      most = pair->log() + weight;
      best = &start;
    }
    return best;
  }

  void prove(const TestStart& start, Found& found) {
    divide();
    count(start);
    Evidence evidence = evidence_of(criterion_);
    evidence.dispersion = *dispersion_;
    evidence.counts = since(now_, brought(start));
    evidence.prior_a = stats::prior_below(allowed_share(criterion_)).a;
    evidence.prior_b = stats::prior_below(allowed_share(criterion_)).b;
    const double weight = log_weight(start);
    const double needed_of_each = needed() + kHalf - weight;
    Edges& edges = evidence.edges.emplace();
    edges.low = judged_.low(needed_of_each);
    edges.high = judged_.high(needed_of_each);
    edges.other_low = other_.low(needed_of_each);
    edges.other_high = other_.high(needed_of_each);
    const bool above = says_greater(criterion_.comparison);
    evidence.statistic = statistic(above, weight, edges.pair);
    if (start.to == 0) {
      evidence.contrary = statistic(!above, weight, edges.contrary_pair);
    } else {
      evidence.starts = {{start.from, start.to, {}, {}}};
    }
    if (edges.low) found.low = edges.low->at;
    if (edges.high) found.high = edges.high->at;
    found.evidence = std::move(evidence);
    settle_verdict(criterion_, found);
  }

 private:
  double needed() const { return -std::log(static_cast<double>(criterion_.alpha.nanos) * 1e-9); }
  Side side(bool above) const { return {judged_, other_, criterion_.factor, above}; }

  bool may_be_proven(const std::vector<TestStart>& starts) {
    return std::any_of(starts.begin(), starts.end(), [&](const TestStart& start) {
      return has_traffic(start) &&
             side(says_greater(criterion_.comparison)).bound() + log_weight(start) - kHalf >=
                 needed();
    });
  }
  void divide() {
    if (!dispersion_) dispersion_ = dispersion_at(subject_, at_);
    judged_.divide_by(*dispersion_);
    other_.divide_by(*dispersion_);
  }

  std::vector<std::int64_t> brought(const TestStart& start) const {
    return map_ ? on_layout(*map_, start.counts) : start.counts;
  }
  void count(const TestStart& start) {
    const std::size_t half = bounds_.size() + 1;
    std::vector<std::int64_t> mapped;
    if (map_) mapped = on_layout(*map_, start.counts);
    const std::span<const std::int64_t> then(map_ ? mapped : start.counts);
    const std::span<const std::int64_t> now(now_);
    const bool whole = then.size() == now.size();
    judged_.count(now.first(half), whole ? then.first(half) : then.first(0));
    other_.count(now.subspan(half), whole ? then.subspan(half) : then.first(0));
  }

  // The log of the e-value of one side, and the pair that it is of; 0 where no pair is.
  std::int64_t statistic(bool above, double weight, std::vector<Edge>& pair) const {
    const auto best = side(above).best();
    if (!best) return 0;
    pair = {judged_.edge(best->judged, best->judged_log),
            other_.edge(best->other, best->other_log)};
    return stats::micro_nats(best->log() + weight - kHalf);
  }

  const Subject& subject_;
  const Criterion& criterion_;
  const std::vector<Fixed>& bounds_;
  Time at_;
  std::optional<Fixed> dispersion_;
  std::vector<std::int64_t> now_;
  Tail judged_, other_;
  std::optional<BucketMap> map_;
};

}  // namespace

namespace {

Found quantiles_at(const Subject& subject, const std::vector<Fixed>& bounds, Time at, Time other_at,
                   bool in_full) {
  const Criterion& criterion = subject.criterion;
  const std::vector<TestStart>& starts = subject.state.tests[subject.index().value].starts;
  Quantiles quantiles(subject, bounds, at, other_at);
  if (!quantiles.has_traffic(starts.front())) return missing(Missing::no_traffic, at);
  Found found;
  found.at = at;
  const bool guards = criterion.kind == CriterionKind::stop;
  const TestStart* start = guards ? quantiles.strongest(starts, !in_full) : &starts.front();
  if (start == nullptr && in_full) start = &starts.front();
  quantiles.tell(start == nullptr ? starts.front() : *start, found);
  if (start != nullptr) quantiles.prove(*start, found);
  return found;
}

}  // namespace

Found prove_two_quantiles(const Subject& subject, bool in_full) {
  const Criterion& criterion = subject.criterion;
  const Time at = cut_of(subject);
  const auto& bounds = subject.bounds(criterion.window);
  if (bounds.empty()) return missing(Missing::no_series, at);
  const Found found = quantiles_at(subject, bounds, at, at, in_full);
  const auto speaks_against = [&](const Found& each) {
    return criterion.kind == CriterionKind::stop ? each.true_ : each.false_;
  };
  if (!speaks_against(found)) return found;
  // Whichever arm is ahead; also the other one, where the judged arm has not told its newest
  // seconds: those in which all is well again would be counted of the other one alone.
  for (const Time other_at :
       {answered_at(subject, criterion.other, at), told_until(subject, criterion.window, at)}) {
    if (other_at == at) continue;
    const Found again = quantiles_at(subject, bounds, at, other_at, true);
    if (!speaks_against(again)) return again;  // also where the other arm had told nothing by then
  }
  return found;
}

}  // namespace rollbook::core
