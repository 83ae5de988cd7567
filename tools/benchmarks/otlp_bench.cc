// OTLP from bytes into the windows of ten rollouts, on one core: a Collector's batch of about eight
// thousand points a message, two thirds counters, one third histograms of eleven buckets or
// exponential ones.

#include <time.h>

#include <chrono>

#include "adapters/wire/metric_decoder.h"
#include "adapters/wire/otlp.pb.h"
#include "store/memory_event_log.h"
#include "tools/benchmarks/benchmarks.h"
#include "tools/benchmarks/fleet.h"

namespace rollbook::bench {
namespace {

// Processor time of this thread: what one core can do, whoever else is on the machine.
struct Clock {
  using time_point = std::chrono::nanoseconds;
  static time_point now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }
};

constexpr int kServices = 10;
constexpr int kEndpoints = 270;
constexpr int kMessages = 40;
constexpr int kPoints = kServices * kEndpoints * 3;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

template <class Attributes>
void put(const std::string& key, const std::string& text, Attributes& attributes) {
  otlp::KeyValue attribute;
  attribute.set_key(key);
  attribute.mutable_value()->set_string_value(text);
  attribute.SerializeToString(attributes.Add());
}

// Puts the bytes of a point into the list when it goes out of scope.
template <class Point>
class Adding {
 public:
  explicit Adding(google::protobuf::RepeatedPtrField<std::string>& list) : list_(list) {}
  ~Adding() { point.SerializeToString(list_.Add()); }
  Adding(const Adding&) = delete;
  Adding& operator=(const Adding&) = delete;
  Point point;

