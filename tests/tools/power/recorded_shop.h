#pragma once
// A service as it was recorded, for tests that send it over a bus.

#include <chrono>
#include <string>
#include <vector>

#include "engine/core/types.h"

namespace rollbook::tests {

inline constexpr char kRecordedShop[] = R"(edition 1
runbook shop_canary {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  metric requests = counter shop_requests_total
  metric errors   = counter shop_errors_total default 0
  metric latency  = histogram shop_seconds
  guard {
    stop errors / requests > 5% over 1m
    stop p90(latency) > 100ms over 1m
    otherwise rollback automatic
  }
  stage half {
    traffic 50%
    hold 20m
    within 1h otherwise rollback automatic
  }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)";

struct Sent {
  core::Time at{};  // of the record
  std::string payload;
};

inline core::Time now_in_seconds() {
  return std::chrono::floor<std::chrono::seconds>(
      core::Time(std::chrono::system_clock::now().time_since_epoch()));
}

// From `begin` on 40 requests a second for half the time and then 20, of which one in `bad` fails;
// a tenth takes more than 50 ms, one in twenty more than 100 ms. Counters go on from one such
// recording to a later one as those of a restarted sender do.
inline std::vector<Sent> recorded_shop(core::Time begin, core::Duration length, int bad = 100) {
  using namespace std::chrono_literals;
  std::vector<Sent> all;
  std::int64_t requests = 0;
  for (core::Duration at{}; at <= length; at += 10s) {
    const core::Time time = begin + at;
    const auto line = [&](const std::string& name, const std::string& rest) {
      all.push_back({time, R"({"metric":")" + name + R"(","labels":{"version":"old"},)" + rest +
                               ",\"time\":" + std::to_string(time.time_since_epoch().count()) +
                               "}"});
    };
    const auto part = [&](std::int64_t of) { return std::to_string(requests / of); };
    line("shop_requests_total", R"("kind":"counter","value":)" + std::to_string(requests));
    line("shop_errors_total", R"("kind":"counter","value":)" + part(bad));
    line("shop_seconds", R"("kind":"histogram","sum":1,"bounds":[0.05,0.1,0.2],"counts":[)" +
                             std::to_string(requests - requests / 10) + "," +
                             std::to_string(requests / 10 - requests / 20) + "," +
                             std::to_string(requests / 20 - requests / 200) + "," + part(200) +
                             "]");
    requests += at < length / 2 ? 400 : 200;
  }
  return all;
}

}  // namespace rollbook::tests
