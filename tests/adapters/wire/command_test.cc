#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "adapters/wire/command_decoder.h"
#include "adapters/wire/command_encoder.h"
#include "adapters/wire/text.h"
#include "engine/core/limits.h"

namespace rollbook::adapters {
namespace {

using core::Command;
using core::Verb;
using core::Weight;
using namespace std::chrono_literals;

const core::Time kSent = *parse_time("2026-01-05T10:00:07Z");

std::string event(const std::string& verb, const std::string& data) {
  return R"({"specversion":"1.0","id":"c-81","source":"ops/cli","type":"dev.rollbook.command.)" +
         verb + R"(","data":)" + data + "}";
}
Command good(const std::string& verb, const std::string& data) {
  const Incoming incoming = decode_command(event(verb, data), kSent);
  if (const auto* command = std::get_if<Command>(&incoming)) return *command;
  ADD_FAILURE() << verb << data;
  if (const auto* bad = std::get_if<BadCommand>(&incoming)) ADD_FAILURE() << bad->detail;
  return {};
}
std::string detail(const std::string& verb, const std::string& data) {
  const Incoming incoming = decode_command(event(verb, data), kSent);
  const auto* bad = std::get_if<BadCommand>(&incoming);
  if (bad == nullptr) return "not bad";
  EXPECT_EQ(bad->partial.key, (core::CommandKey{"ops/cli", "c-81"}));
  EXPECT_EQ(name_of(bad->partial.verb), verb);
  EXPECT_EQ(bad->partial.sent, kSent);
  EXPECT_EQ(bad->partial.runbook, "");
  return bad->detail;
}
std::string letter(std::string_view json) {
  const Incoming incoming = decode_command(json, kSent);
  const auto* none = std::get_if<NotACloudEvent>(&incoming);
  return none == nullptr ? "a CloudEvent" : none->reason;
}

TEST(CommandDecoder, ReadsTheContractsStart) {
  const Command command = good(
      "start",
      R"({"rollout":"hal9-7f3k2q","runbook":"edition 1\nrunbook hal9_canary {…","params":{},"actor":"maria","reason":"release 41"})");
  EXPECT_EQ(command.key, (core::CommandKey{"ops/cli", "c-81"}));
  EXPECT_EQ(command.verb, Verb::start);
  EXPECT_EQ(command.rollout, "hal9-7f3k2q");
  EXPECT_EQ(command.runbook, "edition 1\nrunbook hal9_canary {…");
  EXPECT_EQ(command.actor, "maria");
  EXPECT_EQ(command.reason, "release 41");
  EXPECT_EQ(command.sent, kSent);
  EXPECT_FALSE(command.weight);
}

TEST(CommandDecoder, ReadsEveryFieldOfEveryVerb) {
  const Command start = good(
      "start",
      R"({"runbook":"r","file":"a.runbook","params":{"limit":"0.1%","n":3,"b":true,"share":1.5e-05},"version":"sha256:1","weight":0.05,
          "digest":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","later":[1]})");
  EXPECT_EQ(start.rollout, "");
  EXPECT_EQ(start.file, "a.runbook");
  EXPECT_THAT(start.params, testing::ElementsAre(
                                core::Argument{"limit", "0.1%"}, core::Argument{"n", "3"},
                                core::Argument{"b", "true"}, core::Argument{"share", "0.000015"}));
  EXPECT_EQ(start.version, "sha256:1");
  EXPECT_EQ(start.weight, Weight{50'000'000});
  EXPECT_EQ(start.digest.size(), 64U);

  const Command yes =
      good("confirm", R"({"rollout":"r","actor":"a","role":"po","item":"No complaints"})");
  EXPECT_TRUE(yes.yes);
  EXPECT_EQ(yes.item, "No complaints");
  EXPECT_EQ(yes.question, 0U);
  const Command no =
      good("confirm", R"({"rollout":"r","actor":"a","role":"po","question":42,"answer":"no"})");
  EXPECT_FALSE(no.yes);
  EXPECT_EQ(no.question, 42U);

  const Command decide =
      good("decide", R"({"rollout":"r","actor":"a","role":"po","question":7,"option":"proceed"})");
  EXPECT_EQ(decide.option, "proceed");

  EXPECT_EQ(good("pause", R"({"rollout":"r","for":"2m30s"})").duration, 150s);
  EXPECT_FALSE(good("pause", R"({"rollout":"r","for":null})").duration);
  EXPECT_EQ(good("resume", R"({"rollout":"r"})").verb, Verb::resume);
  EXPECT_EQ(good("promote", R"({"rollout":"r"})").verb, Verb::promote);
  EXPECT_EQ(good("abort", R"({"rollout":"r","reason":"smoke"})").reason, "smoke");
  EXPECT_EQ(good("extend", R"({"rollout":"r","by":"24h"})").duration, 24h);

  const Command now = good("rollback", R"({"rollout":"r"})");
  EXPECT_EQ(now.how, core::RollbackHow::immediate);
  EXPECT_EQ(now.to, core::kNoTraffic);
  const Command slowly =
      good("rollback", R"({"rollout":"r","how":"gradual","to":"10%","over":"30m","target":"eu"})");
  EXPECT_EQ(slowly.how, core::RollbackHow::gradual);
  EXPECT_EQ(slowly.to, Weight{100'000'000});
  EXPECT_EQ(slowly.duration, 30min);
  EXPECT_EQ(slowly.target, "eu");

  const Command settle = good(
      "settle",
      R"({"rollout":"r","effect":"r/42/0badcafe","outcome":"failed","detail":"no such pod","result":{"tried":[1, 2.50]}})");
  EXPECT_EQ(settle.effect, "r/42/0badcafe");
  EXPECT_FALSE(settle.succeeded);
  EXPECT_EQ(settle.detail, "no such pod");
  EXPECT_EQ(settle.result, R"({"tried":[1, 2.50]})");
  EXPECT_EQ(
      good("settle", R"({"rollout":"r","effect":"e","outcome":"succeeded","result":"a\"b\n"})")
          .result,
      R"("a\"b\u000a")");
}

