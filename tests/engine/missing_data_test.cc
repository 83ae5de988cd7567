// What is missing, and what is made of it: every row a whole rollout, from points to the verdicts
// that the log holds. Missing data is never health. `pass` stands where the rules grant it:
//
//   - a numerator is silent while nothing happens: once its name was seen with the arm's label on
//     any arm, or with `default 0`, an arm without it counts as 0, whatever became of it since; but
//     not the baseline's, once heard, where its silence would speak for the canary;
//   - a series that restarts goes on from zero;
//   - what comes late as a whole is judged up to the moment that it has come to, and is stale where
//     it is older than `stale_after` when it comes; a denominator, and all of another arm, is
//     waited for until it lags by as much, a numerator for `grace`;
//   - `absent` asks for any point at all.
//
// `fault_rate` is 2 % of requests, and the canary takes 20 % fewer orders than the baseline: what
// is held against those never passes, but where a baseline has never shown an order.

#include <gtest/gtest.h>

#include <sstream>

#include "tests/scenarios/rehearsal.h"

namespace rollbook::tests {
namespace {

using core::Missing;
using core::Verdict;

const Labels kNew{{"v", "new"}}, kOld{{"v", "old"}};

// The same four ways to judge each subject; halted, all of it goes on to be judged.
std::string runbook() {
  struct Judged {
    const char* name;
    const char* gate;
    const char* guard;
    const char* absent;
    const char* confident;
    const char* test;
  };
  const Judged all[] = {
      {"job", "rate(jobs) > 10/s", "rate(jobs) < 10/s", "jobs",
       "canary.rate(jobs) unchanged from previous 10m by at most 20% with confidence 95%", ""},
      {"ratio", "error_rate < 1%", "error_rate > 1%", "requests",
       "error_rate < 1% with confidence 95%", "error_rate > 1% with confidence 99%"},
      {"zero", "lenient_rate < 1%", "lenient_rate > 1%", "lenient",
       "lenient_rate < 1% with confidence 95%", "lenient_rate > 1% with confidence 99%"},
      {"tail", "p99(latency) < 50ms", "p99(latency) > 50ms", "latency",
       "p99(latency) < 50ms with confidence 95%", "p99(latency) > 50ms with confidence 99%"},
      {"part", "error_rate < 1%", "error_rate > 1%", "errors",
       "error_rate < 1% with confidence 95%", "error_rate > 1% with confidence 99%"},
      {"faulty", "fault_rate < 1%", "fault_rate > 1%", "requests",
       "fault_rate < 1% with confidence 95%", "fault_rate > 1% with confidence 99%"},
      {"arms", "canary.order_rate >= baseline.order_rate * 95%",
       "canary.order_rate < baseline.order_rate * 95%", "orders",
       "canary.order_rate >= baseline.order_rate * 95% with confidence 95%",
       "canary.order_rate < baseline.order_rate * 95% with confidence 99%"},
      {"plain", "canary.rate(orders) >= baseline.rate(orders) * 95%",
       "canary.rate(orders) < baseline.rate(orders) * 95%", "orders", "rate(jobs) > 1/s", ""},
      {"level", "depth < 100", "depth > 100", "depth", "rate(jobs) > 1/s", ""},
  };
  std::string guards, gates;
  for (const Judged& each : all) {
    const std::string name = each.name;
    guards += "stop " + std::string(each.guard) + " over 5m\nstop absent(" + each.absent +
              ") for 3m\nstop " + (*each.test != 0 ? each.test : "rate(jobs) < 1/s over 1m") + "\n";
    const bool tested = std::string(each.confident).find("confidence") != std::string::npos;
    gates += "expect " + name + "_gate: " + each.gate + " over 5m\nexpect " + name +
             "_test: " + each.confident + (tested ? "\n" : " over 5m\n");
  }
  return R"(edition 1
runbook shop {
  service "shop"
  arms by label "v": baseline "old", canary "new"
  metric requests = counter req
  metric errors = counter err
  metric lenient = counter err0 default 0
  metric jobs = counter jobs
  metric latency = histogram dur
  metric faults = counter flt
  metric orders = counter ord
  metric depth = gauge last dep
  metric fault_rate = faults / requests
  metric order_rate = orders / requests
  metric error_rate = errors / requests
  metric lenient_rate = lenient / requests
  channel oncall = pagerduty("shop")
  guard {
)" + guards +
         R"(    otherwise halt
  }
  stage canary {
    traffic 20%
    hold 6h
)" + gates +
         R"(    within 4h otherwise halt
  }
  finish traffic 20%
}
)";
}

// ---- What is missing ----------------------------------------------------------------------------

