#include "tools/power/propose.h"

#include <algorithm>
#include <cmath>

#include "adapters/wire/text.h"
#include "tools/power/rehearsal.h"

namespace rollbook::power {

using namespace rollbook::core;

namespace {

// A proposed limit may be broken so often by a rollout of the service as it was recorded.
constexpr double kFalseAlarms = 0.01;

// Whether it would do: with that limit, or with that rate, at the worst load. The promise of a test
// is what was asked for.
bool keeps(const Machine& machine, const Recorded& recorded, double rate, CriterionIndex index,
           Proposal& proposal) {
  Settings settings;
  settings.healthy_rates[machine.at(index).id] = rate;
  const auto study = Study::of(machine, recorded.loads, settings);
  if (!study) return false;
  proposal.false_alarm = 0;
  for (const CriterionReport& each : study->criteria()) {
    if (each.index != index) continue;
    for (const Load& load : recorded.loads) {
      const Chance chance = study->alarm_of(each, load);
      proposal.promised = chance.how == How::promised;
      proposal.false_alarm = std::max(proposal.false_alarm, chance.most);
    }
  }
  return proposal.promised || proposal.false_alarm <= kFalseAlarms;
}

// An edge of an exponential histogram is no number that people write: the next one with three
// digits, above which there are no more.
Fixed written(Fixed edge) {
  Int128 unit = 1;
  while (edge.nanos / unit >= 1000) unit *= 10;
  return Fixed{(edge.nanos + unit - 1) / unit * unit};
}

// Limits as people write them, rising from `rate` on.
std::vector<Int128> round_limits(double rate) {
  std::vector<Int128> limits;
  for (Int128 unit = 10'000; unit < Fixed::kScale; unit *= 10) {
    for (const int tenths : {10, 12, 15, 20, 25, 30, 40, 50, 60, 80}) {
      const Int128 limit = unit * tenths / 10;
      if (limit<Fixed::kScale&& static_cast<double>(limit) * 1e-9> rate) {
        limits.push_back(limit);
      }
    }
  }
  return limits;
}

Proposal propose_limit(Machine machine, CriterionIndex index, const Recorded& recorded) {
  Criterion& criterion = machine.criteria[index.value];
  Proposal proposal{criterion.id, criterion.text, recorded.rates.at(criterion.id), "", 0};
  const bool turned = is_turned(criterion);
  for (const Int128 limit : round_limits(proposal.recorded)) {
    // A test keeps its promise up to the limit itself; half of it is room for a worse day.
    if (criterion.test != Test::none && static_cast<double>(limit) < 2e9 * proposal.recorded) {
      continue;
    }
    criterion.limit = Fixed{turned ? Fixed::kScale - limit : limit};
    if (!keeps(machine, recorded, proposal.recorded, index, proposal)) continue;
    proposal.limit = adapters::format_percent(criterion.limit);
    break;
  }
  return proposal;
}

Proposal propose_edge(const Machine& machine, CriterionIndex index, const Recorded& recorded) {
  const Criterion& criterion = machine.at(index);
  Proposal proposal{criterion.id, criterion.text, recorded.rates.at(criterion.id), "", 0};
  const Recorded::Edges& edges = recorded.edges.at(criterion.id);
  for (const auto& [edge, share] : edges.above) {
    const double above = rate_of(share * edges.requests, edges.requests);
    const double room = criterion.test == Test::none ? 1 : 2;
    if (above >= 1 || above * room > allowed_share(criterion)) continue;
    if (!keeps(machine, recorded, above, index, proposal)) continue;
    const Fixed limit = edges.exponential ? written(edge) : edge;
    proposal.limit = adapters::format_duration(Duration(static_cast<std::int64_t>(limit.nanos)));
    break;
  }
  return proposal;
}

}  // namespace

std::vector<Proposal> propose(const Machine& machine, const Recorded& recorded,
                              const Study& study) {
  std::vector<Proposal> all;
  for (const CriterionReport& each : study.criteria()) {
    if (!each.uncovered.empty() || !recorded.rates.contains(each.id)) continue;
    // It has no limit of its own, or no share that was recorded.
    if (machine.at(each.index).other.valid() || each.sickness != Sickness::failing) continue;
    all.push_back(machine.at(each.index).measure == Measure::quantile
                      ? propose_edge(machine, each.index, recorded)
                      : propose_limit(machine, each.index, recorded));
  }
  return all;
}

}  // namespace rollbook::power
