#pragma once
// A small runbook and scenarios for it, for the tests of playing.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "dsl/compiler.h"
#include "store/memory_event_log.h"
#include "tools/scenario/meters.h"
#include "tools/scenario/play.h"
#include "tools/scenario/verdict.h"

namespace rollbook::tests {

inline constexpr char kStage[] = R"(edition 1
runbook shop_canary {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  role owner, lead
  metric requests = counter shop_requests_total
  metric errors   = counter shop_errors_total default 0
  metric latency  = histogram shop_latency_seconds
  metric depth    = gauge max shop_queue_depth
  channel oncall = pagerduty("shop")
  action suite()
  guard {
    stop errors / requests > 5% over 5m
    stop p99(latency) > 50ms over 5m
    stop depth > 100 over 5m
    stop absent(requests) for 3m
    otherwise rollback automatic
  }
  setup { checkpoint "before it" }
  stage half {
    traffic 50%
    hold 1h
    run suite() within 30m
    confirm "No complaints" by owner
    within 1h otherwise decide verdict
  }
  decide verdict {
    by all of owner, lead
    within 1h otherwise rollback automatic
    option proceed "Go on"      next
    option longer  "Stay"       extend 1h at most 2
    option back    "Roll back"  rollback automatic
  }
  rollback automatic {
    traffic 0%
    page oncall "Rolled back: {cause}"
  }
  finish traffic 50%
}
)";

inline std::shared_ptr<const runtime::Plan> plan_of(const std::string& runbook) {
  auto compiled = dsl::Compiler().compile("shop.runbook", runbook, {});
  for (const runtime::Diagnostic& found : compiled.diagnostics) {
    if (found.severity == runtime::Severity::error) {
      ADD_FAILURE() << found.span.line << ": " << found.message;
    }
  }
  return std::make_shared<const runtime::Plan>(std::move(compiled.plan.value()));
}

inline std::shared_ptr<const runtime::Plan> stage_plan() {
  static const auto plan = plan_of(kStage);
  return plan;
}

// kStage with a part of it in other words.
inline std::string stage_with(const std::string& part, const std::string& instead) {
  std::string text = kStage;
  const std::size_t at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return text.replace(at, part.size(), instead);
}

// Findings as "line:column code message | help", or the script.
struct Made {
  std::optional<tools::Script> script;
  std::string findings;
};
inline Made make(const std::string& body,
                 std::shared_ptr<const runtime::Plan> plan = stage_plan()) {
  Made made;
  dsl::Sink sink("t.scenario");
  const auto all =
      dsl::scenario::parse("scenario \"t\" for \"shop.runbook\" {\n" + body + "\n}\n", sink);
  if (!sink.has_errors()) made.script = tools::make_script(all.front(), std::move(plan), sink);
  for (const runtime::Diagnostic& found : sink.diagnostics()) {
    made.findings += (made.findings.empty() ? "" : "\n") + std::to_string(found.span.line) + ":" +
                     std::to_string(found.span.column) + " " + found.code + " " + found.message;
    if (!found.help.empty()) made.findings += " | " + found.help;
  }
  return made;
}

// What a played scenario shows.
struct Played {
  tools::Seen seen;
  std::vector<tools::Unmet> unmet;
  std::string log;  // all of it
  // "line: expected / instead"
  std::string told() const {
    std::string text;
    for (const tools::Unmet& one : unmet) {
      text += (text.empty() ? "" : "\n") + std::to_string(one.span.line) + ": " + one.expected +
              " / " + one.instead;
    }
    return text;
  }
};
inline Played play(const std::string& body,
                   std::shared_ptr<const runtime::Plan> plan = stage_plan()) {
  Played played;
  const Made made = make(body, std::move(plan));
  EXPECT_TRUE(made.script.has_value()) << made.findings;
  if (!made.script) return played;
  store::MemoryEventLog log;
  tools::Meters meters(*made.script, tools::kPlayBegin);
  auto seen = tools::play(log, *made.script, meters, {});
  EXPECT_TRUE(seen.has_value()) << seen.error().message;
  if (!seen) return played;
  played.unmet = tools::failures_of(*made.script, *seen);
  played.seen = std::move(*seen);
  played.log = log.dump();
  return played;
}

}  // namespace rollbook::tests