struct Subject {
  const char* name;
  const char* series;
  const char* judged;        // of runbook()
  int stops;                 // its first stop
  std::vector<Labels> arms;  // on which it is missing
};
const std::vector<Labels> kBoth{kNew, kOld};
const Subject kSubjects[] = {
    {"metric", "jobs", "job", 1, kBoth},
    {"arm", "req", "ratio", 4, {kNew}},
    {"numerator", "err", "part", 13, kBoth},
    {"numerator of one arm", "err", "part", 13, {kNew}},
    {"numerator, default 0", "err0", "zero", 7, kBoth},
    {"histogram", "dur", "tail", 10, kBoth},
    {"denominator of faults", "req", "faulty", 16, {kNew}},
    {"baseline", "req", "arms", 19, {kOld}},
    {"baseline's numerator", "ord", "arms", 19, {kOld}},
    {"plain baseline", "ord", "plain", 22, {kOld}},
    {"gauge", "dep", "level", 25, kBoth},
};

void flow(Rehearsal& r, const std::string& series, const Labels& labels) {
  if (series == "dur") {
    r.histogram(series, labels, {5, 10, 20, 50}, {60, 40, 0, 0, 0});
  } else if (series == "dep") {
    r.gauge(series, labels, 7);
  } else {
    const bool none = series == "err" || series == "err0";
    const bool fewer = series == "ord" && labels.front().second == "new";
    r.counter(series, labels, none ? 0 : series == "flt" ? 2 : fewer ? 80 : 100);
  }
}

enum class Way { never_seen, seen_once, stopped, a_minute_late, late, restarted, renamed };
const std::pair<Way, const char*> kWays[] = {
    {Way::never_seen, "never seen"},
    {Way::seen_once, "seen once"},
    {Way::stopped, "stopped"},
    {Way::a_minute_late, "a minute late"},
    {Way::late, "late"},
    {Way::restarted, "restarted"},
    {Way::renamed, "renamed label"},
};

// Half an hour before what is missing goes missing, and half an hour after.
void play(Rehearsal& r, const Subject& subject, Way way) {
  const std::vector<Labels>& arms = subject.arms;
  for (const char* series : {"req", "err", "err0", "jobs", "dur", "flt", "ord", "dep"}) {
    for (const Labels& labels : {kNew, kOld}) {
      const bool missing = std::string(series) == subject.series &&
                           std::find(arms.begin(), arms.end(), labels) != arms.end();
      if (missing && way == Way::never_seen) continue;
      flow(r, series, labels);
      if (missing && way == Way::late) r.lag(series, labels, 20min);
      if (missing && way == Way::a_minute_late) r.lag(series, labels, 1min);
    }
  }
  r.start();
  r.run_for(way == Way::seen_once ? 15s : 30min);
  for (const Labels& labels : arms) {
    if (way == Way::seen_once || way == Way::stopped || way == Way::renamed) {
      r.silence(subject.series, labels);
    }
    if (way == Way::restarted) r.restart(subject.series, labels);
    if (way == Way::renamed) flow(r, subject.series, {{"version", labels.front().second}});
  }
  r.run_for(way == Way::seen_once ? 60min - 15s : 30min);
}

// ---- What is made of it -------------------------------------------------------------------------

