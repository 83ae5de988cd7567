#pragma once
// Label sets: what a runbook keeps its metrics by (`by type, endpoint`) shows only where a service
// sends it. Each healthy series is sent as several, which together are what it was; and a fault may
// bring failures of a kind that no healthy service has.

#include <vector>

#include "adapters/sandbox/fault.h"
#include "adapters/sandbox/health.h"

namespace rollbook::adapters {

// Counters are divided over two values of each label, `endpoint-1` and `endpoint-2`; a histogram is
// of each, for what is measured layer by layer is measured in every one. At most eight sets;
// healthy failures have one, `type-1`.
std::vector<WireSeries> by_label_sets(const core::Machine& machine, std::vector<WireSeries> series);

// The series of `errors … of LABEL VALUE`, on the arms that suffer. Nothing is added where no
// counter of errors is kept by that label: check_fault() says so.
void add_kind(const core::Machine& machine, const Fault& fault, std::vector<WireSeries>& series);

}  // namespace rollbook::adapters
