#include "tools/seeding/seeds.h"

#include <fmt/format.h>

#include "adapters/sandbox/sandbox.h"
#include "adapters/sandbox/traffic.h"
#include "adapters/wire/text.h"
#include "dsl/compiler.h"
#include "store/memory_event_log.h"

namespace rollbook::seeding {

using namespace std::chrono_literals;
using adapters::Random;
using core::Duration;
using core::Time;

namespace {

// The rollout of plans/hal9-canary.runbook: a day of shadow, 38 hours of stages.
constexpr Duration kShadow = 24h, kEnd = 62h;

// Even over [least, most], in whole steps.
std::int64_t between(Random& random, std::int64_t least, std::int64_t most) {
  return least +
         static_cast<std::int64_t>(random.next() % static_cast<std::uint64_t>(most - least + 1));
}
Duration between(Random& random, Duration least, Duration most) {
  return std::chrono::seconds(between(random, least / 1s, most / 1s));
}

// "gaps 12% from 26h3m for 40m on both"; `what` ends with a share where there is one.
std::string span(Random& random, const std::string& what, Duration least, Duration most,
                 const std::string& arms) {
  const Duration from = between(random, 1min, kEnd);
  const Duration lasts = between(random, least, most);
  return fmt::format("{} from {} for {}{}", what, adapters::format_duration(from),
                     adapters::format_duration(lasts), arms);
}

// How the metrics of one rollout are delivered. A fifth of the scrapes is the most that is lost for
// long: three minutes without any are no fault of delivery, the guard says.
void draw_delivery(Random& random, std::vector<std::string>& faults) {
  for (auto i = between(random, 3, 6); i > 0; --i) {
    faults.push_back(span(random, "collector restarts", 10s, 90s, ""));
  }
  for (auto i = between(random, 2, 4); i > 0; --i) {
    faults.push_back(
        span(random, fmt::format("gaps {}%", between(random, 2, 20)), 10min, 2h, " on both"));
  }
  for (auto i = between(random, 2, 4); i > 0; --i) {
    faults.push_back(
        span(random, fmt::format("duplicates {}%", between(random, 5, 50)), 10min, 6h, " on both"));
  }
  faults.push_back(fmt::format("partitions double from {}",
                               adapters::format_duration(between(random, kShadow, kEnd - 1h))));
}

// What the canary serves from when it broke until its traffic is ordered away.
class Watch {
 public:
  Watch(std::optional<Time> broken, Played& played) : broken_(broken), played_(played) {}

  void turn(const runtime::Committed& committed, const runtime::Shard& shard, Time now) {
    if (done_ || shard.rollouts().empty()) return;
    const core::RolloutState& state = shard.rollouts().begin()->second.state;
    serve(now);
    weight_ = state.settled;
    for (const core::Event& event : committed.events) {
      const auto* effect = std::get_if<core::EffectRequested>(&event.body);
      if (effect == nullptr || effect->kind != core::EffectKind::traffic) continue;
      if (effect->to != core::kNoTraffic) continue;
      done_ = true;
      played_.because = state.breach;
      if (broken_) played_.took = now - *broken_;
    }
  }

 private:
  void serve(Time now) {
    if (broken_ && now > *broken_) {
      const Time from = std::max(at_, *broken_);
      if (at_ <= *broken_) played_.weight = weight_;
      nanos_ += adapters::Load{}.nanos_at(from) / core::Fixed::kScale * weight_.nanos *
                ((now - from) / 1ms) / 1000;
      played_.requests = static_cast<std::int64_t>(nanos_ / core::Fixed::kScale);
    }
    at_ = now;
  }

  std::optional<Time> broken_;
  Played& played_;
  Time at_{};
  core::Weight weight_;
  core::Int128 nanos_ = 0;  // requests
  bool done_ = false;
};

}  // namespace

Run draw(std::uint64_t seed, bool breaks) {
  Random random(seed);
  Run run;
  run.seed = seed;
  // A fiftieth of the plan's limit. At a fifth of it, chance alone would stop some of these: the
  // subject of `rollbook power`, not of this.
  run.faults.push_back("errors 0.002% at random on both");
  draw_delivery(random, run.faults);
  if (breaks) {
    run.broken = between(random, kShadow + 5min, kEnd - 1h);
    run.faults.push_back(
        fmt::format("errors 1% at random from {}", adapters::format_duration(*run.broken)));
  }
  return run;
}

core::Result<Played> play(const runtime::Plan& plan, const Run& run) {
  adapters::SandboxOptions options;
  options.file = plan.file;
  options.service.seed = run.seed;
  for (const std::string& text : run.faults) {
    TRY(auto fault, adapters::parse_fault(text));
    options.service.faults.push_back(std::move(fault));
  }
  Played played;
  std::optional<Time> broken;
  if (run.broken) broken = adapters::kSandboxBegin + *run.broken;
  Watch watch(broken, played);
  options.on_turn = [&](const runtime::Committed& committed, const runtime::Shard& shard,
                        Time now) {
    watch.turn(committed, shard, now);
    return true;
  };
  store::MemoryEventLog log;
  const dsl::Compiler compiler;
  TRY(auto sandbox, adapters::Sandbox::make(log, compiler, plan.machine, plan.expanded, options));
  TRY(played.outcome, sandbox->run());
  return played;
}

}  // namespace rollbook::seeding
