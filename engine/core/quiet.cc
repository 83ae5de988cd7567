#include "engine/core/quiet.h"

#include <algorithm>

#include "engine/core/common_time.h"
#include "engine/core/found.h"
#include "engine/core/judge.h"
#include "engine/core/stretches.h"
#include "engine/core/windows.h"

namespace rollbook::core {
namespace {

constexpr Int128 kOne = Fixed::kScale;
// How far ahead: to the next Observed, after which all is worked out anew, and of short windows a
// quarter, or nothing of them would be certain.
constexpr Duration kAhead = std::chrono::seconds(12);
constexpr int kShareAhead = 4;
constexpr Duration kSecond = std::chrono::seconds(1);

// The greatest a with a · 10⁹ < n; −1 where there is none.
Int128 below(Int128 n) { return n > 0 ? (n - 1) / kOne : -1; }

// The observations from bucket `first` on.
std::int64_t from_bucket(const Cell& cell, std::uint32_t first) {
  std::int64_t count = 0;
  const std::size_t begin = first > cell.first ? first - cell.first : 0;
  for (std::size_t i = begin; i < cell.buckets.size(); ++i) count += cell.buckets[i];
  return count;
}

}  // namespace

void Quiet::count(SeriesIndex series, const Cell& cell, Duration span) {
  for (Allowance& allowance : allowances_) {
    if (allowance.series != series) continue;
    if (lag_most(span) > allowance.lag) return end();
    const Int128 added = allowance.first == Allowance::kValue
                             ? cell.value.nanos
                             : Int128{from_bucket(cell, allowance.first)};
    allowance.left -= added;
    if (allowance.left < 0 || added < 0) return end();
  }
}

// Works out the bounds of one criterion after the other.
class Bounds {
 public:
  Bounds(const Machine& machine, const RolloutState& state, const Pending& pending, Quiet& quiet)
      : machine_(machine), state_(state), pending_(pending), quiet_(quiet) {}

  // False: a look may find something whatever happens.
  bool all() {
    quiet_.until_ = quiet_.engine_until_ = kDistantFuture;
    // What is stale ends with a point, and a clash with time.
    if (!pending_.observed.clashes.empty()) return false;
    const auto lasts = [&](const SeriesState& series) {
      return series.stale || state_.now < series.clashed + state_.limits.stale_after;
    };
    if (std::any_of(state_.series.begin(), state_.series.end(), lasts)) return false;
    return !any_armed(machine_, state_, [&](CriterionIndex index) { return !one(index); });
  }

 private:
  bool one(CriterionIndex index) {
    const Criterion& criterion = machine_.at(index);
    // Silence is a matter of engine time alone, and what arrives puts it off.
    any_feeding(machine_, criterion, [&](SeriesIndex series) {
      quiet_.engine_until_ = std::min(quiet_.engine_until_, stale_at(state_, pending_, series));
      return false;
    });
    if (criterion.measure == Measure::absent) return stays_present(index);
    if (criterion.test != Test::none || criterion.other.valid() || !criterion.new_by.empty()) {
      return false;
    }
    // All later looks are at `earliest_` or later: what is waited for only goes on, and a numerator
    // that is heard for the first time takes the cut back by no more than `grace`.
    const Reach reach = reach_of({machine_, state_, pending_, criterion});
    if (reach.most == kDistantPast) return false;
    earliest_ = std::min(reach.waited, reach.most - state_.limits.grace) - kSecond;
    latest_ = reach.most + std::min(kAhead, machine_.at(criterion.window).width / kShareAhead);
    quiet_.until_ = std::min({quiet_.until_, latest_, reach.lags_beyond(state_.limits)});
    switch (criterion.kind) {
      case CriterionKind::stop:
      case CriterionKind::pause:
        return stays(index, Verdict::pass, Raw::false_) && says_greater(criterion.comparison) &&
               stays_low(index, true);
      case CriterionKind::expect:
        return stays_expected(index);
      case CriterionKind::enough:
        break;
    }
    return false;
  }

