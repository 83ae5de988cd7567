#include "adapters/http/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>

namespace rollbook::adapters {
namespace {

class Counter : public MetricCounter {
 public:
  explicit Counter(prometheus::Counter& counter) : counter_(counter) {}
  void add(double by) override { counter_.Increment(by); }

 private:
  prometheus::Counter& counter_;
};
class Gauge : public MetricGauge {
 public:
  explicit Gauge(prometheus::Gauge& gauge) : gauge_(gauge) {}
  void set(double value) override { gauge_.Set(value); }

 private:
  prometheus::Gauge& gauge_;
};
class Histogram : public MetricHistogram {
 public:
  explicit Histogram(prometheus::Histogram& histogram) : histogram_(histogram) {}
  void observe(double value) override { histogram_.Observe(value); }

 private:
  prometheus::Histogram& histogram_;
};

// A metric's name and labels; the name alone is the key of its family.
struct Key {
  std::string name;
  MetricLabels labels;
  auto operator<=>(const Key&) const = default;
};

prometheus::Labels to_labels(const MetricLabels& labels) { return {labels.begin(), labels.end()}; }

}  // namespace

class Metrics::Impl {
 public:
  prometheus::Registry registry;
  std::mutex mutex;  // guards the maps
  std::map<Key, std::unique_ptr<MetricCounter>> counters;
  std::map<Key, std::unique_ptr<MetricGauge>> gauges;
  std::map<Key, std::unique_ptr<MetricHistogram>> histograms;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

MetricCounter& Metrics::counter(const std::string& name, const std::string& help,
                                const MetricLabels& labels) {
  const std::lock_guard lock(impl_->mutex);
  auto& made = impl_->counters[Key{name, labels}];
  if (!made) {
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(impl_->registry);
    made = std::make_unique<Counter>(family.Add(to_labels(labels)));
  }
  return *made;
}

MetricGauge& Metrics::gauge(const std::string& name, const std::string& help,
                            const MetricLabels& labels) {
  const std::lock_guard lock(impl_->mutex);
  auto& made = impl_->gauges[Key{name, labels}];
  if (!made) {
    auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry);
    made = std::make_unique<Gauge>(family.Add(to_labels(labels)));
  }
  return *made;
}

MetricHistogram& Metrics::histogram(const std::string& name, const std::string& help,
                                    const std::vector<double>& bounds, const MetricLabels& labels) {
  const std::lock_guard lock(impl_->mutex);
  auto& made = impl_->histograms[Key{name, labels}];
  if (!made) {
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(impl_->registry);
    made = std::make_unique<Histogram>(family.Add(to_labels(labels), bounds));
  }
  return *made;
}

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace rollbook::adapters
