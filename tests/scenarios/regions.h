#pragma once
// A shop in two regions, each a target with a guard and a way back of its own, and what its tests
// ask of it.

#include <string>

#include "engine/core/sentence.h"
#include "tests/scenarios/rehearsal.h"

namespace rollbook::tests {

// Parts that a test may replace.
struct Regions {
  std::string errors = "counter err default 0";
  std::string eu = "stop error_rate > 1% over 5m for 2m\nstop absent(requests) for 3m\n";
  std::string us = "stop error_rate > 1% over 5m for 2m\nstop absent(requests) for 3m\n";
  std::string stages = R"(
  stage small {
    traffic eu 10%
    hold 1h
  }
  stage both {
    traffic eu 20%
    traffic us 20%
    hold 1h
    expect eu.error_rate < 0.5% over 5m
    expect us.error_rate < 0.5% over 5m
    confirm "Fine" by ops
    within 2h otherwise rollback all_off
  }
)";
  std::string success = "finish traffic eu 20%\nfinish traffic us 20%\n";
};

inline std::string text_of(const Regions& regions) {
  return R"(edition 1
runbook shop {
  service "shop"
  arms by label "v": baseline "old", canary "new"
  role ops
  target eu where region = "eu"
  target us where region = "us"
  metric requests = counter req
  metric errors = )" +
         regions.errors + R"(
  metric error_rate = errors / requests
  channel oncall = pagerduty("shop")
  action drain(region: text)
  guard {
    stop error_rate > 20% over 5m
    otherwise rollback all_off
  }
  guard eu {
)" + regions.eu +
         R"(otherwise rollback eu_off
  }
  guard us {
)" + regions.us +
         "otherwise rollback us_off\n}\n" + regions.stages + R"(
  rollback eu_off {
    traffic eu 0%
    run drain(region: "eu") within 5m
    page oncall "EU: {cause}"
  }
  rollback us_off {
    traffic us 0%
    run drain(region: "us") within 5m
    page oncall "US: {cause}"
  }
  rollback all_off {
    traffic eu 0%
    traffic us 0%
    page oncall "All: {cause}"
  }
  rollback gradual {
    ramp traffic eu to 0% over 10m every 1m
    ramp traffic us to 0% over 10m every 1m
  }
  success {
)" + regions.success +
         "}\n}\n";
}

inline Labels in(const std::string& region, const std::string& arm) {
  return {{"v", arm}, {"region", region}};
}

inline void canary_comes(Rehearsal& r, const std::string& region) {
  r.counter("req", in(region, "new"), 100);
}

// The us has no canary before its first shift: nothing of it is counted.
inline void both_regions_healthy(Rehearsal& r) {
  for (const char* region : {"eu", "us"}) r.counter("req", in(region, "old"), 100);
  canary_comes(r, "eu");
  r.agreeable = true;
}

// Where both have the canary, and are well.
inline void run_to_both(Rehearsal& r) {
  both_regions_healthy(r);
  r.start();
  r.run_to("both.shift2");
  canary_comes(r, "us");
  r.run_to("both.hold");
  r.run_for(10min);
}

// "eu 10%, us 20%": what was asked for, in order.
inline std::string shifts(const Rehearsal& r) {
  std::string text;
  for (const core::EffectRequested& effect : r.effects(core::EffectKind::traffic)) {
    text += (text.empty() ? "" : ", ") + r.machine().at(effect.target).name + " " +
            core::percent_text(core::Fixed{effect.to.nanos});
  }
  return text;
}

// "eu 0% back, us 20%": what is.
inline std::string settled(const Rehearsal& r) {
  std::string text;
  for (const core::TargetState& target : r.rollout().targets) {
    text += (text.empty() ? "" : ", ") + target.name + " " +
            core::percent_text(core::Fixed{target.settled.nanos}) + (target.back ? " back" : "");
  }
  return text;
}

// One target, or all where it is "". The reason of the refusal, or "".
inline std::string roll_back(Rehearsal& r, const std::string& target, core::RollbackHow how,
                             core::Weight to = core::kNoTraffic) {
  core::Command command;
  command.verb = core::Verb::rollback;
  command.rollout = r.rollout_id;
  command.actor = "maria";
  command.sent = r.now();
  command.how = how;
  command.target = target;
  command.to = to;
  return r.send(std::move(command));
}

}  // namespace rollbook::tests
