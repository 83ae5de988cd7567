#pragma once
// Recording: metrics that were recorded once, played again at their own times. Lines of Rollbook
// JSON (contract.md), each with a `time`. Faults are laid over what was recorded: silence leaves
// points and their exemplars out; errors count a share of the recorded requests of an arm in a
// series of their own, of each target by itself; latency spreads each increment of a histogram over
// slower buckets.

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapters/sandbox/health.h"
#include "tools/scenario/service.h"

namespace rollbook::tools {

class Recording final : public Service {
 public:
  // Error: a line that is no metric, or has no time; names its number. `machine` must outlive it.
  static core::Result<Recording> read(const core::Machine& machine, const std::string& text);
  // Error: the machine has no ratio that errors could raise. Before the first run_until().
  core::Status lay_over_errors();

  core::Time begin() const { return points_.front().end; }
  core::Time end() const { return points_.back().end; }
  std::size_t size() const { return points_.size(); }
  // Of the machine's metrics, those that no point feeds.
  std::vector<std::string> unfed() const;
  // Of those, a histogram whose points are exponential ones; "": there is none.
  std::string exponential() const;

  core::Time next() const override;
  void run_until(core::Time now, runtime::PointBatch& batch) override;
  // What was recorded has its weights in it.
  void set_weight(core::TargetIndex, core::Weight) override {}
  void mark(const std::string&, core::Time) override {}
  void suffer(const adapters::FaultClock& faults, core::Time now) override;

 private:
  struct Known {
    adapters::Whose whose = adapters::Whose::all;
    core::TargetIndex target;  // invalid: of none
    std::vector<core::MetricIndex> feeds;
    core::Int128 value = 0;             // counters: the last
    std::vector<std::int64_t> buckets;  // histograms: the last
    std::vector<std::int64_t> slowed;   // cumulative histograms: what goes out
  };
  // Errors laid over: one series an arm of a target, and numerator.
  struct Errors {
    core::MetricIndex denominator;
    adapters::Whose whose = adapters::Whose::all;
    core::TargetIndex target;
    std::uint32_t number = 0;
    core::Int128 count = 0;  // in 10⁻⁹
  };

  explicit Recording(const core::Machine& machine)
      : machine_(machine), troubles_(1 + machine.targets.size()) {}
  void put_in_order(std::vector<runtime::MetricPoint> points,
                    std::vector<runtime::PointExemplar> exemplars);
  void learn();
  void put(const runtime::MetricPoint& point, runtime::PointBatch& batch);
  void put_exemplars(runtime::PointBatch& batch, bool sent);
  void put_buckets(const runtime::MetricPoint& point, runtime::PointBatch& batch);
  void put_errors(runtime::PointBatch& batch, core::Time now);
  core::Int128 increment(Known& known, const runtime::MetricPoint& point) const;
  const adapters::Trouble& trouble(adapters::Whose whose, core::TargetIndex target) const {
    return troubles_[target.valid() ? target.value + 1 : 0][static_cast<std::size_t>(whose)];
  }

  const core::Machine& machine_;
  std::vector<runtime::SeriesName> names_;
  std::vector<std::vector<core::Fixed>> layouts_;
  std::vector<runtime::MetricPoint> points_;  // by time
  std::vector<std::int64_t> buckets_;
  std::vector<runtime::PointExemplar> exemplars_;  // by rising point of `points_`
  std::vector<Known> known_;                       // by series
  std::vector<Errors> errors_;
  std::vector<std::array<adapters::Trouble, 3>> troubles_;  // of no target, of each; by Whose
  std::size_t next_ = 0, next_exemplar_ = 0;
  std::int64_t offset_ = 0;
};

// `counts` of observations on `bounds`, each `factor` times as slow; the sum is kept.
std::vector<std::int64_t> slowed(const std::vector<core::Fixed>& bounds,
                                 const std::vector<std::int64_t>& counts, core::Fixed factor);

}  // namespace rollbook::tools
