#include "tools/scenario/script.h"

#include <algorithm>

#include "adapters/sandbox/fault_clock.h"
#include "adapters/sandbox/label_sets.h"
#include "tools/scenario/script_names.h"
#include "tools/scenario/script_series.h"

namespace rollbook::tools {
namespace {

using dsl::Code;
using dsl::scenario::Scenario;

void read_faults(Script& script, dsl::Sink& sink) {
  for (const dsl::scenario::Fault& written : script.scenario.faults) {
    auto fault = adapters::parse_fault(written.text);
    if (!fault) {
      sink.error(Code::scenario_bad_fault, written.span, fault.error().message);
      continue;
    }
    adapters::add_kind(script.machine(), *fault, script.healthy);
    const auto shows = adapters::check_fault_of_figures(script.machine(), *fault, script.healthy);
    if (!shows) {
      const bool unfed = script.healthy.empty() && (fault->kind == adapters::FaultKind::errors ||
                                                    fault->kind == adapters::FaultKind::latency);
      sink.error(Code::scenario_bad_fault, written.span, shows.error().message,
                 unfed ? "it acts on `series healthy at …`, which this scenario does not say" : "");
    }
    script.faults.push_back(std::move(*fault));
  }
}

}  // namespace

bool Script::expects_refusal() const {
  return std::any_of(scenario.expectations.begin(), scenario.expectations.end(),
                     [](const dsl::scenario::Expectation& one) {
                       return std::holds_alternative<dsl::scenario::RefusalExpected>(one.what);
                     });
}

std::optional<Script> make_script(const Scenario& scenario,
                                  std::shared_ptr<const runtime::Plan> plan, dsl::Sink& sink) {
  const std::size_t errors = sink.errors();
  Script script;
  script.plan = std::move(plan);
  script.scenario = scenario;
  if (scenario.healthy) script.load = {scenario.healthy->peak, scenario.healthy->trough};
  resolve_series(script, sink);
  read_faults(script, sink);
  resolve_names(script, sink);
  if (sink.errors() != errors) return std::nullopt;
  return script;
}

}  // namespace rollbook::tools
