// Ingest from Kafka against a bare librdkafka consumer of the same bytes, and reaction against a
// bare echo through two topics. Both pairs run in turns, on the same broker.

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <thread>

#include "adapters/kafka/kafka_bus.h"
#include "adapters/pump/engine.h"
#include "adapters/pump/metrics_pump.h"
#include "adapters/wire/command_encoder.h"
#include "dsl/compiler.h"
#include "store/memory_event_log.h"
#include "store/rocks_event_log.h"
#include "tools/benchmarks/benchmarks.h"
#include "tools/benchmarks/fleet.h"
#include "tools/benchmarks/temporary_directory.h"

namespace rollbook::bench {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double at_share(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

std::string unique_topic(const std::string& name) {
  return "bench-" + name + "-" +
         std::to_string(std::chrono::system_clock::now().time_since_epoch().count());
}

std::unique_ptr<runtime::Bus> connect(const std::string& bootstrap) {
  adapters::KafkaOptions options;
  options.brokers = bootstrap;
  auto bus = adapters::make_kafka_bus(options);
  ROLLBOOK_CHECK(bus.has_value());
  return std::move(*bus);
}

// ---- librdkafka by itself -------------------------------------------------------------------

using Handle = std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)>;

Handle bare_client(rd_kafka_type_t type, const std::string& bootstrap) {
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto set = [&](const char* name, const char* value) {
    ROLLBOOK_CHECK(rd_kafka_conf_set(conf, name, value, error, sizeof error) == RD_KAFKA_CONF_OK);
  };
  set("bootstrap.servers", bootstrap.c_str());
  if (type == RD_KAFKA_CONSUMER) {
    set("group.id", "bench");
    set("enable.auto.commit", "false");
    set("auto.offset.reset", "earliest");
    set("fetch.wait.max.ms", "10");
  } else {
    set("acks", "all");
    set("linger.ms", "0");
  }
  rd_kafka_t* client = rd_kafka_new(type, conf, error, sizeof error);
  ROLLBOOK_CHECK(client != nullptr);
  return Handle(client, rd_kafka_destroy);
}

void assign(rd_kafka_t* client, const std::string& topic, std::int64_t offset) {
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), 0)->offset = offset;
  rd_kafka_assign(client, list);
  rd_kafka_topic_partition_list_destroy(list);
}

double bare_consume(const std::string& bootstrap, const std::string& topic, std::size_t messages) {
  Handle client = bare_client(RD_KAFKA_CONSUMER, bootstrap);
  assign(client.get(), topic, 0);
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(client.get());
  std::vector<rd_kafka_message_t*> batch(1000);
  std::size_t seen = 0;
  Clock::time_point begin;
  while (seen < messages) {
    const ssize_t got = rd_kafka_consume_batch_queue(queue, 1000, batch.data(), batch.size());
    if (seen == 0 && got > 0) begin = Clock::now();
    for (ssize_t i = 0; i < got; ++i) {
      if (batch[static_cast<std::size_t>(i)]->err == RD_KAFKA_RESP_ERR_NO_ERROR) ++seen;
      rd_kafka_message_destroy(batch[static_cast<std::size_t>(i)]);
    }
  }
  const double rate = static_cast<double>(messages) / seconds_since(begin);
  rd_kafka_queue_destroy(queue);
  return rate;
}

// ---- Ours -----------------------------------------------------------------------------------

// Consumer, decoder, queue, fold, look and turn: all that the engine does with a point.
double rollbook_consume(const std::string& bootstrap, const std::string& topic,
                        std::size_t messages) {
  const auto bus = connect(bootstrap);
  auto consumer = bus->consumer({topic}, {{topic, 0, 0}}, false);
  ROLLBOOK_CHECK(consumer.has_value());
  store::MemoryEventLog log;
  Fleet fleet(log, 1);
  runtime::InputQueue queue(8 << 20);
  const adapters::MetricsPump pump(std::move(*consumer), queue, [](auto) {});
  Clock::time_point begin;
  bool begun = false;
  core::Time now = fleet.now();
  while (true) {
    const auto drained = queue.drain(1s, 256 << 10);
    if (!begun && !drained.points.empty()) {
      begin = Clock::now();
      begun = true;
    }
    for (const runtime::PointBatch& batch : drained.points) {
      if (!batch.points.empty()) now = std::max(now, batch.points.back().end);
      fleet.shard().points(batch, now);
    }
    fleet.shard().tick(now);
    ROLLBOOK_CHECK(fleet.shard().commit(now).has_value());
    const auto offsets = fleet.shard().metric_offsets();
    if (!offsets.empty() && offsets.front().next >= static_cast<std::int64_t>(messages)) break;
  }
  const double rate = static_cast<double>(messages) / seconds_since(begin);
  queue.close();
  return rate;
}

void produce(runtime::Producer& producer, const std::string& topic, const std::string& payload) {
  while (!producer.send({topic, "", "", "", payload}, [](auto) {})) producer.poll(1ms);
}

}  // namespace

