#pragma once
// Delivery: a service of two arms whose metrics reach a Rehearsal as they do in life. Each process
// has totals of its own; what becomes of them on the way comes from a seed: scrapes are lost,
// batches come twice or late, Collectors and processes restart, series get other labels, the topic
// gets more partitions, nothing is scraped for a while, the engine's clock is stepped.
//
//   Rehearsal r(runbook);
//   Delivery delivery(r, seed);
//   delivery.start();
//   delivery.run_for(3h);
//   delivery.breaks = Delivery::Break::errors;      // of the canary, from now on
//
// The service itself is even, so that chance is not mistaken for delivery: the canary has 100
// requests a second of 500, 0.02 % errors, 10 % orders and a p99 of 9.8 ms.

#include <deque>
#include <random>

#include "tests/scenarios/rehearsal.h"

namespace rollbook::tests {

class Delivery {
 public:
  enum class Break { none, errors, slow, no_orders, flood };

  Delivery(Rehearsal& rehearsal, std::uint64_t seed);

  // Some minutes in which all is well, then the rollout's start.
  void start();
  // Until the rollout has ended, or so long.
  void run_for(core::Duration duration);
  // The ills that the seed has brought, for people: "delta, 12% lost, outage at 41m for 7m".
  const std::string& ills() const { return ills_; }

  Break breaks = Break::none;

 private:
  // How senders say since when they count.
  enum class Starts { none, of_process, first_seen };
  enum class Kind { collector, process, relabel, partitions, outage, clock };
  struct Ill {
    core::Time at{};
    Kind kind = Kind::outage;
    core::Duration span{};
    std::size_t of = 0;  // a process, or an arm; 2: both
    bool flag = false;   // collector: start times are told anew though the first points are lost
  };
  struct Process {
    std::string arm, name;
    core::Time began{};
    std::array<std::int64_t, 3> millis{};  // requests, errors, orders, in thousandths
    std::vector<std::int64_t> buckets;
    // As its Collector sees it.
    core::Time seen_from = core::kDistantPast;
    std::array<std::int64_t, 3> told{};  // at the last export; delta alone
    std::vector<std::int64_t> told_buckets;
    core::Time told_at{};
  };
  struct Parcel {
    core::Time at{};
    std::vector<Rehearsal::Sent> points;
    std::int32_t partition = 0;
  };

  double random();
  std::int64_t between(std::int64_t from, std::int64_t to);
  void plan(core::Duration most);
  void befall(const Ill& ill);
  void serve(Process& process, core::Duration time) const;
  void scrape(Process& process);
  std::vector<Rehearsal::Sent> export_of(Process& process);
  void send(std::vector<Rehearsal::Sent> points);
  void hand_over();

  Rehearsal& rehearsal_;
  std::mt19937_64 engine_;
  std::string ills_;
  bool delta_ = false;
  Starts starts_ = Starts::none;
  double lost_ = 0, doubled_ = 0, late_ = 0;
  core::Duration every_{};
  std::deque<Ill> planned_;
  std::vector<Process> processes_;
  std::vector<Parcel> parcels_;
  std::array<core::Time, 2> away_until_{};  // by arm
  std::string zone_;
  std::size_t lose_ = 0;  // of the next scrapes
  bool scattered_ = false, started_ = false;
  core::Time served_to_;
};

}  // namespace rollbook::tests