std::string verdict_text(const Rehearsal& r, const std::string& id) {
  static constexpr const char* kVerdicts[] = {"undecided", "pass", "fail", "no data"};
  static constexpr const char* kMissing[] = {"",      "no series",  "no arm",
                                             "stale", "no traffic", "too few"};
  for (std::uint32_t i = 0; i < r.machine().criteria.size(); ++i) {
    if (r.machine().criteria[i].id != id) continue;
    const core::Reading& reading = r.rollout().readings[i];
    if (reading.verdict == Verdict::no_data) return kMissing[std::size_t(reading.missing)];
    return kVerdicts[std::size_t(reading.verdict)];
  }
  return "?";
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

std::string row(const Subject& subject, Way way, const char* name) {
  Rehearsal r(runbook());
  play(r, subject, way);
  const std::string judged = subject.judged;
  const auto stop = [&](int more) {
    return verdict_text(r, "guard.stop[" + std::to_string(subject.stops + more) + "]");
  };
  const bool plain = judged == "plain" || judged == "level";
  std::string text = padded(std::string(subject.name), 22) + padded(name, 15);
  text += padded(verdict_text(r, "canary." + judged + "_gate"), 12) + padded(stop(0), 12) +
          padded(stop(1), 8) +
          padded(plain ? "-" : verdict_text(r, "canary." + judged + "_test"), 12);
  text += plain || judged == "job" ? "-" : stop(2);
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

constexpr const char* kTable = R"(
                                     gate        guard       absent  confident   confident guard
metric                never seen     no series   no series   fail    no series   -
metric                seen once      no traffic  no traffic  fail    no traffic  -
metric                stopped        stale       stale       fail    stale       -
metric                a minute late  pass        pass        pass    pass        -
metric                late           stale       stale       pass    stale       -
metric                restarted      pass        pass        pass    pass        -
metric                renamed label  stale       stale       fail    stale       -
arm                   never seen     no traffic  no traffic  fail    no traffic  no traffic
arm                   seen once      stale       stale       fail    stale       stale
arm                   stopped        stale       stale       fail    stale       stale
arm                   a minute late  pass        pass        pass    pass        pass
arm                   late           stale       stale       pass    stale       stale
arm                   restarted      pass        pass        pass    pass        pass
arm                   renamed label  stale       stale       fail    stale       stale
numerator             never seen     no series   no series   fail    no series   no series
numerator             seen once      pass        pass        fail    pass        pass
numerator             stopped        pass        pass        fail    pass        pass
numerator             a minute late  pass        pass        pass    pass        pass
numerator             late           pass        pass        pass    pass        pass
numerator             restarted      pass        pass        pass    pass        pass
numerator             renamed label  pass        pass        fail    pass        pass
numerator of one arm  never seen     pass        pass        fail    pass        pass
numerator of one arm  seen once      pass        pass        fail    pass        pass
numerator of one arm  stopped        pass        pass        fail    pass        pass
numerator of one arm  a minute late  pass        pass        pass    pass        pass
numerator of one arm  late           pass        pass        pass    pass        pass
numerator of one arm  restarted      pass        pass        pass    pass        pass
numerator of one arm  renamed label  pass        pass        fail    pass        pass
numerator, default 0  never seen     pass        pass        fail    pass        pass
numerator, default 0  seen once      pass        pass        fail    pass        pass
numerator, default 0  stopped        pass        pass        fail    pass        pass
numerator, default 0  a minute late  pass        pass        pass    pass        pass
numerator, default 0  late           pass        pass        pass    pass        pass
numerator, default 0  restarted      pass        pass        pass    pass        pass
numerator, default 0  renamed label  pass        pass        fail    pass        pass
histogram             never seen     no series   no series   fail    no series   no series
histogram             seen once      no traffic  no traffic  fail    no traffic  no traffic
histogram             stopped        stale       stale       fail    stale       stale
histogram             a minute late  pass        pass        pass    pass        pass
histogram             late           stale       stale       pass    stale       stale
histogram             restarted      pass        pass        pass    pass        pass
histogram             renamed label  stale       stale       fail    stale       stale
denominator of faults never seen     no traffic  no traffic  fail    no traffic  no traffic
denominator of faults seen once      stale       stale       fail    stale       stale
denominator of faults stopped        stale       fail        fail    stale       fail
denominator of faults a minute late  fail        fail        pass    fail        fail
denominator of faults late           stale       stale       pass    stale       stale
denominator of faults restarted      fail        fail        pass    fail        fail
denominator of faults renamed label  stale       fail        fail    stale       fail
baseline              never seen     no traffic  no traffic  pass    no traffic  no traffic
baseline              seen once      stale       stale       pass    stale       stale
baseline              stopped        stale       fail        pass    stale       fail
baseline              a minute late  fail        fail        pass    fail        fail
baseline              late           stale       stale       pass    stale       stale
baseline              restarted      fail        fail        pass    fail        fail
baseline              renamed label  stale       fail        pass    stale       fail
baseline's numerator  never seen     pass        pass        pass    pass        pass
baseline's numerator  seen once      stale       stale       pass    stale       stale
baseline's numerator  stopped        stale       fail        pass    stale       fail
baseline's numerator  a minute late  fail        fail        pass    fail        fail
baseline's numerator  late           stale       stale       pass    stale       stale
baseline's numerator  restarted      fail        fail        pass    fail        fail
baseline's numerator  renamed label  stale       fail        pass    stale       fail
plain baseline        never seen     no traffic  no traffic  pass    -           -
plain baseline        seen once      stale       stale       pass    -           -
plain baseline        stopped        stale       fail        pass    -           -
plain baseline        a minute late  fail        fail        pass    -           -
plain baseline        late           stale       stale       pass    -           -
plain baseline        restarted      fail        fail        pass    -           -
plain baseline        renamed label  stale       fail        pass    -           -
gauge                 never seen     no series   no series   fail    -           -
gauge                 seen once      stale       stale       fail    -           -
gauge                 stopped        stale       stale       fail    -           -
gauge                 a minute late  pass        pass        pass    -           -
gauge                 late           stale       stale       pass    -           -
gauge                 restarted      pass        pass        pass    -           -
gauge                 renamed label  stale       stale       fail    -           -
)";

TEST(MissingData, IsNeverHealthButWhereTheRulesGrantIt) {
  std::string table = "\n" + padded("", 37) + padded("gate", 12) + padded("guard", 12) +
                      padded("absent", 8) + padded("confident", 12) + "confident guard\n";
  for (const Subject& subject : kSubjects) {
    for (const auto& [way, name] : kWays) table += row(subject, way, name) + "\n";
  }
  EXPECT_EQ(table, kTable) << table;
}

}  // namespace
}  // namespace rollbook::tests
