#pragma once
// Metrics: the engine's own counters, gauges and histograms, as Prometheus reads them. Made once
// and kept by reference; add(), set() and observe() take no lock and may be called by any thread.
//
//   Metrics metrics;
//   MetricCounter& points = metrics.counter("rollbook_points_total", "Points read", {{"topic",
//   t}}); points.add(batch.points.size()); metrics.text();      // the exposition format, for
//   /metrics

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rollbook::adapters {

class MetricCounter {
 public:
  virtual ~MetricCounter() = default;
  // A negative `by` is ignored: counters rise.
  virtual void add(double by = 1) = 0;
};
class MetricGauge {
 public:
  virtual ~MetricGauge() = default;
  virtual void set(double value) = 0;
};
class MetricHistogram {
 public:
  virtual ~MetricHistogram() = default;
  virtual void observe(double value) = 0;
};

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The same name and labels give the same metric; the references hold as long as this object.
  // A name that is no Prometheus name, or is used for another kind, is a bug.
  MetricCounter& counter(const std::string& name, const std::string& help,
                         const MetricLabels& labels = {});
  MetricGauge& gauge(const std::string& name, const std::string& help,
                     const MetricLabels& labels = {});
  // `bounds` rise; each is the upper end of a bucket.
  MetricHistogram& histogram(const std::string& name, const std::string& help,
                             const std::vector<double>& bounds, const MetricLabels& labels = {});

  // Prometheus' text format, version 0.0.4.
  std::string text() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rollbook::adapters