void ingest(std::vector<Row>& rows, const std::string& bootstrap) {
  constexpr std::size_t kMessages = 600'000;
  constexpr int kRounds = 5;
  const std::string topic = unique_topic("ingest");
  const auto bus = connect(bootstrap);
  ROLLBOOK_CHECK(bus->ensure_topics({topic}).has_value());
  {
    auto producer = bus->producer();
    ROLLBOOK_CHECK(producer.has_value());
    char line[256];
    for (std::size_t i = 0; i < kMessages; ++i) {
      // Ten series, a second of event time for each ten messages.
      const std::size_t second = i / 10;
      std::snprintf(
          line, sizeof line,
          "{\"metric\":\"%s\",\"labels\":{\"service\":\"s0\",\"v\":\"new\",\"pod\":\"p%zu\"},"
          "\"kind\":\"counter\",\"value\":%zu,\"time\":%zu000000000}",
          i % 2 == 0 ? "req" : "err", i % 10, i % 2 == 0 ? second * 100 : second / 50,
          1767571200 + second);
      produce(**producer, topic, line);
    }
    ROLLBOOK_CHECK((*producer)->flush(60s) == 0);
  }
  std::vector<double> ours, bare, ratios;
  for (int round = 0; round < kRounds; ++round) {
    bare.push_back(bare_consume(bootstrap, topic, kMessages));
    ours.push_back(rollbook_consume(bootstrap, topic, kMessages));
    ratios.push_back(ours.back() / bare.back());
  }
  const double ratio = at_share(ratios, 0.5);
  rows.push_back(
      Row{"ingest from Kafka, a point a message of 130 B", number(at_share(ours, 0.5), "points/s"),
          number(at_share(bare, 0.5), "messages/s"), number(ratio, "×"), "≥ 0.7 ×", ratio >= 0.7});
}

namespace {

// A message through one topic, a forwarding process, and a second topic: times in milliseconds.
std::vector<double> bare_echo(const std::string& bootstrap, int count) {
  const std::string there = unique_topic("there"), back = unique_topic("back");
  ROLLBOOK_CHECK(connect(bootstrap)->ensure_topics({there, back}).has_value());
  std::atomic<bool> done = false;
  std::jthread echo([&] {
    Handle in = bare_client(RD_KAFKA_CONSUMER, bootstrap);
    Handle out = bare_client(RD_KAFKA_PRODUCER, bootstrap);
    assign(in.get(), there, 0);
    while (!done) {
      rd_kafka_message_t* message = rd_kafka_consumer_poll(in.get(), 100);
      if (message != nullptr && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_producev(out.get(), RD_KAFKA_V_TOPIC(back.c_str()), RD_KAFKA_V_PARTITION(0),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_VALUE(message->payload, message->len), RD_KAFKA_V_END);
      }
      if (message != nullptr) rd_kafka_message_destroy(message);
      rd_kafka_poll(out.get(), 0);
    }
    rd_kafka_flush(out.get(), 1000);
  });
  Handle out = bare_client(RD_KAFKA_PRODUCER, bootstrap);
  Handle in = bare_client(RD_KAFKA_CONSUMER, bootstrap);
  assign(in.get(), back, 0);
  std::vector<double> times;
  for (int i = 0; i < count + 20; ++i) {  // the first ones find connections cold
    std::string text = std::to_string(i);
    const auto begin = Clock::now();
    rd_kafka_producev(out.get(), RD_KAFKA_V_TOPIC(there.c_str()), RD_KAFKA_V_PARTITION(0),
                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                      RD_KAFKA_V_VALUE(text.data(), text.size()), RD_KAFKA_V_END);
    while (true) {
      rd_kafka_message_t* message = rd_kafka_consumer_poll(in.get(), 10);
      rd_kafka_poll(out.get(), 0);
      if (message == nullptr) continue;
      const bool mine = message->err == RD_KAFKA_RESP_ERR_NO_ERROR &&
                        std::string(static_cast<char*>(message->payload), message->len) == text;
      rd_kafka_message_destroy(message);
      if (mine) break;
    }
    if (i >= 20) times.push_back(seconds_since(begin) * 1e3);
  }
  done = true;
  return times;
}

constexpr const char* kReacting = R"(edition 1
runbook react {
  service "SERVICE"
  arms by label "v": baseline "old", canary "new"
  role dev
  metric requests = counter req{service="SERVICE"}
  metric errors = counter err{service="SERVICE"} default 0
  metric error_rate = errors / requests
  guard {
    stop error_rate > 10% over 1m
    stop absent(requests) for 30m
    otherwise rollback automatic
  }
  stage canary_10 { traffic 10%
    hold 1h
    expect error_rate < 5% over 1m
    within 24h otherwise rollback automatic }
  rollback automatic { traffic 0% }
  success { finish traffic 10% }
}
)";