TEST(CommandDecoder, WhatIsRefusedKeepsTheRolloutThatItGave) {
  const Incoming incoming = decode_command(event("abort", R"({"rollout":"HAL9"})"), kSent);
  const auto* bad = std::get_if<BadCommand>(&incoming);
  ASSERT_NE(bad, nullptr);
  EXPECT_EQ(bad->partial.rollout, "HAL9");
}

TEST(CommandDecoder, AWrongTypeInEachFieldIsNamed) {
  const std::tuple<const char*, const char*, const char*> table[] = {
      {"start", R"({"runbook":1})", "`runbook` is a number, expected a text"},
      {"start", R"({})", "`runbook` is missing"},
      {"start", R"({"runbook":""})", "`runbook` is missing"},
      {"start", R"({"rollout":7,"runbook":"r"})", "`rollout` is a number, expected a text"},
      {"start", R"({"rollout":"Hal 9","runbook":"r"})",
       "`rollout` is `Hal 9`, expected up to 63 of a-z, 0-9 and -"},
      {"start", R"({"runbook":"r","actor":["maria"]})", "`actor` is a list, expected a text"},
      {"start", R"({"runbook":"r","reason":{}})", "`reason` is an object, expected a text"},
      {"start", R"({"runbook":"r","file":true})", "`file` is true or false, expected a text"},
      {"start", R"({"runbook":"r","params":[]})", "`params` is not an object of names and values"},
      {"start", R"({"runbook":"r","params":{"a":{}}})",
       "`params`: `a` is no text or number of at most 4096 bytes"},
      {"start", R"({"runbook":"r","params":{"a":1,"a":2}})", "`params`: `a` is given twice"},
      {"start", R"({"runbook":"r","version":1})", "`version` is a number, expected a text"},
      {"start", R"({"runbook":"r","digest":"ABC"})", "`digest` is not 64 lower-case hex digits"},
      {"start", R"({"runbook":"r","weight":[]})",
       "`weight` is a list, expected a fraction such as 0.05 or \"5%\""},
      {"start", R"({"runbook":"r","weight":5})",
       "`weight`: `5` is no weight such as 5% or 0.05, from 0% to 100%"},
      {"confirm", R"({"actor":"a","role":"po","item":"x"})", "`rollout` is missing"},
      {"confirm", R"({"rollout":"r","role":"po","item":"x"})", "`actor` is missing"},
      {"confirm", R"({"rollout":"r","actor":"a","role":"po"})", "`item` is missing"},
      {"confirm", R"({"rollout":"r","actor":"a","role":1,"item":"x"})",
       "`role` is a number, expected a text"},
      {"confirm", R"({"rollout":"r","actor":"a","role":"po","item":7})",
       "`item` is a number, expected a text"},
      {"confirm", R"({"rollout":"r","actor":"a","role":"po","item":"x","answer":true})",
       "`answer` is true or false, expected yes or no"},
      {"confirm", R"({"rollout":"r","actor":"a","role":"po","item":"x","answer":"maybe"})",
       "`answer` is `maybe`, expected yes or no"},
      {"confirm", R"({"rollout":"r","actor":"a","role":"po","item":"x","question":"42"})",
       "`question` is a text, expected a whole number"},
      {"confirm", R"({"rollout":"r","actor":"a","role":"po","item":"x","question":4.2})",
       "`question` is 4.2, expected a whole number"},
      {"confirm", R"({"rollout":"r","actor":"a","role":"po","item":"x","question":0})",
       "`question` is 0, questions have numbers from 1"},
      {"decide", R"({"rollout":"r","actor":"a","role":"po"})", "`option` is missing"},
      {"decide", R"({"rollout":"r","actor":"a","role":"po","option":2})",
       "`option` is a number, expected a text"},
      {"pause", R"({"rollout":"r","for":90})",
       "`for` is a number, expected a duration such as \"2m30s\""},
      {"pause", R"({"rollout":"r","for":"soon"})", "`for`: `soon` is no duration such as 2m30s"},
      {"pause", R"({"rollout":"r","for":"0s"})", "`for` is no time at all"},
      {"pause", R"({"rollout":"r","for":"99999999h"})",
       "`for`: `99999999h` is longer than the limit of 87840h"},
      {"resume", R"({})", "`rollout` is missing"},
      {"promote", R"({"rollout":null})", "`rollout` is missing"},
      {"abort", R"({"rollout":"r","reason":1})", "`reason` is a number, expected a text"},
      {"extend", R"({"rollout":"r"})", "`by` is missing"},
      {"extend", R"({"rollout":"r","by":true})",
       "`by` is true or false, expected a duration such as \"2m30s\""},
      {"rollback", R"({"rollout":"r","how":"fast"})",
       "`how` is `fast`, expected immediate or gradual"},
      {"rollback", R"({"rollout":"r","to":true})",
       "`to` is true or false, expected a fraction such as 0.05 or \"5%\""},
      {"rollback", R"({"rollout":"r","to":"half"})",
       "`to`: `half` is no weight such as 5% or 0.05, from 0% to 100%"},
      {"rollback", R"({"rollout":"r","over":30})",
       "`over` is a number, expected a duration such as \"2m30s\""},
      {"rollback", R"({"rollout":"r","target":1})", "`target` is a number, expected a text"},
      {"settle", R"({"rollout":"r","outcome":"succeeded"})", "`effect` is missing"},
      {"settle", R"({"rollout":"r","effect":1,"outcome":"succeeded"})",
       "`effect` is a number, expected a text"},
      {"settle", R"({"rollout":"r","effect":"e"})", "`outcome` is missing"},
      {"settle", R"({"rollout":"r","effect":"e","outcome":"done"})",
       "`outcome` is `done`, expected succeeded or failed"},
      {"settle", R"({"rollout":"r","effect":"e","outcome":1})",
       "`outcome` is a number, expected succeeded or failed"},
      {"settle", R"({"rollout":"r","effect":"e","outcome":"failed","detail":1})",
       "`detail` is a number, expected a text"},
      {"abort", R"(["r"])", "`data` is not an object"},
      {"abort", R"({"rollout":"r","rollout":"s"})", "`rollout` is given twice"},
  };
  for (const auto& [verb, data, expected] : table) EXPECT_EQ(detail(verb, data), expected) << data;
}

