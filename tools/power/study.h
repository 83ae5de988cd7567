#pragma once
// Study: how often a runbook stops a healthy canary, and how soon it notices a sick one: for each
// criterion, for the guard as a whole, at each load. Where a formula exists it is asked
// (dsl/false_alarms.h); all else is tried in the engine's own core (rehearsal.h).
//
//   TRY(const Study study, Study::of(machine, loads, {}));
//   const Report report = study.run([](std::uint64_t done, std::uint64_t total) {…});

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/core/machine.h"
#include "tools/power/load.h"
#include "tools/power/rehearsal.h"

namespace rollbook::power {

// How a chance is known.
enum class How : std::uint8_t {
  unknown,    // not at all
  formula,    // of the chance itself
  bound,      // a formula that gives an upper bound: `most`
  promised,   // at most α, whatever the traffic: the property of its test
  simulated,  // `least` and `most`: Wilson's 95 % interval
};
struct Chance {
  How how = How::unknown;
  double likely = 0;  // nothing is known of it where it is a bound
  double least = 0, most = 1;
};

// From when on a canary is what it is. Neither is always noticed later: a full window of what was
// healthy hides what is sick, and a test that has seen little takes it for a burst.
enum class Since : std::uint8_t {
  shift,  // the beginning of the stage
  later,  // it was healthy for a while
};

// What was noticed of a canary that became sick.
struct Notice {
  double multiple = 0;  // as Sickness takes it
  Since since = Since::shift;
  double rate = 0;        // what the canary had, in the terms of its model
  bool none = false;      // there is none so sick: the share would lie above 100 %
  double noticed = 0;     // the share of runs that noticed before `horizon`, or the chance
  double requests = 0;    // the median, of those that noticed; of a level, of what is counted
  core::Duration time{};  // the median
  core::Duration late{};  // nine of ten noticed until then
};

struct AtLoad {
  Load load;
  double healthy = 0;          // what a healthy canary has then, in the terms of its model
  Chance alarm;                // of a healthy canary: stopped by it, or not passed
  std::optional<Notice> pass;  // of a gate's test: a healthy canary has passed it
  std::vector<Notice> after;   // by rising multiple
};

// What is judged, and what is healthy and what is sick in its eyes.
struct CriterionReport : Model {
  core::CriterionIndex index;
  std::string id, text;
  core::CriterionKind kind = core::CriterionKind::stop;
  std::string stage;                      // where it is first judged, and noticing is tried
  std::string target;                     // that it speaks of; "": of all, or there are none
  Weights weights;                        // there
  core::Weight weight;                    // of its target, else the highest of them
  std::string traffic;                    // the same for people: "10%", "eu 10%"
  bool at_review = false;                 // one look at a whole window
  core::Duration horizon{};               // noticing is tried for so long
  std::optional<core::Duration> silence;  // of `absent`: noticed after that, with no request
  std::vector<AtLoad> loads;
};

struct TargetPlan {
  std::string target;
  Chance stopped;  // its own guard rolls it back
};
struct PlanReport {
  Load load;
  Chance stopped;  // a guard ends the rollout of a healthy canary, or of one target of it
  std::vector<TargetPlan> targets{};
  Chance not_passed;  // some review does not pass at once
  // Left out, because nothing is known of them: stops, and criteria of reviews.
  std::size_t stops_untold = 0, reviews_untold = 0;
};

struct Report {
  std::string runbook;
  core::Duration watched{};  // all holds
  std::vector<CriterionReport> criteria;
  std::vector<PlanReport> plan;
  std::vector<std::string> targets;
  bool shared_evenly = false;  // the load among them, as nobody said otherwise
  core::Duration every{};      // as in Settings
  int runs = 0;
  std::uint64_t seed = 0;
};

struct Settings {
  double healthy = 0.2;                         // of what each limit allows
  std::optional<double> healthy_rate;           // the same for each ratio
  std::map<std::string, double> healthy_rates;  // by a criterion's id
  std::map<std::string, Latency> latencies;     // the same: as they were recorded
  std::map<std::string, Level> levels;
  std::vector<double> multiples{2, 5, 20};
  core::Duration every = std::chrono::seconds(5);  // points of a series; whole seconds
  int runs = 201;
  std::uint64_t seed = 1;
};

// A stage as far as it matters here.
struct Watch {
  std::string stage;
  core::StateIndex state;
  Weights weights;
  core::Duration time{};  // its hold, or else the longest window that is looked at in it
};

// Of so many runs, with Wilson's 95 % interval.
Chance interval(std::int64_t hits, std::int64_t runs);

using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// A bound below this needs no simulation to be believed.
inline constexpr double kNegligible = 0.005;

class Study {
 public:
  // Error: a rate for an unknown criterion, or for one that has none. `machine` must outlive it.
  static core::Result<Study> of(const core::Machine& machine, std::vector<Load> loads,
                                Settings settings);