  bool stays_present(CriterionIndex index) {
    if (!stays(index, Verdict::pass, Raw::false_)) return false;
    const Criterion& criterion = machine_.at(index);
    const Time since = silent_since(machine_, state_, pending_, criterion);
    if (since != kDistantFuture) {
      quiet_.engine_until_ = std::min(quiet_.engine_until_, since + criterion.sustain);
    }
    return true;
  }

  bool stays_expected(CriterionIndex index) {
    const Criterion& criterion = machine_.at(index);
    const Window& window = machine_.at(criterion.window);
    if (criterion.sustain > Duration::zero() || says_greater(criterion.comparison)) return false;
    if (seen_of(machine_, state_, criterion, latest_) < window.width) {
      return stays(index, Verdict::undecided, Raw::unknown) && stays_low(index, false);
    }
    return seen_of(machine_, state_, criterion, earliest_) >= window.width &&
           stays(index, Verdict::pass, Raw::true_) && stays_low(index, true);
  }

  // The reading as it is in the state, which later ones are held against.
  bool stays(CriterionIndex index, Verdict verdict, Raw raw) const {
    const Reading& reading = state_.readings[index.value];
    const bool begun = reading.since != kDistantFuture;
    return reading.verdict == verdict && reading.raw == raw && reading.missing == Missing::none &&
           begun == (raw == Raw::true_);
  }

  // That there are data, and, `bounded`, that the value stays below the limit.
  bool stays_low(CriterionIndex index, bool bounded) {
    const Criterion& criterion = machine_.at(index);
    switch (criterion.measure) {
      case Measure::ratio:
        return ratio_stays_low(criterion, bounded);
      case Measure::quantile:
        return quantile_stays_low(criterion, bounded);
      case Measure::rate:
      case Measure::count:
        return counter_stays_low(criterion, bounded);
      case Measure::gauge:
      case Measure::bracket:
      case Measure::score:
      case Measure::absent:
      case Measure::split:
        break;
    }
    return false;
  }

  // top · 10⁹ < limit · bottom, whatever comes within the allowance.
  bool ratio_stays_low(const Criterion& criterion, bool bounded) {
    if (!counted(criterion.window) || !counted(criterion.denominator)) return false;
    const Int128 bottom =
        least(criterion.denominator, [](const Cell& cell) { return cell.value.nanos; });
    if (bottom <= 0 || bottom / kOne < criterion.at_least) return false;
    return !bounded || allow_value(criterion, below(criterion.limit.nanos * bottom));
  }

  // A count, or one by the time that was watched.
  bool counter_stays_low(const Criterion& criterion, bool bounded) {
    const Window& window = machine_.at(criterion.window);
    if (machine_.at(machine_.at(window.series).metric).kind != MetricKind::counter ||
        !counted(criterion.window)) {
      return false;
    }
    const bool has_data =
        least(criterion.window, [](const Cell& cell) { return Int128{cell.samples}; }) > 0;
    if (!has_data && !machine_.at(machine_.at(window.series).metric).default_zero) return false;
    if (criterion.measure == Measure::count) {
      return !bounded || allow_value(criterion, criterion.limit.nanos - 1);
    }
    const Duration seen = seen_of(machine_, state_, criterion, earliest_);
    if (seen <= Duration::zero()) return false;
    return !bounded || allow_value(criterion, below(criterion.limit.nanos * seen.count()));
  }

  bool allow_value(const Criterion& criterion, Int128 limit) {
    const Int128 held = most(criterion.window, [](const Cell& cell) { return cell.value.nanos; });
    return allow(criterion.window, Quiet::Allowance::kValue, limit - held);
  }

  // The observations above the limit stay too few; all of the limit's bucket may lie above it.
  bool quantile_stays_low(const Criterion& criterion, bool bounded) {
    const MetricIndex metric = machine_.at(machine_.at(criterion.window).series).metric;
    const std::vector<Fixed>& bounds = state_.metrics[metric.value].bounds;
    // A layout that is pending has buckets of its own.
    if (bounds.empty() || &bounds != &bounds_of(state_, pending_, metric)) return false;
    const Int128 samples =
        least(criterion.window, [](const Cell& cell) { return from_bucket(cell, 0); });
    if (samples <= 0 || samples < criterion.at_least) return false;
    if (!bounded) return true;
    const auto edge = std::lower_bound(bounds.begin(), bounds.end(), criterion.limit);
    const bool on_edge = edge != bounds.end() && *edge == criterion.limit;
    const auto first = static_cast<std::uint32_t>(edge - bounds.begin()) + (on_edge ? 1U : 0U);
    const Int128 above =
        most(criterion.window, [&](const Cell& cell) { return from_bucket(cell, first); });
    return allow(criterion.window, first,
                 below((kOne - criterion.quantile.nanos) * samples) - above);
  }

