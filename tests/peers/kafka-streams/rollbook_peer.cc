// Rollbook's side of tools/bench-peer: fills a topic with OTLP as a Collector writes it, and judges
// it with all that the engine does with a point: consumer, decoder, queue, fold, look, a synced
// log.
//
//   rollbook_peer fill  BOOTSTRAP TOPIC DECISIONS MESSAGES     prints how many points
//   rollbook_peer judge BOOTSTRAP TOPIC MESSAGES DIRECTORY     prints what it took, as JSON

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "adapters/kafka/kafka_bus.h"
#include "adapters/pump/metrics_pump.h"
#include "adapters/wire/otlp.pb.h"
#include "store/rocks_event_log.h"
#include "tools/benchmarks/fleet.h"

namespace {

using namespace rollbook;
using namespace std::chrono_literals;

constexpr int kServices = 10;
constexpr int kEndpoints = 100;
constexpr std::int64_t kPointsAMessage = std::int64_t{kServices} * kEndpoints * 4;
// The first second of the fleet's rollouts.
constexpr std::uint64_t kBegin = 1767571200;

template <class Attributes>
void put(const std::string& key, const std::string& text, Attributes& attributes) {
  otlp::KeyValue attribute;
  attribute.set_key(key);
  attribute.mutable_value()->set_string_value(text);
  attribute.SerializeToString(attributes.Add());
}

// Delta temporality, so that nobody has to remember series. One error in a thousand requests.
void put_counter(const std::string& name, std::uint64_t second, otlp::ScopeMetrics& scope) {
  otlp::Metric& metric = *scope.add_metrics();
  metric.set_name(name);
  metric.mutable_sum()->set_is_monotonic(true);
  metric.mutable_sum()->set_aggregation_temporality(otlp::AGGREGATION_TEMPORALITY_DELTA);
  for (const char* arm : {"old", "new"}) {
    for (int i = 0; i < kEndpoints; ++i) {
      otlp::NumberDataPoint point;
      put("v", arm, *point.mutable_attributes());
      put("endpoint", "/api/v2/things/" + std::to_string(i), *point.mutable_attributes());
      point.set_start_time_unix_nano((second - 1) * 1'000'000'000);
      point.set_time_unix_nano(second * 1'000'000'000);
      const bool fails = (second + static_cast<std::uint64_t>(i)) % 100 == 0;
      point.set_as_int(name == "req" ? 10 : fails ? 1 : 0);
      point.SerializeToString(metric.mutable_sum()->add_data_points());
    }
  }
}

std::string message_of(std::uint64_t second) {
  otlp::MetricsData data;
  for (int service = 0; service < kServices; ++service) {
    otlp::ResourceMetrics& resource = *data.add_resource_metrics();
    auto& attributes = *resource.mutable_resource()->mutable_attributes();
    put("service", "s" + std::to_string(service), attributes);
    put("service.instance.id", "0e560990-c681-4896-ba03-331d95e8be78", attributes);
    put("region", "eu-1", attributes);
    otlp::ScopeMetrics& scope = *resource.add_scope_metrics();
    put_counter("req", second, scope);
    put_counter("err", second, scope);
  }
  return data.SerializeAsString();
}

std::unique_ptr<runtime::Bus> connect(const std::string& bootstrap) {
  adapters::KafkaOptions options;
  options.brokers = bootstrap;
  // What librdkafka fetches ahead, 64 MB by default, is most of the memory of a reader of a
  // backlog.
  options.properties = {{"queued.max.messages.kbytes", "8192"}};
  auto bus = adapters::make_kafka_bus(options);
  ROLLBOOK_CHECK(bus.has_value());
  return std::move(*bus);
}

void fill(const std::string& bootstrap, const std::string& topic, const std::string& decisions,
          std::int64_t messages) {
  const auto bus = connect(bootstrap);
  ROLLBOOK_CHECK(bus->ensure_topics({topic, decisions}).has_value());
  auto producer = bus->producer();
  ROLLBOOK_CHECK(producer.has_value());
  for (std::int64_t i = 1; i <= messages; ++i) {
    const std::string payload = message_of(kBegin + static_cast<std::uint64_t>(i));
    while (!(*producer)->send({topic, "", "", "", payload},
                              [](const auto& error) { ROLLBOOK_CHECK(!error); })) {
      (*producer)->poll(1ms);
    }
    (*producer)->poll(0ms);
  }
  ROLLBOOK_CHECK((*producer)->flush(60s) == 0);
  std::printf("%lld\n", static_cast<long long>(messages * kPointsAMessage));
}

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

long peak_kilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

void judge(const std::string& bootstrap, const std::string& topic, std::int64_t messages,
           const std::string& directory) {
  auto log = store::RocksEventLog::open(directory);
  ROLLBOOK_CHECK(log.has_value());
  bench::Fleet fleet(**log, kServices);
  const auto bus = connect(bootstrap);
  auto consumer = bus->consumer({topic}, {{topic, 0, 0}}, false);
  ROLLBOOK_CHECK(consumer.has_value());
  runtime::InputQueue queue(8 << 20);
  const adapters::MetricsPump pump(std::move(*consumer), queue,
                                   [](const auto&) { ROLLBOOK_CHECK(false); });
  std::chrono::steady_clock::time_point begin;
  double begin_processor = 0;
  core::Time now = fleet.now();
  while (true) {
    const auto drained = queue.drain(1s, 256 << 10);
    if (begin_processor == 0 && !drained.points.empty()) {
      begin = std::chrono::steady_clock::now();
      begin_processor = processor_seconds();
    }
    for (const runtime::PointBatch& batch : drained.points) {
      if (!batch.points.empty()) now = std::max(now, batch.points.back().end);
      fleet.shard().points(batch, now);
    }
    fleet.shard().tick(now);
    ROLLBOOK_CHECK(fleet.shard().commit(now).has_value());
    const auto offsets = fleet.shard().metric_offsets();
    if (!offsets.empty() && offsets.front().next >= messages) break;
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double processor = processor_seconds() - begin_processor;
  queue.close();
  const std::int64_t points = messages * kPointsAMessage;
  ROLLBOOK_CHECK(fleet.shard().counters().counted == static_cast<std::uint64_t>(points));
  std::printf("{\"points\":%lld,\"seconds\":%.3f,\"cpu_seconds\":%.3f,\"peak_kilobytes\":%ld}\n",
              static_cast<long long>(points), seconds, processor, peak_kilobytes());
}

}  // namespace

int main(int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "";
  if (verb == "fill" && argc == 6) {
    fill(argv[2], argv[3], argv[4], std::stoll(argv[5]));
  } else if (verb == "judge" && argc == 6) {
    judge(argv[2], argv[3], std::stoll(argv[4]), argv[5]);
  } else {
    std::fprintf(stderr,
                 "rollbook_peer fill BOOTSTRAP TOPIC DECISIONS MESSAGES\n"
                 "rollbook_peer judge BOOTSTRAP TOPIC MESSAGES DIRECTORY\n");
    return 2;
  }
  return 0;
}
