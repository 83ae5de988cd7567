#include "adapters/sandbox/service_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <regex>
#include <set>

#include "adapters/sandbox/traffic.h"
#include "adapters/wire/command_decoder.h"
#include "adapters/wire/metric_decoder.h"
#include "tests/adapters/sandbox/compiled.h"

namespace rollbook::adapters {
namespace {

using namespace std::chrono_literals;
using core::Time;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Time kBegin{std::chrono::seconds(1767571200)};  // 2026-01-05T00:00Z

// What a model sent, decoded as the engine would.
class Watched {
 public:
  explicit Watched(const core::Machine& machine, SyntheticOptions options = {})
      : machine_(machine) {
    options.begin = kBegin;
    auto made = ServiceModel::make(machine_, std::move(options), {},
                                   [this](runtime::Outgoing message) { take(message); });
    EXPECT_TRUE(made.has_value()) << made.error().message;
    model = std::move(*made);
  }

  void run_for(core::Duration duration) {
    now_ += duration;
    model->run_until(now_);
  }

  void shift(const std::string& weight, std::int64_t order, const std::string& state = "half.shift",
             bool rollback = false) {
    effect("traffic", state,
           "\"order\":" + std::to_string(order) + ",\"to\":" + weight +
               ",\"rollback\":" + (rollback ? "true" : "false"));
  }
  void effect(const std::string& kind, const std::string& state, const std::string& rest) {
    const std::string id = "r1/" + std::to_string(++effects_) + "/0a1b2c3d";
    repeat_ = R"({"specversion":"1.0","id":")" + id + R"(","type":"dev.rollbook.effect.)" + kind +
              R"(","data":{"rollout":"r1","effect":")" + id + R"(","state":")" + state + "\"," +
              rest + "}}";
    repeat();
  }
  // The last effect once more.
  void repeat() {
    const auto taken = model->on_effect(repeat_, now_);
    EXPECT_TRUE(taken.has_value()) << taken.error().message;
  }
  void ask(const std::string& kind, const std::string& item, int question) {
    const auto taken = model->on_event(
        R"({"type":"dev.rollbook.asked","data":{"rollout":"r1","question":)" +
            std::to_string(question) + R"(,"kind":")" + kind + R"(","item":")" + item + "\"}}",
        now_);
    EXPECT_TRUE(taken.has_value()) << taken.error().message;
  }

  // The latest value of a cumulative series: counters as they are, histograms their samples.
  std::int64_t value(const std::string& series) const {
    const auto found = values_.find(series);
    return found == values_.end() ? -1 : found->second;
  }
  std::size_t points(const std::string& series) const {
    const auto found = points_.find(series);
    return found == points_.end() ? 0 : found->second;
  }
  // "settle r1/1/0a1b2c3d succeeded", "confirm … as role by p1: yes"
  std::vector<std::string> take_commands() { return std::exchange(commands_, {}); }

  std::unique_ptr<ServiceModel> model;
  std::string bytes;  // of all metrics

 private:
  void take(const runtime::Outgoing& message) {
    const runtime::Record record{message.topic, 0, offset_++, now_, message.key, message.payload};
    if (message.topic == "metrics") return take_metrics(record, message.payload);
    EXPECT_EQ(message.topic, "rollbook.commands");
    const auto decoded = decode_command(record);
    const auto* command = std::get_if<core::Command>(&decoded);
    ASSERT_NE(command, nullptr) << message.payload;
    EXPECT_EQ(command->rollout, "r1");
    commands_.push_back(format(*command));
  }

