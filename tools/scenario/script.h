#pragma once
// Script: a scenario made ready for one machine: every name looked up, every series given its
// kind, arm and bounds. What the runbook has no answer to is reported at its place.
//
//   if (const auto script = make_script(scenario, plan, sink)) run(*script, …);

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/sandbox/fault.h"
#include "adapters/sandbox/health.h"
#include "adapters/sandbox/traffic.h"
#include "dsl/diagnostics.h"
#include "dsl/scenario.h"
#include "engine/runtime/plan_compiler.h"

namespace rollbook::tools {

// A series that the scenario gives by hand.
struct GivenSeries {
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;  // sorted
  core::MetricKind kind = core::MetricKind::counter;
  adapters::Whose whose = adapters::Whose::all;  // whose requests a share is of
  core::TargetIndex target;                      // whose traffic; invalid: there are none
  core::Fixed unit;                              // of the wire, in seconds (histograms, gauges)
  std::vector<core::Fixed> bounds;               // histograms, in the wire's unit
  std::vector<dsl::scenario::Phase> phases;
};

struct Script {
  std::shared_ptr<const runtime::Plan> plan;
  dsl::scenario::Scenario scenario;
  adapters::Load load;
  std::vector<adapters::WireSeries> healthy;  // without what is given by hand
  std::vector<GivenSeries> given;
  std::vector<adapters::Fault> faults;
  // By expectation, where it is about a state: true for those that fit, by index. And about a
  // verdict: the criterion.
  std::vector<std::vector<bool>> states;
  std::vector<core::CriterionIndex> criteria;

  const core::Machine& machine() const { return plan->machine; }
  // Whether the rollout need not start.
  bool expects_refusal() const;
};

// `params` with those of the scenario in place of, or behind, others of their name.
std::vector<core::Argument> params_of(const dsl::scenario::Scenario& scenario,
                                      std::vector<core::Argument> params);

// What is said where no runbook of that name was found; `there`: those that were.
std::string no_runbook(const std::string& scenario_path, const std::string& name,
                       const std::vector<std::string>& there);
// "the runbook has errors: …", of one that has.
std::string first_error(const runtime::Compiled& compiled);
// Reports it where the scenario names the runbook.
void tell_unsound(const dsl::scenario::Scenario& scenario, const std::string& runbook_path,
                  const std::string& error, dsl::Sink& sink);

// Nothing when anything was reported.
std::optional<Script> make_script(const dsl::scenario::Scenario& scenario,
                                  std::shared_ptr<const runtime::Plan> plan, dsl::Sink& sink);

}  // namespace rollbook::tools