TEST(CommandDecoder, LimitsHold) {
  const std::string long_text(core::kTextBytes + 1, 'x');
  EXPECT_EQ(detail("abort", R"({"rollout":"r","actor":")" + long_text + "\"}"),
            "`actor` is longer than 4096 bytes");
  const std::string long_runbook(core::kRunbookBytes + 1, 'x');
  EXPECT_EQ(detail("start", R"({"runbook":")" + long_runbook + "\"}"),
            "`runbook` is longer than 1048576 bytes");
  const std::string long_result(core::kResultBytes + 1, '1');
  EXPECT_EQ(detail("settle", R"({"rollout":"r","effect":"e","outcome":"failed","result":)" +
                                 long_result + "}"),
            "`result` is longer than 65536 bytes");
  EXPECT_EQ(letter(std::string(core::kMessageBytes + 1, ' ')),
            "a message of 4194305 bytes, the limit is 4194304");
}

TEST(CommandDecoder, WhatIsNoCommandIsADeadLetterWithItsReason) {
  const std::pair<std::string, const char*> table[] = {
      {"", "an empty message"},
      {"{garbage", "line 1, column 2: expected a key"},
      {"abort everything", "line 1, column 1: expected an object"},
      {"{}", "no CloudEvent: `specversion` is missing"},
      {R"({"specversion":1})", "no CloudEvent: `specversion` is a number, expected a text"},
      {R"({"specversion":"0.3"})",
       "no CloudEvent that can be read: `specversion` is `0.3`, expected 1.0"},
      {R"({"specversion":"1.0"})", "no CloudEvent: `id` is missing"},
      {R"({"specversion":"1.0","id":"1"})", "no CloudEvent: `source` is missing"},
      {R"({"specversion":"1.0","id":"1","source":""})", "no CloudEvent: `source` is missing"},
      {R"({"specversion":"1.0","id":"1","source":"s"})", "no CloudEvent: `type` is missing"},
      {R"({"specversion":"1.0","id":1,"source":"s","type":"t"})",
       "no CloudEvent: `id` is a number, expected a text"},
      {R"({"specversion":"1.0","id":"1","source":"s","type":"com.example.abort"})",
       "type `com.example.abort` is no command, expected dev.rollbook.command.<verb>"},
      {event("promot", "{}"), "`promot` is no command, did you mean `promote`?"},
      {event("frobnicate", "{}"), "`frobnicate` is no command"},
      {R"({"specversion":"1.0","id":"1","source":"s","type":"dev.rollbook.engine.dance"})",
       "`dev.rollbook.engine.dance` is no type that an engine reads"},
      {R"({"specversion":"1.0","id":"1","source":"s","type":"dev.rollbook.engine.claim"})",
       "`run` is missing"},
      {event("abort", "{}") + "\n" + event("abort", "{}"),
       "line 2, column 1: expected nothing after the object"},
  };
  for (const auto& [json, reason] : table) EXPECT_EQ(letter(json), reason) << json;
}