  void take_metrics(const runtime::Record& record, const std::string& payload) {
    bytes += payload;
    runtime::PointBatch batch;
    std::vector<DeadLetter> letters;
    decoder_.decode(record, batch, letters);
    EXPECT_THAT(letters, IsEmpty()) << letters.front().reason;
    for (const runtime::SeriesName& series : batch.new_series) {
      std::string name = series.name;
      for (const auto& [label, text] : series.labels) name += " " + label + "=" + text;
      names_[series.number] = name;
    }
    for (const runtime::MetricPoint& point : batch.points) {
      const std::string& name = names_.at(point.series);
      std::int64_t total = static_cast<std::int64_t>(point.value.nanos / core::Fixed::kScale);
      if (point.kind == runtime::PointKind::histogram) {
        total = 0;
        const std::size_t count = batch.buckets.size() - point.first_bucket;
        for (std::size_t i = 0; i < count; ++i) total += batch.buckets[point.first_bucket + i];
      }
      if (point.kind != runtime::PointKind::gauge) {
        EXPECT_GE(total, values_[name]) << name << " fell";
      }
      values_[name] = total;
      ++points_[name];
    }
  }

  static std::string format(const core::Command& command) {
    const std::string verb(core::name_of(command.verb));
    if (command.verb == core::Verb::settle) {
      return verb + " " + command.effect + (command.succeeded ? " succeeded" : " failed") +
             (command.detail.empty() ? "" : ": " + command.detail);
    }
    const std::string answer = command.verb == core::Verb::decide ? command.option
                               : command.yes                      ? "yes"
                                                                  : "no";
    return verb + " " + std::to_string(command.question) + " as " + command.role + " by " +
           command.actor + ": " + answer;
  }

  const core::Machine& machine_;
  Time now_ = kBegin;
  MetricDecoder decoder_;
  std::map<runtime::SeriesNumber, std::string> names_;
  std::map<std::string, std::int64_t> values_;
  std::map<std::string, std::size_t> points_;
  std::vector<std::string> commands_;
  std::int64_t offset_ = 0;
  int effects_ = 0;
  std::string repeat_;
};

const core::Machine& shop() {
  static const core::Machine machine = tests::compile(tests::runbook_of(
      R"(
  role lead, ops
  metric requests = counter requests_total
  metric errors   = counter errors_total default 0
  metric latency  = histogram latency_seconds
  metric compared = counter compared_total unsplit
  action suite()
  decide what {
    by any of lead, ops
    within 1h otherwise rollback automatic
    option on  "On"  next
    option off "Off" rollback automatic
  }
)",
      R"(
    stop errors / requests > 1% over 5m
    stop p99(latency) > 50ms over 5m
    stop absent(requests) for 3m)",
      R"(
    run suite() within 10m
    expect rate(compared) > 1/s over 5m
    confirm "Fine" by lead
    confirm "All fine" by all of lead, ops
    confirm "Two" by 2 of ops
    decide what)"));
  return machine;
}

TEST(ServiceModel, SplitsTheLoadAsTheShiftsSay) {
  Watched service(shop());
  service.run_for(1h);
  EXPECT_EQ(service.value("requests_total version=new"), 0);
  const std::int64_t old_before = service.value("requests_total version=old");
  // 120/s at 04:00, 900/s at 16:00: from midnight on it falls from 380 to 315.
  EXPECT_NEAR(static_cast<double>(old_before), 3600 * 347.5, 3600 * 347.5 * 0.02);

  service.shift("0.25", 1);
  service.run_for(199ms);
  EXPECT_EQ(service.model->weight(), core::kNoTraffic);
  service.run_for(1ms);
  EXPECT_EQ(service.model->weight(), core::Weight{250'000'000});
  EXPECT_THAT(service.take_commands(), ElementsAre("settle r1/1/0a1b2c3d succeeded"));
  service.run_for(1h);
  const auto canary = static_cast<double>(service.value("requests_total version=new"));
  const auto baseline =
      static_cast<double>(service.value("requests_total version=old") - old_before);
  EXPECT_NEAR(canary / (canary + baseline), 0.25, 0.002);
  // A histogram counts the same requests, to within one for each bucket.
  EXPECT_NEAR(static_cast<double>(service.value("latency_seconds version=new")), canary, 20);
  EXPECT_NEAR(static_cast<double>(service.value("compared_total")),
              canary + baseline + static_cast<double>(old_before), 100);
}

