#include "tests/tools/test_engine.h"

#include <gtest/gtest.h>

#include "adapters/file_bus.h"
#include "adapters/wire/command_decoder.h"
#include "adapters/wire/effect_json.h"
#include "adapters/wire/text.h"

namespace rollbook::tests {

using namespace std::chrono_literals;

TestEngine::TestEngine(const std::string& data, const std::string& bus_directory) {
  auto log = store::RocksEventLog::open(data);
  EXPECT_TRUE(log) << (log ? "" : log.error().message);
  log_ = std::move(*log);
  runtime::ShardOptions options;
  options.render = [](const core::Machine& machine, const core::RolloutState& state,
                      const core::Event& event, const runtime::EffectHashes& hashes) {
    return adapters::effect_row("rollbook.effects", machine, state, event, hashes);
  };
  auto shard = runtime::Shard::recover(*log_, std::move(options));
  EXPECT_TRUE(shard);
  shard_ = std::move(*shard);
  contexts_ = std::make_unique<adapters::StreamContexts>(*log_);
  if (bus_directory.empty()) return;
  bus_ = std::move(*adapters::make_file_bus(bus_directory));
  EXPECT_TRUE(bus_->ensure_topics({"rollbook.commands", "rollbook.events"}));
  commands_ = std::move(*bus_->consumer({"rollbook.commands"}, {}, false));
  producer_ = std::move(*bus_->producer());
}

TestEngine::~TestEngine() = default;

void TestEngine::take(core::Command command) {
  runtime::CommandInput input;
  if (command.verb == core::Verb::start) {
    input.compiled = compiler_.compile(command.file, command.runbook, command.params);
    command.runbook.clear();
  }
  input.command = std::move(command);
  shard_->command(input, now);
}

void TestEngine::command(core::Command command) {
  if (command.key.id.empty()) command.key = {"test", std::to_string(++keys_)};
  take(std::move(command));
  step();
}

void TestEngine::metrics(const std::string& lines) {
  runtime::PointBatch batch;
  std::vector<adapters::DeadLetter> letters;
  decoder_.decode({"metrics", 0, offset_++, now, "", lines}, batch, letters);
  EXPECT_TRUE(letters.empty()) << letters[0].reason;
  shard_->points(batch, now);
}

void TestEngine::read_bus() {
  runtime::ConsumerEvents events;
  events.on_record = [&](const runtime::Record& record) {
    auto incoming = adapters::decode_command(record);
    if (auto* command = std::get_if<core::Command>(&incoming)) take(std::move(*command));
  };
  events.on_gap = [](const runtime::Gap&) {};
  events.on_reachable = [](bool) {};
  EXPECT_TRUE(commands_->poll(5ms, 100, events));
}

void TestEngine::publish() {
  const auto stored = log_->read_positions(published_, 1000);
  ASSERT_TRUE(stored);
  for (const runtime::StoredEvent& event : *stored) {
    published_ = event.position;
    adapters::EventContext bare;
    const adapters::EventContext* context = &bare;
    if (event.event.stream != core::kShardStream) context = *contexts_->of(event.event.stream);
    if (const auto message = adapters::event_message("rollbook.events", *context, event)) {
      ASSERT_TRUE(producer_->send(*message, [](std::optional<core::Error>) {}));
    }
  }
  producer_->poll(0ms);
}

void TestEngine::step() {
  if (bus_) read_bus();
  shard_->tick(now);
  bool more = true;
  while (more) {
    auto committed = shard_->commit(now);
    ASSERT_TRUE(committed) << committed.error().message;
    more = false;
    for (const runtime::OutboxRow& row : committed->appended.outbox) {
      shard_->delivered({row.stream, row.sequence}, now);
      if (row.type != "dev.rollbook.effect.traffic") continue;
      core::Command settle;
      settle.key = {"service", row.id};
      settle.verb = core::Verb::settle;
      settle.rollout = row.key;
      settle.effect = row.id;
      take(std::move(settle));
      more = true;
    }
  }
  if (bus_) publish();
}

void TestEngine::run_for(core::Duration duration, std::int64_t errors_per_second) {
  for (core::Duration done = 0s; done < duration; done += 1s) {
    now += 1s;
    requests_ += 50;
    errors_ += errors_per_second;
    std::string lines;
    const std::string time = adapters::format_time(now);
    const auto line = [&](const char* metric, const char* version, std::int64_t value) {
      lines += R"({"metric":")" + std::string(metric) + R"(","labels":{"version":")" + version +
               R"("},"kind":"counter","value":)" + std::to_string(value) +
               R"(,"start":"2026-01-05T00:00:00Z","time":")" + time + "\"}\n";
    };
    line("shop_requests_total", "old", requests_);
    line("shop_requests_total", "new", requests_);
    line("shop_errors_total", "old", 0);
    line("shop_errors_total", "new", errors_);
    metrics(lines);
    step();
  }
}

LiveEngine::LiveEngine(const std::string& data, const std::string& bus_directory) {
  auto engine = std::make_shared<TestEngine>(data, bus_directory);
  thread_ = std::jthread([engine](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      engine->now = core::Time{std::chrono::system_clock::now().time_since_epoch()};
      engine->step();
    }
  });
}

}  // namespace rollbook::tests
