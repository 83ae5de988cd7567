#include "engine/core/arm_steps.h"

#include <algorithm>
#include <array>

#include "engine/core/common_time.h"
#include "engine/core/evenly.h"
#include "engine/core/gaps.h"
#include "engine/core/judge.h"
#include "engine/core/limits.h"
#include "engine/core/trials.h"

namespace rollbook::core {
namespace {

using stats::Step;

// Events and exposure of the judged side, then of the other.
constexpr std::size_t kParts = 4;
using Totals = std::array<Fixed, kParts>;

std::int64_t whole(Fixed value) { return static_cast<std::int64_t>(value.nanos / Fixed::kScale); }

// What came in a pane, on one of the parts.
struct Came {
  Time end{};
  std::size_t part = 0;
  Fixed value;
  std::int64_t samples = 0;
};

// The window of each part; of `unchanged` the other side is the same one `lag` ago, and where it
// has no denominator exposure is time.
struct Source {
  WindowIndex window;
  Duration later = Duration::zero();  // than in the window
};
std::array<Source, kParts> sources_of(const Criterion& criterion) {
  if (criterion.test == Test::unchanged) {
    return {Source{criterion.window}, Source{criterion.denominator},
            Source{criterion.window, criterion.lag}, Source{criterion.denominator, criterion.lag}};
  }
  return {Source{criterion.window}, Source{criterion.denominator}, Source{criterion.other},
          Source{criterion.other_denominator}};
}

class Walk {
 public:
  explicit Walk(const Subject& subject)
      : subject_(subject),
        criterion_(subject.criterion),
        test_(subject.state.tests[subject.index().value]),
        past_(criterion_.test == Test::unchanged),
        pane_(past_ ? subject.machine.at(criterion_.window).pane : kPaneMin),
        least_(past_ ? even_step(subject) : Duration::zero()),
        from_(test_.cut) {
    const std::vector<std::int64_t>& at_start = test_.starts.front().counts;
    for (std::size_t part = 0; part < kParts && !past_; ++part) {
      if (part < at_start.size()) counted_[part] += at_start[part];
      if (part < test_.counts.size()) counted_[part] += test_.counts[part];
    }
  }

  ArmSteps steps() {
    Time cut = cut_of(subject_);
    if (past_) cut -= cut.time_since_epoch() % pane_;
    if (cut > from_) walk(cut);
    if (!past_) answer();
    return std::move(steps_);
  }

 private:
  void walk(Time cut) {
    gather(cut);
    begin(cut);
    auto next = came_.begin();
    while (next != came_.end() && next->end <= cut) {
      const Time end = next->end;
      for (; next != came_.end() && next->end == end; ++next) take(*next);
      close(end);
    }
    if (past_) {
      if (from_ < cut) close(cut);  // nothing may have come all the while
    } else {
      for (; next != came_.end(); ++next) take(*next);
      open(cut);
    }
  }

  // What came after the test's cut, up to `cut`; in the order of panes.
  void gather(Time cut) {
    const auto sources = sources_of(criterion_);
    for (std::size_t part = 0; part < kParts; ++part) {
      const auto [index, later] = sources[part];
      if (!index.valid()) continue;
      const Window& window = subject_.machine.at(index);
      const bool observations = subject_.metric_of(index).kind == MetricKind::histogram;
      const auto take = [&, later = later](const Cell& cell) {
        const Time end = ceil_to(cell.end + later, pane_);
        if (end <= from_ || (past_ ? end > cut : cell.latest > cut)) return;
        const Fixed counted = observations ? Fixed::from_int(cell.samples) : cell.value;
        came_.push_back({end, part, counted, cell.samples});
      };
      const Cells& cells = subject_.state.windows[index.value].cells;
      for (std::size_t back = cells.size(); back > 0; --back) {
        if (ceil_to(cells[back - 1].end + later, pane_) <= from_) break;
        take(cells[back - 1]);
      }
      const auto take_pending = [&](const std::vector<CellDelta>& deltas) {
        for (const CellDelta& delta : deltas) {
          if (delta.series == window.series && delta.reach >= window.floor) take(delta.cell);
        }
      };
      const std::vector<CellDelta>& pending = subject_.pending.observed.deltas;
      if (spread_most(subject_.machine, window) == Duration::zero()) {
        take_pending(pending);
      } else {
        take_pending(evenly(subject_.machine, subject_.state, index, pending));
      }
    }
    std::sort(came_.begin(), came_.end(),
              [](const Came& a, const Came& b) { return a.end < b.end; });
  }
  // Where the parts stood at the test's cut. What came late to before it is part of the first step.
  void begin(Time cut) {
    if (past_) return;
    const auto sources = sources_of(criterion_);
    for (std::size_t part = 0; part < kParts; ++part) {
      total_[part] = subject_.sum(sources[part].window, cut).value;
    }
    for (const Came& came : came_) total_[came.part].nanos -= came.value.nanos;
  }

  void take(const Came& came) {
    total_[came.part] += came.value;
    (came.part < 2 ? points_ : past_points_) += came.samples;
  }

  Step step_to(Time end) const {
    const auto count = [&](std::size_t part) {
      const bool timed = part % 2 == 1 && !sources_of(criterion_)[part].window.valid();
      return timed ? std::int64_t{(end - from_).count()} : whole(total_[part]) - counted_[part];
    };
    return {count(0), count(1), count(2), count(3)};
  }
  void go_on(Time end, bool skipped, const Step& step) {
    steps_.over.push_back({end, skipped, step});
    from_ = end;
    for (std::size_t part = 0; part < kParts; ++part) counted_[part] = whole(total_[part]);
    points_ = past_points_ = 0;
  }
  // Events without exposure wait for it: they belong to one step.
  void close(Time end) {
    if (past_ && !is_heard(end)) return go_on(end, true, {});
    if (past_ && (!has_points() || end - from_ < least_)) return;
    const Step step = step_to(end);
    if (step.exposure > 0 && step.other_exposure > 0) go_on(end, false, step);
  }
  void open(Time cut) {
    const Step step = step_to(cut);
    if (step.exposure > 0 && step.other_exposure > 0) steps_.open = ArmStep{cut, false, step};
  }