TEST(ServiceModel, SendsEverySeriesFromTheStartOn) {
  Watched service(shop());
  service.run_for(0s);
  for (const char* series : {"requests_total version=new", "errors_total version=new",
                             "latency_seconds version=new", "errors_total version=old"}) {
    EXPECT_EQ(service.value(series), 0) << series;
  }
  service.run_for(10min);
  EXPECT_EQ(service.points("errors_total version=new"), 41U);
}

TEST(ServiceModel, IsTheSameForTheSameSeed) {
  const auto run = [](std::uint64_t seed) {
    SyntheticOptions options;
    options.seed = seed;
    Watched service(shop(), options);
    service.run_for(10min);
    service.shift("0.1", 1);
    service.run_for(10min);
    return service.bytes;
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

TEST(ServiceModel, GivesTheSameTotalsHoweverTimeIsCut) {
  const auto run = [](core::Duration step) {
    Watched service(shop());
    for (core::Duration passed{}; passed < 10min; passed += step) service.run_for(step);
    return service.bytes;
  };
  EXPECT_EQ(run(10min), run(1s));
}

TEST(ServiceModel, FailsTheShareItIsTold) {
  SyntheticOptions options;
  options.faults = {*parse_fault("errors 3% from 1h for 30m")};
  Watched service(shop(), options);
  service.shift("0.5", 1);
  service.run_for(1h);
  const auto requests = [&] { return service.value("requests_total version=new"); };
  const auto errors = [&] { return service.value("errors_total version=new"); };
  // A fifth of the limit before.
  EXPECT_NEAR(static_cast<double>(errors()) / static_cast<double>(requests()), 0.002, 0.0001);
  const auto errors_at_1h = errors();
  const auto requests_at_1h = requests();
  service.run_for(30min);
  EXPECT_NEAR(static_cast<double>(errors() - errors_at_1h) /
                  static_cast<double>(requests() - requests_at_1h),
              0.03, 0.0005);
  const auto errors_after = errors();
  const auto requests_after = requests();
  service.run_for(30min);
  EXPECT_NEAR(static_cast<double>(errors() - errors_after) /
                  static_cast<double>(requests() - requests_after),
              0.002, 0.0002);
  EXPECT_NEAR(static_cast<double>(service.value("errors_total version=old")) /
                  static_cast<double>(service.value("requests_total version=old")),
              0.002, 0.0001);
}

TEST(ServiceModel, HasNoFailuresWhereOneWouldBeTooMany) {
  SyntheticOptions options;
  options.peak_per_second = options.trough_per_second = 10;
  Watched service(shop(), options);
  // 0.5 a second: 1 % of a window's 150 requests is less than two.
  service.shift("0.05", 1);
  service.run_for(10h);
  EXPECT_GT(service.value("requests_total version=new"), 10'000);
  EXPECT_EQ(service.value("errors_total version=new"), 0);
  EXPECT_GT(service.value("errors_total version=old"), 0);
}

TEST(ServiceModel, FallsSilentOnTheArmsItIsTold) {
  SyntheticOptions options;
  options.faults = {*parse_fault("silence from stage half + 10m until 30m")};
  Watched service(shop(), options);
  service.run_for(5min);
  service.shift("0.5", 1);  // the silence begins 15 minutes from the start
  service.run_for(25min);
  EXPECT_EQ(service.points("requests_total version=new"), 1U + 15 * 4 - 1 + 1);
  EXPECT_EQ(service.points("requests_total version=old"), 1U + 30 * 4);
  EXPECT_EQ(service.points("compared_total"), 1U + 30 * 4);

  SyntheticOptions both;
  both.faults = {*parse_fault("silence on both")};
  Watched mute(shop(), both);
  mute.run_for(1h);
  EXPECT_EQ(mute.bytes, "");
}

// ---- Delivery -------------------------------------------------------------------------------

constexpr std::size_t kScrapesOfADay = 24 * 60 * 4 + 1;  // every 15 seconds, the first at once

TEST(ServiceModel, LosesTheShareOfScrapesItIsTold) {
  SyntheticOptions options;
  options.faults = {*parse_fault("gaps 20% on both")};
  Watched service(shop(), options);
  service.run_for(24h);
  const auto seen = static_cast<double>(service.points("requests_total version=old"));
  EXPECT_NEAR(seen / kScrapesOfADay, 0.8, 0.03);
}

// Lost scrapes change nothing of what happened.
TEST(ServiceModel, HasTheSameTrafficWhereScrapesAreLost) {
  SyntheticOptions options;
  options.faults = {*parse_fault("errors 1% at random on both")};
  Watched well(shop(), options);
  options.faults.push_back(*parse_fault("gaps 20% until 23h on both"));
  Watched badly(shop(), options);
  for (Watched* service : {&well, &badly}) service->run_for(24h);
  for (const char* series : {"requests_total version=old", "errors_total version=old"}) {
    EXPECT_EQ(well.value(series), badly.value(series)) << series;
  }
  EXPECT_NE(well.points("requests_total version=old"), badly.points("requests_total version=old"));
}

// Also where the first scrape after its return is lost: or all that was ever counted would seem to
// have been counted since.
TEST(ServiceModel, LetsSeriesBeginWithTheFirstScrapeThatARestartedCollectorGets) {
  SyntheticOptions options;
  options.faults = {*parse_fault("gaps 90% from 10m on both"),
                    *parse_fault("collector restarts from 30m for 20s")};
  std::set<std::string> starts, zeros;
  const core::Machine machine = shop();
  options.begin = kBegin;
  auto model = ServiceModel::make(machine, options, {}, [&](const runtime::Outgoing& message) {
    static const std::regex times(R"("start":(\d+),"time":(\d+))");
    const std::string& text = message.payload;
    for (std::sregex_iterator at(text.begin(), text.end(), times), end; at != end; ++at) {
      starts.insert(message.key + (*at)[1].str());
      if ((*at)[1] == (*at)[2]) zeros.insert(message.key + (*at)[1].str());
    }
  });
  ASSERT_TRUE(model.has_value()) << model.error().message;
  (*model)->run_until(kBegin + 2h);
  EXPECT_EQ(starts.size(), 6U);  // of both arms and of what has none, before and after
  EXPECT_EQ(zeros, starts);
}

TEST(ServiceModel, SendsBatchesTwiceAtOnceOrAfterTheNext) {
  SyntheticOptions options;
  options.faults = {*parse_fault("duplicates 30% on both")};
  std::vector<std::string> sent;  // of the baseline
  const core::Machine machine = shop();
  options.begin = kBegin;
  auto model = ServiceModel::make(machine, options, {}, [&](const runtime::Outgoing& message) {
    if (message.key == "old") sent.push_back(message.payload);
  });
  ASSERT_TRUE(model.has_value()) << model.error().message;
  (*model)->run_until(kBegin + 24h);
  std::map<std::string, std::vector<std::size_t>> places;
  for (std::size_t i = 0; i < sent.size(); ++i) places[sent[i]].push_back(i);
  EXPECT_EQ(places.size(), kScrapesOfADay);
  int at_once = 0, late = 0;
  for (const auto& [payload, at] : places) {
    ASSERT_LE(at.size(), 2U);
    if (at.size() == 2) ++(at[1] == at[0] + 1 ? at_once : late);
  }
  EXPECT_NEAR(static_cast<double>(at_once + late) / kScrapesOfADay, 0.3, 0.03);
  EXPECT_GT(at_once, 500);
  EXPECT_GT(late, 500);
}

// What exports a series knows no more since when it counts; the value goes on.
TEST(ServiceModel, BeginsAllSeriesAnewWhenTheCollectorIsBack) {
  SyntheticOptions options;
  options.faults = {*parse_fault("collector restarts from 1h for 40s")};
  Watched service(shop(), options);
  service.run_for(1h);
  const std::int64_t before = service.value("requests_total version=old");
  service.bytes.clear();
  service.run_for(39s);
  EXPECT_EQ(service.bytes, "");
  service.run_for(10s);
  EXPECT_GT(service.value("requests_total version=old"), before);
  const std::string back = std::to_string((kBegin + 1h + 45s).time_since_epoch().count());
  EXPECT_THAT(service.bytes, testing::HasSubstr(",\"start\":" + back + ",\"time\":" + back + "}"));
}

TEST(ServiceModel, DoublesPartitionsOnlyWhereItCan) {
  const core::Machine machine = shop();
  SyntheticOptions options;
  options.begin = kBegin;
  options.faults = {*parse_fault("partitions double from 1h")};
  const auto refused = ServiceModel::make(machine, options, {}, [](auto) {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message,
            "the fault `partitions double from 1h` needs a bus whose topics the service can make "
            "wider, as the sandbox's");
  int doubled = 0;
  options.double_partitions = [&] { ++doubled; };
  std::string last_key = "none";
  auto model = ServiceModel::make(
      machine, options, {}, [&](const runtime::Outgoing& message) { last_key = message.key; });
  ASSERT_TRUE(model.has_value()) << model.error().message;
  (*model)->run_until(kBegin + 59min);
  EXPECT_EQ(doubled, 0);
  EXPECT_NE(last_key, "");
  (*model)->run_until(kBegin + 2h);
  EXPECT_EQ(doubled, 1);
  EXPECT_EQ(last_key, "");  // as the Collector sends: one series lies in all partitions
}

TEST(Random, DrawsAsManyAsPoissonSays) {
  for (const double mean : {0.05, 2.7, 40.0}) {
    Random random(5);
    constexpr int kDraws = 20'000;
    double sum = 0, squares = 0;
    for (int i = 0; i < kDraws; ++i) {
      const auto count = static_cast<double>(random.poisson(std::llround(mean * 1e9)));
      sum += count;
      squares += count * count;
    }
    const double average = sum / kDraws;
    const double error = std::sqrt(mean / kDraws);
    EXPECT_NEAR(average, mean, 4 * error);
    EXPECT_NEAR(squares / kDraws - average * average, mean, 0.06 * mean + 4 * error);
  }
  EXPECT_EQ(Random(5).poisson(0), 0);
}

TEST(ServiceModel, SettlesWhatIsAwaitedAndNothingElse) {
  Watched service(shop());
  service.effect("run", "half.run1", R"("action":"suite","arguments":{})");
  service.effect("checkpoint", "setup", R"("name":"before")");
  service.effect("notify", "setup", R"("channel":"mail","text":"x")");
  service.effect("start", "half", R"("action":"suite","arguments":{})");
  service.run_for(1s);
  EXPECT_THAT(service.take_commands(),
              ElementsAre("settle r1/1/0a1b2c3d succeeded", "settle r1/2/0a1b2c3d succeeded"));
}

TEST(ServiceModel, RefusesALowerOrderAndAnswersARepeatedEffectAlike) {
  Watched service(shop());
  service.shift("0.5", 7);
  service.run_for(1s);
  service.shift("0", 9, "rollback.automatic.shift", true);
  service.run_for(1s);
  EXPECT_EQ(service.model->weight(), core::kNoTraffic);
  service.take_commands();

  service.shift("0.5", 8);
  service.run_for(1s);
  EXPECT_EQ(service.model->weight(), core::kNoTraffic);
  EXPECT_THAT(
      service.take_commands(),
      ElementsAre("settle r1/3/0a1b2c3d failed: order 8 is not above 9, the highest acted on"));
  service.repeat();
  service.run_for(1s);
  EXPECT_THAT(
      service.take_commands(),
      ElementsAre("settle r1/3/0a1b2c3d failed: order 8 is not above 9, the highest acted on"));
}

TEST(ServiceModel, FailsOrHangsEffectsAsItIsTold) {
  SyntheticOptions options;
  options.faults = {*parse_fault("shift fails until 1h"), *parse_fault("rollback hangs until 1h"),
                    *parse_fault("run fails from stage half")};
  Watched service(shop(), options);
  service.effect("run", "half.run1", R"("action":"suite")");
  service.run_for(1s);
  EXPECT_THAT(service.take_commands(), ElementsAre("settle r1/1/0a1b2c3d succeeded"));
  service.shift("0.5", 1);
  service.run_for(1s);
  service.shift("0", 2, "rollback.automatic.shift", true);
  service.effect("run", "half.run1", R"("action":"suite")");
  service.run_for(1s);
  EXPECT_THAT(
      service.take_commands(),
      ElementsAre("settle r1/2/0a1b2c3d failed: the sandbox was told `shift fails until 1h`",
                  "settle r1/4/0a1b2c3d failed: the sandbox was told `run fails from stage "
                  "half`"));
  EXPECT_EQ(service.model->weight(), core::kNoTraffic);
  service.run_for(1h);
  service.shift("0", 3, "rollback.automatic.shift", true);
  service.run_for(1s);
  EXPECT_THAT(service.take_commands(), ElementsAre("settle r1/5/0a1b2c3d succeeded"));
}

TEST(ServiceModel, FailsOnlyTheEffectThatIsNamed) {
  SyntheticOptions options;
  options.faults = {*parse_fault("shift to 50% fails"), *parse_fault("run suite fails"),
                    *parse_fault("checkpoint \"before\" fails")};
  // A runbook that has all three.
  static const core::Machine machine = tests::compile(
      tests::runbook_of("  metric requests = counter requests_total\n  action suite()\n"
                        "  setup { checkpoint \"before\" }\n",
                        "    stop absent(requests) for 3m", "    run suite() within 10m\n"));
  Watched service(machine, options);
  service.shift("0.5", 1);
  service.shift("0.25", 2);
  service.effect("run", "half.run1", R"("action":"suite")");
  service.effect("run", "half.run1", R"("action":"other")");
  service.effect("checkpoint", "setup", R"("name":"before")");
  service.effect("checkpoint", "setup", R"("name":"after")");
  service.run_for(1s);
  EXPECT_THAT(
      service.take_commands(),
      ElementsAre("settle r1/1/0a1b2c3d failed: the sandbox was told `shift to 50% fails`",
                  "settle r1/2/0a1b2c3d succeeded",
                  "settle r1/3/0a1b2c3d failed: the sandbox was told `run suite fails`",
                  "settle r1/4/0a1b2c3d succeeded",
                  "settle r1/5/0a1b2c3d failed: the sandbox was told `checkpoint \"before\" fails`",
                  "settle r1/6/0a1b2c3d succeeded"));
}

TEST(ServiceModel, AnswersAsAsManyPersonsAsAreNeeded) {
  Watched service(shop());
  service.ask("confirm", "Fine", 11);
  service.ask("confirm", "All fine", 12);
  service.ask("confirm", "Two", 13);
  service.ask("decide", "what", 14);
  service.run_for(29s);
  EXPECT_THAT(service.take_commands(), IsEmpty());
  service.run_for(1s);
  EXPECT_THAT(service.take_commands(),
              ElementsAre("confirm 11 as lead by p1: yes", "confirm 12 as lead by p1: yes",
                          "confirm 12 as ops by p2: yes", "confirm 13 as ops by p1: yes",
                          "confirm 13 as ops by p2: yes", "decide 14 as lead by p1: on"));
}

TEST(ServiceModel, AnswersNoOrLeavesItToAPerson) {
  SyntheticOptions no;
  no.answers = Answers::no;
  Watched refusing(shop(), no);
  refusing.ask("confirm", "Fine", 11);
  refusing.ask("decide", "what", 14);
  refusing.run_for(1min);
  EXPECT_THAT(refusing.take_commands(),
              ElementsAre("confirm 11 as lead by p1: no", "decide 14 as lead by p1: off"));

  SyntheticOptions ask;
  ask.answers = Answers::ask;
  Watched waiting(shop(), ask);
  waiting.ask("decide", "what", 14);
  waiting.run_for(1min);
  EXPECT_THAT(waiting.take_commands(), IsEmpty());
  const auto question = waiting.model->take_question();
  ASSERT_TRUE(question.has_value());
  EXPECT_EQ(question->number, 14U);
  EXPECT_TRUE(question->decides);
  EXPECT_THAT(question->roles, ElementsAre("lead", "ops"));
  EXPECT_THAT(question->options, ElementsAre("on", "off"));
  EXPECT_FALSE(waiting.model->take_question().has_value());
  waiting.model->answer(*question, "ops", "maria", "off", kBegin + 1min);
  EXPECT_THAT(waiting.take_commands(), ElementsAre("decide 14 as ops by maria: off"));
}

TEST(ServiceModel, RefusesFaultsThatTheRunbookCannotShow) {
  const core::Machine plain = tests::compile(tests::runbook_of(
      "  metric requests = counter requests_total\n", "    stop absent(requests) for 3m"));
  const auto refusal = [&](const std::string& fault) {
    SyntheticOptions options;
    options.faults = {*parse_fault(fault)};
    const auto made = ServiceModel::make(plain, options, {}, [](runtime::Outgoing) {});
    return made ? "" : made.error().message;
  };
  EXPECT_EQ(refusal("errors 2%"),
            "the fault `errors 2%` needs a criterion that a ratio of counters must stay below, and "
            "runbook `test` has none");
  EXPECT_EQ(refusal("latency x3"),
            "the fault `latency x3` needs a histogram, and runbook `test` has none");
  EXPECT_EQ(refusal("silence from stage hlaf"),
            "the fault `silence from stage hlaf` counts from stage `hlaf`, which runbook `test` "
            "does not have, did you mean `half`?");
  EXPECT_EQ(refusal("silence until stage half"), "");
}

TEST(ServiceModel, RefusesMessagesThatAreNone) {
  Watched service(shop());
  for (
      const char* message :
      {"", "{}", "[]", "{\"type\":\"dev.rollbook.effect.traffic\"}",
       R"({"type":"dev.rollbook.effect.traffic","data":{}})",
       R"({"type":"dev.rollbook.effect.traffic","data":{"rollout":"r","effect":"r/1/x"}})",
       R"({"type":"dev.rollbook.effect.traffic","data":{"rollout":"r","effect":"r/1/x","order":-1,"to":2}})"}) {
    EXPECT_FALSE(service.model->on_effect(message, kBegin).has_value()) << message;
  }
  EXPECT_FALSE(
      service.model
          ->on_event(R"({"type":"dev.rollbook.asked","data":{"question":1,"item":"?"}})", kBegin)
          .has_value());
  EXPECT_TRUE(
      service.model->on_event(R"({"type":"dev.rollbook.paused","data":{}})", kBegin).has_value());
}

TEST(Load, RisesFromFourToSixteen) {
  const Load load{900, 120};
  const auto at = [&](core::Duration of_day) {
    return static_cast<double>(load.nanos_at(kBegin + of_day)) / 1e9;
  };
  EXPECT_DOUBLE_EQ(at(4h), 120);
  EXPECT_DOUBLE_EQ(at(10h), 510);
  EXPECT_DOUBLE_EQ(at(16h), 900);
  EXPECT_DOUBLE_EQ(at(22h), 510);
  EXPECT_DOUBLE_EQ(at(28h), 120);
}

}  // namespace
}  // namespace rollbook::adapters