TEST(CommandDecoder, DataMustBeJson) {
  const auto with = [](const char* more) {
    return R"({"specversion":"1.0","id":"c-81","source":"ops/cli","type":"dev.rollbook.command.abort",)" +
           std::string(more) + "}";
  };
  const auto detail_of = [&](const char* more) {
    const Incoming incoming = decode_command(with(more), kSent);
    const auto* bad = std::get_if<BadCommand>(&incoming);
    return bad == nullptr ? "not bad" : bad->detail;
  };
  EXPECT_EQ(detail_of(R"("data_base64":"e30=")"), "`data_base64`, expected `data`");
  EXPECT_EQ(detail_of(R"("datacontenttype":"text/xml","data":{"rollout":"r"})"),
            "`datacontenttype` is `text/xml`, expected application/json");
  EXPECT_EQ(
      detail_of(R"("datacontenttype":"application/json; charset=utf-8","data":{"rollout":"r"})"),
      "not bad");
}

TEST(CommandDecoder, EnginesClaimsAreOfTheirOwnKind) {
  for (const auto kind : {EngineNotice::Kind::claim, EngineNotice::Kind::held}) {
    const EngineNotice notice{kind, "run-7", kSent};
    const Incoming incoming = decode_command(encode(notice), kSent);
    ASSERT_TRUE(std::holds_alternative<EngineNotice>(incoming));
    EXPECT_EQ(std::get<EngineNotice>(incoming), notice);
  }
  EXPECT_EQ(
      encode(EngineNotice{EngineNotice::Kind::held, "run-7", {}}),
      R"({"specversion":"1.0","id":"run-7","source":"rollbook/engine","type":"dev.rollbook.engine.held","datacontenttype":"application/json","data":{"run":"run-7"}})");
}

