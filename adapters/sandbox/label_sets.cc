#include "adapters/sandbox/label_sets.h"

#include <algorithm>

#include "adapters/sandbox/label_search.h"

namespace rollbook::adapters {

namespace {

using core::Fixed;
using Labels = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t kLabelsMost = 3;  // that have two values
constexpr std::int64_t kFirstPermille = 600;

bool has(const Labels& labels, const std::string& label) {
  return std::any_of(labels.begin(), labels.end(),
                     [&](const auto& one) { return one.first == label; });
}

void set(Labels& labels, const std::string& label, const std::string& value) {
  std::erase_if(labels, [&](const auto& one) { return one.first == label; });
  labels.emplace_back(label, value);
  std::sort(labels.begin(), labels.end());
}

// Those that some metric which counts the series is kept by.
std::vector<std::string> labels_of(const core::Machine& machine, const LabelSearch& search,
                                   const WireSeries& series) {
  std::vector<std::string> labels;
  for (std::uint32_t i = 0; i < machine.metrics.size(); ++i) {
    if (machine.metrics[i].by.empty()) continue;
    if (!search.feeds(series.name, series.labels, core::MetricIndex{i})) continue;
    for (const std::string& label : machine.metrics[i].by) {
      if (std::find(labels.begin(), labels.end(), label) == labels.end()) labels.push_back(label);
    }
  }
  return labels;
}

Fixed part_of(Fixed whole, std::int64_t permille) { return Fixed{whole.nanos * permille / 1000}; }

// One series as two, or as itself with the label where it is not to be divided further.
std::vector<WireSeries> divided(const WireSeries& series, const std::string& label, bool in_two) {
  std::vector<WireSeries> parts(in_two ? 2 : 1, series);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    set(parts[i].labels, label, label + "-" + std::to_string(i + 1));
  }
  if (!in_two || series.kind == core::MetricKind::histogram) return parts;
  parts[0].per_request = part_of(series.per_request, kFirstPermille);
  parts[1].per_request = series.per_request - parts[0].per_request;
  return parts;
}

}  // namespace

std::vector<WireSeries> by_label_sets(const core::Machine& machine,
                                      std::vector<WireSeries> series) {
  const LabelSearch search(machine);
  std::vector<WireSeries> all;
  for (WireSeries& one : series) {
    if (one.kind == core::MetricKind::gauge) {
      all.push_back(std::move(one));
      continue;
    }
    std::size_t count = 0;
    std::vector<WireSeries> parts{one};
    for (const std::string& label : labels_of(machine, search, one)) {
      if (has(one.labels, label)) continue;
      // Failures are few: divided, those of several sets would come at once, and be too many.
      const bool in_two = count < kLabelsMost && one.ceilings.empty();
      std::vector<WireSeries> finer;
      for (const WireSeries& part : parts) {
        for (WireSeries& each : divided(part, label, in_two)) {
          finer.push_back(std::move(each));
        }
      }
      parts = std::move(finer);
      ++count;
    }
    for (WireSeries& part : parts) all.push_back(std::move(part));
  }
  return all;
}

void add_kind(const core::Machine& machine, const Fault& fault, std::vector<WireSeries>& series) {
  if (fault.label.empty()) return;
  const LabelSearch search(machine);
  std::vector<WireSeries> added;
  for (const WireSeries& one : series) {
    const bool suffers = one.whose == Whose::canary     ? fault.on_canary
                         : one.whose == Whose::baseline ? fault.on_baseline
                                                        : !machine.arms;
    if (one.ceilings.empty() || !one.kind_label.empty() || !suffers) continue;
    const std::vector<std::string> labels = labels_of(machine, search, one);
    if (std::find(labels.begin(), labels.end(), fault.label) == labels.end()) continue;
    WireSeries kind = one;
    kind.kind_label = fault.label;
    kind.kind_value = fault.value;
    set(kind.labels, fault.label, fault.value);
    // Of an arm's label sets one is enough; and two faults may speak of one kind.
    const auto same = [&](const WireSeries& other) {
      return other.name == kind.name && other.whose == kind.whose &&
             other.kind_label == kind.kind_label && other.kind_value == kind.kind_value;
    };
    const bool there = std::any_of(added.begin(), added.end(), same) ||
                       std::any_of(series.begin(), series.end(), same);
    if (!there) added.push_back(std::move(kind));
  }
  for (WireSeries& one : added) series.push_back(std::move(one));
}

}  // namespace rollbook::adapters