  Report run(const Progress& progress) const;
  // All that is judged, without what is found out about it.
  std::vector<CriterionReport> criteria() const;
  // How often it speaks against a healthy canary, by formula or promise alone.
  Chance alarm_of(const CriterionReport& criterion, const Load& load) const;
  // How soon a canary at `multiple` times the limit is noticed. Of a guard the later of two: sick
  // since the shift, and healthy before.
  Notice notice_of(const CriterionReport& criterion, const Load& load, double multiple) const;
  // The same of one of these.
  Notice notice_of(const CriterionReport& criterion, const Load& load, double multiple,
                   Since since) const;
  // The chance to notice a canary at `multiple` times the limit within the horizon, by simulation;
  // of both the lower one.
  double chance_to_notice(const CriterionReport& criterion, const Load& load,
                          double multiple) const;

  const std::string& runbook() const { return machine_.name; }
  const std::vector<Load>& loads() const { return loads_; }
  const Settings& settings() const { return settings_; }

 private:
  // What ends a rollout: all of these fail at the same instant.
  struct Alarm {
    std::vector<core::CriterionIndex> all;
    core::TargetIndex target{};  // whose; invalid: of all
  };

  Study(const core::Machine& machine, std::vector<Load> loads, Settings settings);
  void find_watches();
  void find_alarms();
  CriterionReport describe(core::CriterionIndex index) const;
  void find_place(CriterionReport& report) const;
  std::optional<double> given_rate(const core::Criterion& criterion) const;
  bool guards(core::CriterionIndex index, const Watch& watch) const;
  // Windows of a guard begin with the first shift, where there is one: of its target, else of any.
  bool has_begun(const Watch& watch, core::TargetIndex target) const;
  void set_place(const Weights& weights, CriterionReport& report) const;

  // What a healthy canary has at that load, in the terms of its model.
  double healthy_at(const CriterionReport& criterion, const Load& load) const;
  Chance guard_alarm(const CriterionReport& criterion, const Load& load) const;
  Chance review_alarm(const CriterionReport& criterion, const Load& load) const;
  // The healthy canary through all stages, with those whose formula leaves room.
  void simulate_plan(std::size_t load, Report& report, const std::function<void()>& tick) const;
  struct Rehearsed {
    Chance any;
    std::vector<Chance> of_targets;  // of their own alarms
  };
  Rehearsed rehearse(std::size_t load, const std::vector<Alarm>& alarms, Report& report,
                     const std::function<void()>& tick) const;
  // What failed at some time of one run, and the numbers of the alarms that were raised.
  struct Fallen {
    std::set<core::CriterionIndex> criteria;
    std::set<std::size_t> alarms;
  };
  Fallen walk_stages(const std::vector<Alarm>& alarms,
                     const std::map<core::CriterionIndex, Model>& all, Traffic traffic,
                     Draw& draw) const;
  Chance combine(const std::vector<Chance>& parts) const;

  // The same by trying, where no formula tells it of a review.
  Chance tried_at_review(const CriterionReport& criterion, const Load& load, double rate) const;
  bool fails_review(const CriterionReport& criterion, const Load& load, double rate,
                    std::uint64_t number) const;
  std::optional<Notice> pass_of(const CriterionReport& criterion, const Load& load) const;
  Notice notice_at_review(const CriterionReport& criterion, const Load& load,
                          double multiple) const;
  struct Run {
    bool noticed = false;
    double requests = 0;
    core::Duration time{};
  };
  // What is tried of a criterion: until it is noticed, or passes.
  struct Trial {
    core::Verdict until = core::Verdict::fail;
    double rate = 0;
    Since since = Since::shift;
    core::Duration horizon{};  // a run goes on for so long at most
  };
  Run run_one(const CriterionReport& criterion, const Load& load, const Trial& trial,
              std::uint64_t number) const;
  core::Duration healthy_before(const CriterionReport& criterion, Since since) const;
  // How far apart points come, when it has been what it is for `so_far`.
  core::Duration points_apart(const CriterionReport& criterion, core::Duration so_far) const;
  core::Duration patience_of(const CriterionReport& criterion, core::Verdict until) const;
  // The medians of all runs.
  Notice tried(const CriterionReport& criterion, const Load& load, const Trial& trial) const;
  // Requests a second of what it judges: with those weights, or where it is first judged.
  double flow_of(core::CriterionIndex index, const Load& load, const Weights& weights) const;
  double flow_of(const CriterionReport& criterion, const Load& load) const;
  // Of requests that tell one run from another.
  Draw draw_of(const CriterionReport& criterion, const Load& load, double rate,
               std::uint64_t number) const;

  const core::Machine& machine_;
  std::vector<Load> loads_;  // of each target
  bool shared_evenly_ = false;
  Settings settings_;
  std::vector<Watch> watches_;
  std::vector<Alarm> alarms_;
};

}  // namespace rollbook::power