TEST(CommandEncoder, WritesTheContractsShape) {
  Command command;
  command.key = {"ops/cli", "c-81"};
  command.verb = Verb::rollback;
  command.rollout = "hal9-7f3k2q";
  command.actor = "maria";
  command.reason = "smoke";
  command.how = core::RollbackHow::gradual;
  command.to = Weight{50'000'000};
  command.duration = 30min;
  EXPECT_EQ(
      encode(command),
      R"({"specversion":"1.0","id":"c-81","source":"ops/cli","type":"dev.rollbook.command.rollback","datacontenttype":"application/json","data":{"rollout":"hal9-7f3k2q","how":"gradual","to":0.05,"over":"30m","actor":"maria","reason":"smoke"}})");
}

TEST(CommandEncoder, WhatIsEncodedIsDecodedToTheSame) {
  Command base;
  base.key = {"ops/cli", "c-\"81\""};
  base.rollout = "r";
  base.actor = "maria ä";
  base.reason = "line\none";
  base.sent = kSent;
  std::vector<Command> commands;
  for (std::size_t i = 0; i < std::size(core::kVerbNames); ++i) {
    Command command = base;
    command.verb = static_cast<Verb>(i);
    commands.push_back(command);
  }
  const auto of = [&](Verb verb) -> Command& { return commands[static_cast<std::size_t>(verb)]; };
  of(Verb::start).runbook = "edition 1\nrunbook \"x\" {\t…}";
  of(Verb::start).params = {{"limit", "0.1%"}};
  of(Verb::start).weight = Weight{333'333'333};
  of(Verb::start).version = "v";
  of(Verb::start).file = "f";
  of(Verb::confirm).item = "No complaints";
  of(Verb::confirm).role = "po";
  of(Verb::confirm).yes = false;
  of(Verb::confirm).question = 18'000'000'000'000'000'000U;
  of(Verb::decide).role = "po";
  of(Verb::decide).option = "proceed";
  of(Verb::pause).duration = 150s;
  of(Verb::extend).duration = 24h;
  of(Verb::rollback).how = core::RollbackHow::gradual;
  of(Verb::rollback).to = Weight{1};
  of(Verb::rollback).target = "eu";
  of(Verb::settle).effect = "r/1/00000000";
  of(Verb::settle).succeeded = false;
  of(Verb::settle).result = R"({"a":[1,"b"]})";
  for (const Command& command : commands) {
    const Incoming incoming = decode_command(encode(command), kSent);
    ASSERT_TRUE(std::holds_alternative<Command>(incoming)) << encode(command);
    EXPECT_EQ(std::get<Command>(incoming), command) << encode(command);
  }
}

TEST(CommandDecoder, SurvivesMutatedMessages) {
  const std::string seeds[] = {
      event("start", R"({"rollout":"r","runbook":"e\n\u00e4","params":{"a":"1"},"weight":"5%"})"),
      event("settle", R"({"rollout":"r","effect":"e","outcome":"failed","result":[{"x":null}]})"),
      event("confirm", R"({"rollout":"r","actor":"a","role":"po","question":42,"answer":"no"})")};
  std::mt19937 random(13);  // NOLINT: the same bytes in every run
  for (int round = 0; round < 10'000; ++round) {
    std::string message = seeds[random() % std::size(seeds)];
    for (auto edits = random() % 5 + 1; edits > 0 && !message.empty(); --edits) {
      const std::size_t at = random() % message.size();
      switch (random() % 3) {
        case 0:
          message[at] = static_cast<char>(random());
          break;
        case 1:
          message.erase(at, random() % 8 + 1);
          break;
        default:
          message.insert(at, 1, "{}[]\",:\\0-eE.\n"[random() % 14]);
      }
    }
    const Incoming incoming = decode_command(message, kSent);
    if (const auto* bad = std::get_if<BadCommand>(&incoming)) {
      EXPECT_FALSE(bad->detail.empty()) << message;
    } else if (const auto* none = std::get_if<NotACloudEvent>(&incoming)) {
      EXPECT_FALSE(none->reason.empty()) << message;
    }
  }
}

}  // namespace
}  // namespace rollbook::adapters