  // The newest step once more, with all of the other arm up to its first point behind it.
  void answer() {
    const Part& judged = test_.spread.last_judged;
    const Part& other = test_.spread.last_other;
    ArmStep newest{
        test_.cut, false, {judged.events, judged.exposure, other.events, other.exposure}};
    if (!steps_.over.empty()) newest = steps_.over.back();
    if (steps_.open) newest = *steps_.open;
    if (newest.step.exposure <= 0) return;
    const Time until = answered_at(subject_, criterion_.other_denominator, newest.cut);
    // Of an open step nothing is counted yet, of one that is over its own part is.
    const auto answer_of = [&](std::size_t part, std::int64_t own) {
      const WindowIndex window = sources_of(criterion_)[part].window;
      const std::int64_t came = whole(subject_.sum(window, until).value) - counted_[part];
      return steps_.open ? came : own + came;
    };
    Step answered = newest.step;
    answered.other_events = answer_of(2, newest.step.other_events);
    answered.other_exposure = answer_of(3, newest.step.other_exposure);
    if (answered.other_exposure <= newest.step.other_exposure) return;
    steps_.newest = newest.step;
    steps_.answered = answered;
  }

  // Silence is no change, and neither is what comes at once after it: a step of `unchanged` counts
  // when neither its present nor its past holds a gap, and its past is still in the window.
  bool is_heard(Time to) const {
    if (to - from_ > criterion_.lag + subject_.state.limits.grace) return false;
    if (may_be_silent(subject_.machine, criterion_)) return true;
    // The first total of a counter is only a base: what came before it was not counted.
    const SeriesIndex series = fed_by(subject_.machine, criterion_);
    const auto& named = subject_.state.metrics[subject_.machine.at(series).metric.value].named;
    if (!criterion_.denominator.valid() && named && from_ - criterion_.lag < *named) return false;
    const std::vector<Gap> gaps = gaps_of(subject_.state, subject_.pending, series);
    return std::none_of(gaps.begin(), gaps.end(), [&](const Gap& gap) {
      const auto touches = [&](Duration back) {
        return gap.from < to - back && gap.to > from_ - back;
      };
      return touches(Duration::zero()) || touches(criterion_.lag);
    });
  }
  // Counts without requests have time as exposure, which goes on between two points of a series: a
  // step waits until both of its sides have one, or the rhythm of the points would look like
  // bursts.
  bool has_points() const {
    if (criterion_.denominator.valid() || may_be_silent(subject_.machine, criterion_)) return true;
    return points_ > 0 && past_points_ > 0;
  }

  const Subject& subject_;
  const Criterion& criterion_;
  const TestState& test_;
  bool past_;
  Duration pane_;
  Duration least_;  // a step takes
  Time from_;       // where the last step ended
  std::vector<Came> came_;
  Totals total_{};
  std::array<std::int64_t, kParts> counted_{};  // up to `from_`
  std::int64_t points_ = 0, past_points_ = 0;   // since then
  ArmSteps steps_;
};

}  // namespace

bool has_arm_steps(const Criterion& criterion) {
  return criterion.test == Test::two_rates || criterion.test == Test::unchanged;
}

ArmSteps arm_steps(const Subject& subject) {
  if (subject.state.tests[subject.index().value].starts.empty()) return {};
  return Walk(subject).steps();
}

std::vector<Alternatives> alternatives_of(const Criterion& criterion) {
  const auto far = [] {
    const auto multiples = stats::far_above();
    return std::vector<double>(multiples.begin(), multiples.end());
  };
  const double one = 1e9;
  if (criterion.test == Test::unchanged) {
    const double p = static_cast<double>(criterion.tolerance.nanos) / one;
    return {{stats::below(criterion.tolerance), stats::above(criterion.tolerance), 1 + p},
            {stats::below(criterion.tolerance), stats::above(criterion.tolerance), 1 / (1 - p)}};
  }
  const double factor = static_cast<double>(criterion.factor.nanos) / one;
  const Fixed margin{std::max<Int128>(criterion.factor.nanos - Fixed::kScale, 0)};
  Alternatives sums{far(), {}, factor};
  if (!says_greater(criterion.comparison)) sums.proof = stats::below(margin);
  if (criterion.kind == CriterionKind::expect) {
    sums.contrary = says_greater(criterion.comparison) ? stats::below(margin) : far();
  }
  return {sums};
}

void add_logs(const stats::Step& step, const Criterion& criterion,
              std::vector<std::int64_t>& logs) {
  const stats::Step turned{step.other_events, step.other_exposure, step.events, step.exposure};
  std::size_t at = 0;
  const auto take = [&](const stats::Step& each, double bound,
                        const std::vector<double>& multiples) {
    for (const double multiple : multiples) {
      if (logs.size() == at) logs.push_back(0);
      stats::add_log(stats::pico_nats(stats::log_step(each, bound, multiple)), logs[at++]);
    }
  };
  const std::vector<Alternatives> all = alternatives_of(criterion);
  for (std::size_t side = 0; side < all.size(); ++side) {
    const stats::Step& each = side == 0 ? step : turned;
    take(each, all[side].bound, all[side].proof);
    take(each, all[side].bound, all[side].contrary);
  }
}

}  // namespace rollbook::core