  bool allow(WindowIndex window, std::uint32_t first, Int128 left) {
    const bool by_time = machine_.at(window).by_time;
    quiet_.allowances_.push_back(
        {machine_.at(window).series, first, left, by_time ? lag_most(window) : Duration::max()});
    return left >= 0;
  }

  // By how much more than its width the window may reach back for what has been heard: stretches.h.
  Duration lag_most(WindowIndex index) const {
    const Window& window = machine_.at(index);
    Duration most{};
    if (!window.by_time) return most;
    for (const Stretch& stretch : state_.windows[index.value].stretches) {
      most = std::max(most, core::lag_most(stretch.end - stretch.since));
    }
    for (const CellDelta& delta : pending_.observed.deltas) {
      if (delta.series == window.series) most = std::max(most, core::lag_most(delta.span));
    }
    return most;
  }

  // ---- What a window holds at all later looks ------------------------------------------------

  // At most: all there is, but for what has left it at the first of them.
  template <class Amount>
  Int128 most(WindowIndex index, const Amount& amount) const {
    const Window& window = machine_.at(index);
    const Duration wide = window.width + window.pane + lag_most(index);
    const Time left = window.cumulative ? kDistantPast : earliest_ - wide;
    Int128 sum = sum_after(state_.windows[index.value], left, amount);
    each_pending(index, [&](const Cell& cell) { sum += amount(cell); });
    return sum;
  }
  // At least: what none of them leaves out.
  template <class Amount>
  Int128 least(WindowIndex index, const Amount& amount) const {
    const Window& window = machine_.at(index);
    const WindowState& state = state_.windows[index.value];
    const Time after = window.cumulative ? kDistantPast : latest_ - window.width;
    Int128 sum = sum_after(state, after, amount);
    const auto& cells = state.cells;
    for (std::size_t back = cells.size(); back > 0; --back) {
      const Cell& cell = cells[back - 1];
      if (cell.end <= std::max(earliest_, after)) break;
      sum -= amount(cell);
    }
    each_pending(index, [&](const Cell& cell) {
      if (cell.end > after && cell.end <= earliest_) sum += amount(cell);
    });
    return sum;
  }
  // Of the cells that end after `after`, and of all that a cumulative window has kept in its total.
  template <class Amount>
  static Int128 sum_after(const WindowState& state, Time after, const Amount& amount) {
    const Rest& rest = rest_of(state);
    const auto& cells = state.cells;
    Int128 sum = amount(rest.sum);
    for (std::size_t i = rest.left; i > 0 && cells[i - 1].end > after; --i) {
      sum += amount(cells[i - 1]);
    }
    for (std::size_t i = rest.left; i < cells.size() && cells[i].end <= after; ++i) {
      sum -= amount(cells[i]);
    }
    return sum;
  }
  template <class Take>
  void each_pending(WindowIndex index, const Take& take) const {
    const Window& window = machine_.at(index);
    for (const CellDelta& delta : pending_.observed.deltas) {
      if (delta.series == window.series && delta.reach >= window.floor) take(delta.cell);
    }
  }

  bool counted(WindowIndex window) const {
    const MetricIndex metric = machine_.at(machine_.at(window).series).metric;
    return machine_.at(metric).default_zero || named(state_, pending_, metric);
  }

  const Machine& machine_;
  const RolloutState& state_;
  const Pending& pending_;
  Quiet& quiet_;
  Time earliest_{}, latest_{};  // event times of all later looks at the criterion
};

Quiet::Quiet(const Machine& machine, const RolloutState& state, const Pending& pending) {
  if (state.finished() || !Bounds(machine, state, pending, *this).all()) end();
}

}  // namespace rollbook::core
