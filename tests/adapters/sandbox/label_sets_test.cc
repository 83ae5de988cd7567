// What the synthetic service sends of metrics that a runbook keeps by their labels.

#include "adapters/sandbox/label_sets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "adapters/sandbox/fault_clock.h"
#include "adapters/sandbox/traffic.h"
#include "tests/adapters/sandbox/compiled.h"

namespace rollbook::adapters {
namespace {

using namespace std::chrono_literals;
using rollbook::tests::compile;
using rollbook::tests::runbook_of;
using testing::HasSubstr;

constexpr core::Time kBegin{std::chrono::seconds(1767571200)};

core::Machine shop() {
  return compile(
      runbook_of("  metric requests = counter requests_total by endpoint\n"
                 "  metric errors = counter errors_total by type, endpoint default 0\n"
                 "  metric latency = histogram latency_seconds by layer\n",
                 "    stop errors / requests > 1% over 5m\n    stop p99(latency) > 50ms over 5m"));
}

std::string label_of(const WireSeries& series, const std::string& label) {
  for (const auto& [key, value] : series.labels) {
    if (key == label) return value;
  }
  return "";
}

core::Fixed sum_of(const std::vector<WireSeries>& all, const std::string& name, Whose whose) {
  core::Fixed sum;
  for (const WireSeries& one : all) {
    if (one.name == name && one.whose == whose) sum += one.per_request;
  }
  return sum;
}

std::vector<WireSeries> healthy(const core::Machine& machine) {
  return by_label_sets(machine, *healthy_series(machine, 900));
}

TEST(LabelSets, AreTogetherWhatTheSeriesWas) {
  const core::Machine machine = shop();
  const auto whole = *healthy_series(machine, 900);
  const auto parts = healthy(machine);
  for (const char* name : {"requests_total", "errors_total"}) {
    for (const Whose whose : {Whose::canary, Whose::baseline}) {
      EXPECT_EQ(sum_of(parts, name, whose), sum_of(whole, name, whose)) << name;
    }
  }
  std::map<std::string, int> sets;
  for (const WireSeries& one : parts) {
    if (one.whose == Whose::canary) ++sets[one.name];
  }
  EXPECT_EQ(sets, (std::map<std::string, int>{
                      {"requests_total", 2}, {"errors_total", 1}, {"latency_seconds", 2}}));
}

TEST(LabelSets, LeaveAloneWhatIsNotKeptByLabels) {
  const core::Machine machine =
      compile(runbook_of("  metric requests = counter requests_total\n"
                         "  metric errors = counter errors_total\n",
                         "    stop errors / requests > 1% over 5m"));
  EXPECT_EQ(healthy(machine).size(), healthy_series(machine, 900)->size());
}

// Failures a fault brings, over all label sets: the share that it says.
TEST(LabelSets, FailTheShareThatAFaultSays) {
  const core::Machine machine = shop();
  Traffic traffic(healthy(machine), Load{100, 100}, kBegin, 1, begins_of(machine));
  traffic.set_weight({}, core::Weight{500'000'000});
  traffic.trouble(Whose::canary).errors = core::Fixed::from_nanos(30'000'000);
  traffic.flow_until(kBegin + 1000s);
  core::Int128 requests = 0, errors = 0;
  for (std::size_t i = 0; i < traffic.size(); ++i) {
    const Traffic::Total total = traffic.total(i);
    if (total.series.whose != Whose::canary) continue;
    if (total.series.name == "requests_total") requests += total.count;
    if (total.series.name == "errors_total") errors += total.count;
  }
  EXPECT_NEAR(static_cast<double>(errors) / static_cast<double>(requests), 0.03, 1e-6);
}

TEST(KindOfError, ComesWithItsFaultAndOnItsArmAlone) {
  const core::Machine machine = shop();
  const Fault fault = *parse_fault("errors 1% of type \"oom\" from 10m on canary");
  std::vector<WireSeries> series = healthy(machine);
  add_kind(machine, fault, series);
  add_kind(machine, fault, series);  // another fault of the kind adds no other series
  ASSERT_TRUE(check_fault(machine, fault, series));
  std::vector<const WireSeries*> kinds;
  for (const WireSeries& one : series) {
    if (label_of(one, "type") == "oom") kinds.push_back(&one);
  }
  ASSERT_EQ(kinds.size(), 1U);
  EXPECT_EQ(kinds[0]->whose, Whose::canary);

  FaultClock clock(machine, {fault});
  clock.mark("", kBegin);
  Traffic traffic(series, Load{100, 100}, kBegin, 1, begins_of(machine));
  traffic.set_weight({}, core::Weight{500'000'000});
  const auto flow = [&](core::Time until) {
    traffic.flow_until(until);
    for (const Whose whose : {Whose::all, Whose::canary, Whose::baseline}) {
      traffic.trouble(whose) = clock.trouble_of(whose, {}, until);
    }
  };
  flow(kBegin + 10min);
  // No such series before the first of its kind.
  EXPECT_THAT(traffic.lines(Whose::canary, kBegin + 10min), testing::Not(HasSubstr("oom")));
  flow(kBegin + 20min);
  EXPECT_THAT(traffic.lines(Whose::canary, kBegin + 20min),
              HasSubstr("\"type\":\"oom\",\"version\":\"new\"},\"kind\":\"counter\""));
  for (std::size_t i = 0; i < traffic.size(); ++i) {
    if (traffic.total(i).series.kind_value != "oom") continue;
    EXPECT_NEAR(static_cast<double>(traffic.total(i).count) * 1e-9, 300, 10);
  }
}

TEST(KindOfError, NeedsACounterThatIsKeptByItsLabel) {
  const core::Machine machine = shop();
  const Fault fault = *parse_fault("errors 1% of zone \"b\"");
  std::vector<WireSeries> series = healthy(machine);
  add_kind(machine, fault, series);
  const auto shows = check_fault(machine, fault, series);
  ASSERT_FALSE(shows);
  EXPECT_EQ(shows.error().message,
            "the fault `errors 1% of zone \"b\"` needs a counter of errors that runbook `test` "
            "keeps by `zone`");
}

TEST(KindOfError, IsReadFromItsFault) {
  const Fault fault = *parse_fault("errors 0.5% of type \"out of memory\" from stage half + 1m");
  EXPECT_EQ(fault.label, "type");
  EXPECT_EQ(fault.value, "out of memory");
  EXPECT_EQ(fault.from.stage, "half");
  EXPECT_EQ(parse_fault("errors 0.5% of type oom")->value, "oom");
  EXPECT_THAT(parse_fault("errors 1% of").error().message,
              HasSubstr("expected a label and its value such as `type \"oom\"`, it ends there"));
  EXPECT_THAT(parse_fault("errors 1% of type").error().message,
              HasSubstr("expected the label's value such as `\"oom\"`, it ends there"));
}

}  // namespace
}  // namespace rollbook::adapters
