#pragma once
// A valid runbook for the tests of the language server, with characters beyond U+FFFF.

namespace rollbook::tests {

inline constexpr char kSample[] = R"(edition 1

runbook shop_canary {   # 🚀 the shop
  service "shop"
  arms by label "version": baseline "old", canary "new"
  role lead, ops

  metric requests = counter shop_requests_total
  metric errors   = counter shop_errors_total{code=~"5.."} default 0
  metric latency  = histogram in ms shop_latency by layer
  metric error_rate = errors / requests

  channel oncall = pagerduty("shop")
  action suite(phase: text, share: ratio)

  guard {
    stop error_rate > 1% over 5m for 5m
    stop p99(latency) > 50ms over 5m for 5m at least 20 requests
    stop absent(requests) for 3m
    otherwise rollback automatic
  }

  template careful {
    expect low: error_rate < 0.5% over 5m
    confirm "🚀 ready?" by lead
    otherwise decide verdict
  }

  stage first using careful {
    traffic 5%
    hold 2h
    run suite(phase: "one", share: 10%)
  }
  stage second using careful {
    traffic 100%
    hold 1h at most 3h
  }

  decide verdict {
    by all of lead, ops
    ask oncall, remind every 4h
    within 24h otherwise rollback automatic
    option go "Go on" next
    option back "Roll back" rollback automatic
  }

  rollback automatic {
    page oncall "Rolled back: {cause}"
    traffic 2%
    ramp traffic to 0% over 10m
  }
}
)";

}  // namespace rollbook::tests
