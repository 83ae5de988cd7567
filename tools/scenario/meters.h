#pragma once
// Meters: the series of a scenario, counted through virtual time and read at every scrape. Healthy
// series flow as the sandbox's do (adapters/sandbox/traffic.h), given ones as they are given.
// Exact integers; numbers go to the engine without a detour over bytes.

#include <map>

#include "tools/scenario/script.h"
#include "tools/scenario/service.h"

namespace rollbook::tools {

class Meters final : public Service {
 public:
  // `script` must outlive it.
  Meters(const Script& script, core::Time begin);

  core::Time next() const override;
  void run_until(core::Time now, runtime::PointBatch& batch) override;
  void set_weight(core::TargetIndex target, core::Weight weight) override;
  void mark(const std::string& stage, core::Time now) override;
  void suffer(const adapters::FaultClock& faults, core::Time now) override;

 private:
  struct Counted {
    const GivenSeries* series = nullptr;
    std::size_t phase = 0;
    core::Int128 count = 0;                  // counters: in 10⁻⁹
    std::vector<core::Int128> buckets;       // histograms: in 10⁻⁹
    std::vector<std::int64_t> shares;        // of an observation, by bucket, in 10⁻⁹
    std::map<std::size_t, core::Time> ends;  // of phases, as far as they are known
    const dsl::scenario::Level& level() const { return series->phases[phase].level; }
  };

  void flow_until(core::Time now);
  void flow(Counted& counted, core::Duration passed) const;
  void turn_phases(core::Time now);
  void enter(Counted& counted);
  core::Int128 requests_of(const GivenSeries& series) const;  // a second, in 10⁻⁹
  void read(runtime::PointBatch& batch);
  void put_healthy(runtime::PointBatch& batch, std::size_t index);
  void put_given(runtime::PointBatch& batch, std::size_t index);
  void put(runtime::PointBatch& batch, std::size_t number, core::MetricKind kind,
           const std::vector<core::Int128>& buckets, const std::vector<core::Fixed>& bounds,
           core::Fixed value);
  void name_series(runtime::PointBatch& batch);
  runtime::LayoutNumber layout_of(const std::vector<core::Fixed>& bounds);

  const Script& script_;
  core::Time begin_;
  core::Time now_;
  core::Time scrape_at_;
  core::Duration scrape_every_;
  adapters::Traffic traffic_;
  std::vector<Counted> counted_;
  std::vector<runtime::LayoutNumber> layouts_;  // by series, healthy ones first
  std::vector<std::vector<core::Fixed>> bounds_;
  bool named_ = false;
  std::int64_t offset_ = 0;
};

}  // namespace rollbook::tools
