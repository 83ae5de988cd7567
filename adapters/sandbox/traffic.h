#pragma once
// Traffic: the requests of the synthetic service and what they leave behind: cumulative counters,
// histograms and gauges of each arm, and their bytes as Rollbook JSON. Integer arithmetic alone.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "adapters/sandbox/health.h"
#include "engine/core/types.h"

namespace rollbook::adapters {

// What a fault does to one arm at a time.
struct Trouble {
  core::Fixed errors;       // share of requests that fail; zero: healthy
  core::Fixed kind_errors;  // and of those that fail in that way
  std::string kind_label, kind_value;
  core::Fixed latency = core::Fixed::from_int(1);  // factor
  bool at_random = false;                          // errors come as chance has it, else evenly
  bool silent = false;
  // How its metrics are delivered (delivery.h).
  core::Fixed gaps, duplicates;  // shares of scrapes, of batches
  bool collector_away = false;
};

struct Load {
  std::int64_t peak = 900;
  std::int64_t trough = 120;
  // Requests a second in 10⁻⁹: a straight line from trough (04:00 UTC) to peak (16:00) and back.
  core::Int128 nanos_at(core::Time time) const;
};

// splitmix64 (Steele, Lea and Flood, 2014): the next of a sequence, from any seed.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  // Even over [−most, most].
  std::int64_t around_zero(std::int64_t most);
  // True for that share of all calls.
  bool happens(core::Fixed share);
  // How many come by chance where `mean`, in 10⁻⁹, come in the mean: Poisson's law.
  std::int64_t poisson(core::Int128 mean);

 private:
  std::uint64_t state_;
};

// The weights that the targets of a machine begin at, or the single one.
std::vector<core::Weight> begins_of(const core::Machine& machine);

class Traffic {
 public:
  // The weights that each target begins at, or the single one; targets share the load evenly.
  Traffic(std::vector<WireSeries> series, Load load, core::Time start, std::uint64_t seed,
          std::vector<core::Weight> weights);

  // Lets requests come in up to `now`, at the weight and with the troubles of the time before.
  void flow_until(core::Time now);
  void set_weight(core::TargetIndex target, core::Weight weight);
  core::Weight weight(core::TargetIndex target = {}) const { return weights_[row(target)]; }
  // Of `all`, those that come to an arm of a target.
  core::Int128 requests_of(Whose whose, core::TargetIndex target, core::Int128 all) const;
  Trouble& trouble(Whose whose, core::TargetIndex target = {}) {
    return troubles_[row(target)][static_cast<std::size_t>(whose)];
  }

  // From `now` on all series of `whose` say that they begin there, as after a restart of what
  // exports them: the values stay, and what came since the last lines comes with the next.
  void begin_anew(Whose whose, core::Time now) { starts_[static_cast<std::size_t>(whose)] = now; }

  // One line for each series of `whose`; "" when there is none, or it is silent. With them go
  // exemplars of what came since the last lines: every tenth request that failed or took longer
  // than a healthy one ever does, every hundredth of the slowest healthy ones, three of a series at
  // most.
  std::string lines(Whose whose, core::Time now);
  // The same as numbers, for whoever needs no bytes; `buckets` are a histogram's. In 10⁻⁹.
  struct Total {
    const WireSeries& series;
    core::Int128 count;
    const std::vector<core::Int128>& buckets;
  };
  std::size_t size() const { return kept_.size(); }
  Total total(std::size_t index) const {
    return {kept_[index].series, kept_[index].count, kept_[index].buckets};
  }
  bool silent(Whose whose, core::TargetIndex target) const {
    return troubles(whose, target).silent;
  }
  // A little more or less traffic from here on, as it is in life.
  void vary();

 private:
  struct Kept {
    WireSeries series;
    std::string prefix;                 // of its line, up to the value
    core::Int128 count = 0;             // counters: in 10⁻⁹
    std::vector<core::Int128> buckets;  // histograms: in 10⁻⁹
    std::vector<std::int64_t> shares;   // of a request, by bucket, at `shares_factor`
    core::Fixed shares_factor;
    std::vector<std::int64_t> traced_permille;  // histograms: of the requests of a bucket
    std::int64_t traced = 0;                    // requests, up to the last lines
  };

  static std::size_t row(core::TargetIndex target) { return target.valid() ? target.value : 0; }
  const Trouble& troubles(Whose whose, core::TargetIndex target) const {
    return troubles_[row(target)][static_cast<std::size_t>(whose)];
  }
  void flow(Kept& kept, core::Int128 requests, core::Int128 per_second);
  static core::Fixed effective(const Kept& kept, const Trouble& trouble, core::Int128 per_second);
  static void update_shares(Kept& kept, core::Fixed factor);
  void write_value(const Kept& kept, std::string& line) const;
  void write_exemplars(Kept& kept, core::Time now, std::string& line);
  core::Fixed slow_value(const Kept& kept);

  std::vector<Kept> kept_;
  Load load_;
  std::array<core::Time, 3> starts_;  // by arm
  std::array<core::Time, 3> told_;    // by arm: when lines were last asked for
  core::Time now_;
  Random random_;
  Random traces_;  // its own: what is traced must not change the traffic
  std::vector<core::Weight> weights_;
  std::int64_t permille_ = 1000;                  // of the load, at present
  std::vector<std::array<Trouble, 3>> troubles_;  // by target and arm
};

}  // namespace rollbook::adapters
