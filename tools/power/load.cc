#include "tools/power/load.h"

namespace rollbook::power {

using namespace rollbook::core;

Weights weights_of(const Stage& stage) {
  return stage.weights.empty() ? Weights{stage.weight} : stage.weights;
}

void share_evenly(const Machine& machine, Load& load) {
  if (machine.targets.empty() || !load.of_targets.empty()) return;
  const auto count = static_cast<double>(machine.targets.size());
  load.of_targets.assign(machine.targets.size(), load.per_second / count);
}

double flow_of(const Machine& machine, SeriesIndex index, const Load& load,
               const Weights& weights) {
  const Series& series = machine.at(index);
  const auto share = [&](Weight weight) {
    const double canary = static_cast<double>(weight.nanos) * 1e-9;
    return series.arm == Arm::canary ? canary : series.arm == Arm::baseline ? 1 - canary : 1;
  };
  if (machine.targets.empty()) return load.per_second * share(weights.front());
  double flow = 0;
  for (std::uint32_t i = 0; i < machine.targets.size(); ++i) {
    const TargetIndex target{i};
    if (series.target.valid() && series.target != target) continue;
    flow += load.of_targets[i] * share(weights[i]);
  }
  return flow;
}

}  // namespace rollbook::power
