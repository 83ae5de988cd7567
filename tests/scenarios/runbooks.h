#pragma once
// Runbooks that several scenario tests run, and the service they watch.

#include "tests/scenarios/rehearsal.h"

namespace rollbook::tests {

// Two stages, one guard, one decision. Small on purpose: every rule can be seen.
inline constexpr const char* kTwoStages = R"(edition 1
runbook shop {
  service "shop"
  arms by label "v": baseline "old", canary "new"
  role dev, ops
  metric requests = counter req
  metric errors = counter err default 0
  metric latency = histogram dur
  metric error_rate = errors / requests
  channel mail = smtp("team@example.com")
  channel oncall = pagerduty("shop")
  guard {
    stop error_rate > 1% over 5m for 2m
    stop error_rate > 10% over 1m
    stop p99(latency) > 50ms over 5m for 2m
    stop absent(requests) for 3m
    otherwise rollback automatic
  }
  stage canary_10 {
    traffic 10%
    hold 1h
    expect error_rate < 0.5% over 5m
    confirm "No complaints" by ops
    within 4h otherwise decide verdict
  }
  stage canary_50 {
    traffic 50%
    hold 2h
    expect p99(latency) < 20ms over 5m
    within 4h otherwise rollback gradual
  }
  decide verdict {
    by all of dev, ops
    ask mail, oncall, remind every 1h
    within 3h otherwise rollback gradual
    option proceed "Go on" next
    option longer "Hold on" extend 1h at most 2
    option back "Roll back" rollback gradual
  }
  rollback automatic {
    traffic 0%
    open incident(severity: high)
    page oncall "Rolled back: {cause}"
  }
  rollback gradual {
    ramp traffic to 0% over 10m every 1m
    notify mail "Gradual rollback: {cause}"
  }
  success {
    finish traffic 50%
  }
}
)";

// The same shop with other parts: what comes before the guard, its stops, the stages, what comes
// after. Two decisions and two rollbacks are there to lead to.
struct Shop {
  std::string before = "";
  std::string guard = "stop error_rate > 1% over 5m for 2m\nstop absent(requests) for 3m\n";
  std::string stages = "stage canary {\n traffic 20%\n hold 1h\n}\n";
  std::string success = "finish traffic 20%\n";
};
inline std::string text_of(const Shop& shop) {
  return R"(edition 1
runbook shop {
  service "shop"
  arms by label "v": baseline "old", canary "new"
  role dev, ops, sre
  metric requests = counter req
  metric errors = counter err default 0
  metric strict_errors = counter strict_err
  metric latency = histogram dur
  metric depth = gauge max queue_depth
  metric error_rate = errors / requests
  metric strict_rate = strict_errors / requests
  metric matched = counter shadow{matched="true"} unsplit
  metric compared = counter shadow unsplit
  metric match_rate = matched / compared
  channel mail = smtp("team@example.com")
  channel oncall = pagerduty("shop")
  action warm(share: ratio)
  action soak(phase: text)
  action trace(share: ratio)
)" + shop.before +
         "guard {\n" + shop.guard + "otherwise rollback automatic\n}\n" + shop.stages + R"(
  decide verdict {
    by all of dev, ops
    ask mail, oncall, remind every 1h
    within 3h otherwise rollback gradual
    option proceed "Go on" next
    option longer "Hold on" extend 1h at most 2
    option back "Roll back" rollback gradual
    option quick "Roll back at once" rollback automatic
  }
  decide by_two {
    by 2 of sre
    ask mail
    within 2h otherwise rollback gradual
    option proceed "Go on" next
    option back "Roll back" rollback gradual
  }
  rollback automatic {
    traffic 0%
    open incident(severity: high)
    page oncall "Rolled back: {cause}"
  }
  rollback gradual {
    ramp traffic to 0% over 10m every 1m
    notify mail "Gradual rollback: {cause}"
  }
  success {
)" + shop.success +
         "}\n}\n";
}

// One stage, of a service whose metrics are kept by their labels.
inline std::string text_by_labels(const std::string& stops, const std::string& before = "") {
  return R"(edition 1
runbook shop {
  service "shop"
  arms by label "v": baseline "old", canary "new"
  role dev
  metric requests = counter req by endpoint
  metric errors = counter err by type, endpoint default 0
  metric latency = histogram dur by layer
  metric error_rate = errors / requests
  channel oncall = pagerduty("shop")
)" + before +
         "guard {\n" + stops + R"(
    stop absent(requests) for 3m
    otherwise rollback automatic
  }
  stage canary {
    traffic 20%
    hold 1h
  }
  rollback automatic {
    traffic 0%
    page oncall "Rolled back: {cause}"
  }
  finish traffic 20%
}
)";
}

// 100 requests a second on the canary, none failing, all within 10 ms.
inline void healthy(Rehearsal& r) {
  r.counter("req", {{"v", "new"}}, 100);
  r.counter("req", {{"v", "old"}}, 900);
  r.counter("err", {{"v", "old"}}, 0);
  r.histogram("dur", {{"v", "new"}}, {5, 10, 20, 50}, {60, 40, 0, 0, 0});
}

}  // namespace rollbook::tests