// From the deciding point handed to the producer to the rollback's effect read by a consumer.
std::vector<double> reactions(const std::string& bootstrap, int count) {
  const TemporaryDirectory directory;
  auto log = store::RocksEventLog::open(directory / "log");
  ROLLBOOK_CHECK(log.has_value());
  const auto engine_bus = connect(bootstrap);
  const dsl::Compiler compiler;
  adapters::EngineOptions options;
  options.topics = {{unique_topic("metrics")},
                    unique_topic("commands"),
                    unique_topic("effects"),
                    unique_topic("events"),
                    unique_topic("deadletter")};
  auto engine = adapters::Engine::open(**log, *engine_bus, compiler, options);
  ROLLBOOK_CHECK(engine.has_value());
  std::jthread running([&] { ROLLBOOK_CHECK((*engine)->run().has_value()); });

  const auto bus = connect(bootstrap);
  auto producer = bus->producer();
  auto consumer = bus->consumer({options.topics.effects}, {}, false);
  ROLLBOOK_CHECK(producer.has_value() && consumer.has_value());
  std::map<std::string, bool> rolled_back;
  int shifted = 0, settles = 0;
  runtime::ConsumerEvents events;
  events.on_record = [&](const runtime::Record& record) {
    const std::string text(record.value), rollout(record.key);
    const std::size_t id = text.find("\"id\":\"");
    const std::string effect = text.substr(id + 6, text.find('"', id + 6) - id - 6);
    const bool back = text.find("\"rollback\":true") != std::string::npos;
    if (back) rolled_back[rollout] = true;
    core::Command settle;
    settle.key = {"bench", "settle-" + std::to_string(++settles)};
    settle.verb = core::Verb::settle;
    settle.rollout = rollout;
    settle.actor = "bench";
    settle.effect = effect;
    produce(**producer, options.topics.commands, adapters::encode(settle));
    if (!back) ++shifted;
  };
  for (int i = 0; i < count; ++i) {
    core::Command start;
    start.key = {"bench", "start-" + std::to_string(i)};
    start.rollout = "r" + std::to_string(i);
    start.actor = "bench";
    start.runbook = kReacting;
    for (std::size_t at; (at = start.runbook.find("SERVICE")) != std::string::npos;) {
      start.runbook.replace(at, 7, "s" + std::to_string(i));
    }
    produce(**producer, options.topics.commands, adapters::encode(start));
  }
  while (shifted < count) {
    ROLLBOOK_CHECK((*consumer)->poll(100ms, 100, events).has_value());
    (*producer)->poll(0ms);
  }
  (*producer)->flush(10s);
  // Every settle is in the engine once nothing has come for a while: the last point of each
  // rollout below must find its shift settled, or its windows would only begin with it.
  const auto quiet = Clock::now();
  while (seconds_since(quiet) < 1) {
    ROLLBOOK_CHECK((*consumer)->poll(100ms, 100, events).has_value());
  }
  const auto stamp = std::chrono::duration_cast<std::chrono::nanoseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
  const auto line = [&](const char* metric, int value, int i) {
    return "{\"metric\":\"" + std::string(metric) + "\",\"labels\":{\"service\":\"s" +
           std::to_string(i) +
           "\",\"v\":\"new\"},\"kind\":\"counter_delta\",\"value\":" + std::to_string(value) +
           ",\"time\":" + std::to_string(stamp) + "}";
  };
  // Until the engine has had nothing to write for a while: what it does about one point or one
  // rollout is not to be measured with the next.
  const auto rest = [&](double seconds) {
    runtime::Position last = (*log)->last_position();
    auto since = Clock::now();
    while (seconds_since(since) < seconds) {
      ROLLBOOK_CHECK((*consumer)->poll(1ms, 100, events).has_value());
      (*producer)->poll(0ms);
      if ((*log)->last_position() == last) continue;
      last = (*log)->last_position();
      since = Clock::now();
    }
  };
  for (int i = 0; i < count; ++i) {
    produce(**producer, options.topics.metrics.front(), line("req", 1000, i));
  }
  (*producer)->flush(10s);
  rest(1);
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    const auto begin = Clock::now();
    produce(**producer, options.topics.metrics.front(), line("err", 500, i));
    const std::string rollout = "r" + std::to_string(i);
    while (!rolled_back[rollout]) {
      ROLLBOOK_CHECK((*consumer)->poll(10ms, 100, events).has_value());
      (*producer)->poll(0ms);
    }
    if (i >= 20) times.push_back(seconds_since(begin) * 1e3);
    rest(0.01);
  }
  (*producer)->flush(10s);
  (*engine)->stop();
  return times;
}

}  // namespace

void reaction(std::vector<Row>& rows, const std::string& bootstrap) {
  constexpr int kCount = 220;
  const std::vector<double> bare = bare_echo(bootstrap, kCount);
  const std::vector<double> ours = reactions(bootstrap, kCount);
  for (const auto& [name, share] : {std::pair{"p50", 0.5}, std::pair{"p99", 0.99}}) {
    const double ratio = at_share(ours, share) / at_share(bare, share);
    rows.push_back(Row{std::string("reaction, ") + name + ": point sent to rollback read",
                       number(at_share(ours, share), "ms"),
                       number(at_share(bare, share), "ms echo"), number(ratio, "×"), "≤ 1.5 ×",
                       ratio <= 1.5});
  }
}

}  // namespace rollbook::bench
