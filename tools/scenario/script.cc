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

std::vector<core::Argument> params_of(const dsl::scenario::Scenario& scenario,
                                      std::vector<core::Argument> params) {
  for (const dsl::scenario::GivenParam& given : scenario.params) {
    std::erase_if(params, [&](const core::Argument& one) { return one.name == given.name.text; });
    params.push_back({given.name.text, given.value});
  }
  return params;
}

std::string no_runbook(const std::string& scenario_path, const std::string& name,
                       const std::vector<std::string>& there) {
  const std::size_t slash = scenario_path.rfind('/');
  const std::string place = slash == std::string::npos ? "." : scenario_path.substr(0, slash);
  const std::string meant = dsl::closest(name, there);
  return "no runbook `" + name + "` in " + place + ", " + place + "/plans or plans" +
         (meant.empty() ? "" : ", did you mean `" + meant + "`?");
}

std::string first_error(const runtime::Compiled& compiled) {
  for (const runtime::Diagnostic& found : compiled.diagnostics) {
    if (found.severity != runtime::Severity::error) continue;
    return "the runbook has errors: " + found.file + ":" + std::to_string(found.span.line) + ":" +
           std::to_string(found.span.column) + ": " + found.message;
  }
  return "";
}

void tell_unsound(const Scenario& scenario, const std::string& runbook_path,
                  const std::string& error, dsl::Sink& sink) {
  sink.error(Code::scenario_no_runbook, scenario.runbook.span, error,
             "`rollbook check " + runbook_path + "` shows all findings");
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
