#pragma once
// Runbooks of one stage at the whole traffic, and studies of them, for tests.

#include <gtest/gtest.h>

#include <string>

#include "dsl/compiler.h"
#include "tools/power/study.h"

namespace rollbook::power {

// One stage at the whole traffic, so that the load is the canary's.
inline core::Machine machine(const std::string& stop, const std::string& expect = "",
                             const std::string& hold = "2h") {
  const std::string text = R"(edition 1
runbook shop_canary {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  role owner
  metric requests = counter shop_requests_total
  metric errors   = counter shop_errors_total default 0
  metric latency  = histogram shop_seconds
  metric queue    = gauge max shop_queue
  guard {
    )" + stop + R"(
    otherwise rollback automatic
  }
  stage whole {
    traffic 100%
    hold )" + hold + "\n    " +
                           expect + R"(
    within 1h otherwise rollback automatic
  }
  rollback automatic { traffic 0% }
}
)";
  const runtime::Compiled compiled = dsl::Compiler().compile("shop.runbook", text, {});
  std::string said;
  for (const runtime::Diagnostic& found : compiled.diagnostics) said += found.message + "\n";
  EXPECT_TRUE(compiled.plan.has_value()) << said;
  return compiled.plan ? compiled.plan->machine : core::Machine{};
}

inline const CriterionReport& of(const Report& report, const std::string& id) {
  for (const CriterionReport& each : report.criteria) {
    if (each.id == id) return each;
  }
  ADD_FAILURE() << "no criterion " << id;
  return report.criteria.front();
}

inline Report study(const core::Machine& machine, double per_second, const Settings& settings) {
  const auto made = Study::of(machine, {{"peak", per_second}}, settings);
  EXPECT_TRUE(made.has_value());
  return made->run({});
}

}  // namespace rollbook::power