 private:
  google::protobuf::RepeatedPtrField<std::string>& list_;
};

// What every kind of point has: the labels of its series and its interval.
template <class Point>
Point& begin_point(Point& point, int endpoint, core::Time start, core::Time now) {
  put("v", "new", *point.mutable_attributes());
  put("endpoint", "/api/v2/things/" + std::to_string(endpoint), *point.mutable_attributes());
  point.set_start_time_unix_nano(static_cast<std::uint64_t>(start.time_since_epoch().count()));
  point.set_time_unix_nano(static_cast<std::uint64_t>(now.time_since_epoch().count()));
  return point;
}

void put_counter(const std::string& name, std::int64_t value, core::Time start, core::Time now,
                 otlp::ScopeMetrics& scope) {
  otlp::Metric& metric = *scope.add_metrics();
  metric.set_name(name);
  metric.mutable_sum()->set_is_monotonic(true);
  metric.mutable_sum()->set_aggregation_temporality(otlp::AGGREGATION_TEMPORALITY_CUMULATIVE);
  for (int i = 0; i < kEndpoints; ++i) {
    Adding<otlp::NumberDataPoint> adding(*metric.mutable_sum()->mutable_data_points());
    begin_point(adding.point, i, start, now).set_as_int(value);
  }
}

void put_histogram(std::int64_t second, core::Time start, core::Time now,
                   otlp::ScopeMetrics& scope) {
  otlp::Metric& metric = *scope.add_metrics();
  metric.set_name("dur");
  metric.mutable_histogram()->set_aggregation_temporality(otlp::AGGREGATION_TEMPORALITY_CUMULATIVE);
  for (int i = 0; i < kEndpoints; ++i) {
    Adding<otlp::HistogramDataPoint> adding(*metric.mutable_histogram()->mutable_data_points());
    auto& point = begin_point(adding.point, i, start, now);
    const auto seen = static_cast<std::uint64_t>(second);
    point.set_count(100 * seen);
    point.set_sum(0.5 * static_cast<double>(second));
    for (const double bound : {0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 1.0}) {
      point.add_explicit_bounds(bound);
    }
    for (const std::uint64_t each :
         std::initializer_list<std::uint64_t>{5, 20, 40, 20, 10, 4, 1, 0, 0, 0, 0}) {
      point.add_bucket_counts(each * seen);
    }
  }
}

void put_exponential(std::int64_t second, core::Time start, core::Time now,
                     otlp::ScopeMetrics& scope) {
  otlp::Metric& metric = *scope.add_metrics();
  metric.set_name("dur");
  auto& data = *metric.mutable_exponential_histogram();
  data.set_aggregation_temporality(otlp::AGGREGATION_TEMPORALITY_CUMULATIVE);
  for (int i = 0; i < kEndpoints; ++i) {
    Adding<otlp::ExponentialHistogramDataPoint> adding(*data.mutable_data_points());
    auto& point = begin_point(adding.point, i, start, now);
    point.set_count(static_cast<std::uint64_t>(80 * second));
    point.set_scale(5);
    point.mutable_positive()->set_offset(-8 * 32);
    for (int bucket = 0; bucket < 80; ++bucket) {
      point.mutable_positive()->add_bucket_counts(static_cast<std::uint64_t>(second));
    }
  }
}

std::vector<std::string> messages(core::Time start, bool exponential) {
  std::vector<std::string> all;
  for (std::int64_t second = 1; second <= kMessages; ++second) {
    const core::Time now = start + std::chrono::seconds(second);
    otlp::MetricsData data;
    for (int service = 0; service < kServices; ++service) {
      otlp::ResourceMetrics& resource = *data.add_resource_metrics();
      auto& attributes = *resource.mutable_resource()->mutable_attributes();
      put("service", "s" + std::to_string(service), attributes);
      put("service.instance.id", "0e560990-c681-4896-ba03-331d95e8be78", attributes);
      put("region", "eu-1", attributes);
      otlp::ScopeMetrics& scope = *resource.add_scope_metrics();
      put_counter("req", 100 * second, start, now, scope);
      put_counter("err", second / 50, start, now, scope);
      if (exponential) {
        put_exponential(second, start, now, scope);
      } else {
        put_histogram(second, start, now, scope);
      }
    }
    all.push_back(data.SerializeAsString());
  }
  return all;
}

struct Rates {
  double decoded = 0;  // into points
  double folded = 0;   // and into windows, with the looks and turns that follow
};

Rates measure(bool exponential) {
  store::MemoryEventLog log;
  Fleet fleet(log, kServices);
  const core::Time start = fleet.now();
  const std::vector<std::string> all = messages(start, exponential);
  adapters::MetricDecoder decoder;
  std::vector<adapters::DeadLetter> letters;
  double decoding = 0, folding = 0;
  std::size_t points = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const core::Time now = start + std::chrono::seconds(i + 1);
    runtime::PointBatch batch;
    const auto begin = Clock::now();
    decoder.decode({"metrics", 0, static_cast<std::int64_t>(i), now, "", all[i]}, batch, letters);
    const auto decoded = Clock::now();
    fleet.shard().points(batch, now);
    fleet.shard().tick(now);
    ROLLBOOK_CHECK(fleet.shard().commit(now).has_value());
    if (i < 5) continue;  // series learnt
    decoding += std::chrono::duration<double>(decoded - begin).count();
    folding += seconds_since(decoded);
    points += batch.points.size();
  }
  ROLLBOOK_CHECK(letters.empty() && fleet.shard().counters().refused == 0);
  ROLLBOOK_CHECK(fleet.shard().counters().counted == std::size_t{kPoints} * kMessages);
  const auto count = static_cast<double>(points);
  return {count / decoding, count / (decoding + folding)};
}

}  // namespace

void otlp(std::vector<Row>& rows) {
  for (const bool exponential : {false, true}) {
    const std::string what = exponential ? "OTLP, exponential histograms" : "OTLP";
    const Rates rates = measure(exponential);
    rows.push_back(
        {what + ", decoded on one core", number(rates.decoded, "points/s"), "", "", "", true});
    rows.push_back({what + ", decoded and folded on one core", number(rates.folded, "points/s"), "",
                    "", exponential ? "" : "≥ 3 Mpoints/s", exponential || rates.folded >= 3e6});
  }
}

}  // namespace rollbook::bench
