#pragma once
// A shop's runbook, a bus of files and the points of a healthy service on it, for the tests of
// `rollbook doctor --metrics`.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "adapters/file_bus.h"
#include "adapters/wire/text.h"
#include "engine/runtime/bus.h"
#include "tests/tools/program.h"

namespace rollbook::tests {

inline constexpr const char* kRunbook = R"(edition 1
runbook shop {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  role dev
  metric requests = counter   shop_requests_total
  metric errors   = counter   shop_errors_total default 0
  metric latency  = histogram shop_seconds
  metric depth    = counter   shop_queue_depth unsplit
  guard {
    stop errors / requests > 1% over 5m
    stop p99(latency) > 15ms over 5m
    stop p50(latency) > 10ms over 5m
    otherwise rollback automatic
  }
  stage canary_10 {
    traffic 10%
    hold 10m
    confirm "fine" by dev
    within 24h otherwise rollback automatic
  }
  rollback automatic { traffic 0% }
  success { finish traffic 10% }
}
)";

class DoctorTest : public testing::Test {
 protected:
  DoctorTest() {
    runbook = directory.write("shop.runbook", kRunbook);
    bus = "file:" + directory.file("bus");
  }
  // Lines of Rollbook JSON onto the topic `metrics`. Their times are those of a minute that is
  // nearly over: it began at 10:00.
  void send(const std::string& lines) { send_as_is(as_of_now(lines)); }
  static std::string as_of_now(std::string lines) {
    const std::string day = "2026-01-05T10:";
    const core::Time now(std::chrono::duration_cast<core::Duration>(
        std::chrono::system_clock::now().time_since_epoch()));
    const auto shift = now - *adapters::parse_time(day + "00:55Z");
    for (std::size_t at = lines.find(day); at != std::string::npos; at = lines.find(day, at)) {
      const std::size_t size = lines.find('Z', at) + 1 - at;
      const core::Time time = *adapters::parse_time(lines.substr(at, size)) + shift;
      lines.replace(at, size, adapters::format_time(time));
    }
    return lines;
  }
  void send_as_is(const std::string& lines) {
    auto made = adapters::make_file_bus(directory.file("bus"));
    ASSERT_TRUE(made) << made.error().message;
    ASSERT_TRUE((*made)->ensure_topics({"metrics"}));
    auto producer = (*made)->producer();
    ASSERT_TRUE(producer);
    runtime::Outgoing message;
    message.topic = "metrics";
    message.payload = lines;
    ASSERT_TRUE((*producer)->send(message, [](auto) {}));
    EXPECT_EQ((*producer)->flush(std::chrono::seconds(5)), 0U);
  }
  static std::string point(const std::string& name, const std::string& version,
                           const std::string& rest) {
    return R"({"metric":")" + name + R"(","labels":{)" +
           (version.empty() ? "" : R"("version":")" + version + "\"") + "}," + rest +
           R"(,"time":"2026-01-05T10:00:00Z"})" + "\n";
  }
  Ran doctor(std::vector<std::string> more = {}) {
    std::vector<std::string> words{
        "doctor", "--bus", bus, "--metrics-topic", "metrics", "--for", "1s", "--metrics", runbook};
    words.insert(words.end(), more.begin(), more.end());
    return rollbook(words);
  }
  std::string healthy() const {
    std::string lines;
    for (const char* version : {"old", "new"}) {
      lines += point("shop_requests_total", version, R"("kind":"counter","value":100)");
      lines += point("shop_errors_total", version, R"("kind":"counter","value":1)");
      lines += point("shop_seconds", version,
                     R"("kind":"histogram","bounds":[0.005,0.01,0.025],"counts":[1,2,3,4])");
    }
    return lines + point("shop_queue_depth", "", R"("kind":"counter","value":7)");
  }

  Directory directory;
  std::string runbook, bus;
};

// The lines that do not name it.
inline std::string without(std::string lines, const std::string& name) {
  std::string kept;
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t end = lines.find('\n', begin) + 1;
    const std::string line = lines.substr(begin, end - begin);
    if (line.find("\"" + name + "\"") == std::string::npos) kept += line;
    begin = end;
  }
  return kept;
}

}  // namespace rollbook::tests
