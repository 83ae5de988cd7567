#pragma once
// LabelSearch: label sets that a metric's matchers select and, where possible, no other metric's of
// the same name. The engine's own Selector says what is selected, so the two cannot disagree.

#include <string>
#include <utility>
#include <vector>

#include "adapters/sandbox/health.h"
#include "engine/core/machine.h"
#include "engine/runtime/selector.h"

namespace rollbook::adapters {

class LabelSearch {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  explicit LabelSearch(const core::Machine& machine);

  // True when a point of `name` with `labels` is counted by `metric`.
  bool feeds(const std::string& name, const Labels& labels, core::MetricIndex metric) const;

  // Error: no label set was found; names the metric and its matchers.
  core::Result<Labels> find(core::MetricIndex metric, Whose whose,
                            core::TargetIndex target = {}) const;

 private:
  std::vector<std::string> candidates(const std::string& selector, const std::string& label) const;

  const core::Machine& machine_;
  runtime::Selector selector_;
};

}  // namespace rollbook::adapters
