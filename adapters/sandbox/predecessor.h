#pragma once
// What ran before a made-up rollout: `after runbook X` wants a rollout of X that has succeeded, and
// an empty log has none. It is run here, so that the log stands alone: a rollout that ends at once.
//
//   TRY_DO(precede(*shard, compiler, machine, machine.after, now));

#include <string>
#include <vector>

#include "engine/runtime/plan_compiler.h"
#include "engine/runtime/shard.h"

namespace rollbook::adapters {

// One for each of `runbooks`, of the service of `machine`, at the weight where that begins. Its
// turns are committed. Error: the log's; or it was refused, with the reason.
core::Status precede(runtime::Shard& shard, const runtime::PlanCompiler& compiler,
                     const core::Machine& machine, const std::vector<std::string>& runbooks,
                     core::Time now);

}  // namespace rollbook::adapters
