#include "tools/seeding/seeds.h"

#include <fmt/format.h>

#include <sstream>

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
// How long what both arms need is away. Shorter than this, it may be over before a guard of five
// minutes has seen it.
constexpr Duration kShortest = 10min, kLongest = 3h;
// How long it is looked at afterwards: whether it stays halted, and whether a stop acts, which
// waits for the window of the baseline to empty.
constexpr Duration kStays = 6h, kActs = 1h;

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

// What the canary serves from a moment on, and how long.
class Meter {
 public:
  explicit Meter(Time since) : since_(since) {}
  void serve(Time from, Time to, core::Weight weight) {
    from = std::max(from, since_);
    if (to <= from) return;
    nanos_ += adapters::Load{}.nanos_at(from) / core::Fixed::kScale * weight.nanos *
              ((to - from) / 1ms) / 1000;
  }
  Stretch until(Time now) const {
    return {now - since_, static_cast<std::int64_t>(nanos_ / core::Fixed::kScale)};
  }

 private:
  Time since_;
  core::Int128 nanos_ = 0;  // requests
};

// Sees what a rollout does about what breaks, and when nothing that matters can come any more.
class Watch {
 public:
  Watch(const Run& run, Played& played)
      : run_(run), played_(played), broken_(at(run.broken)), mended_(at(run.mended)) {
    if (broken_) failing_.emplace(*broken_);
    if (run.kind == Kind::broken) alone_.emplace(*broken_);
    if (run.kind == Kind::shared && !run.both_recover) alone_.emplace(*mended_);
  }

  // False: the outcome is known.
  bool turn(const runtime::Committed& committed, const runtime::Shard& shard, Time now) {
    if (shard.rollouts().empty()) return true;
    const core::RolloutState& state = shard.rollouts().begin()->second.state;
    serve(now);
    for (const core::Event& event : committed.events) {
      const auto* effect = std::get_if<core::EffectRequested>(&event.body);
      if (effect == nullptr || effect->kind != core::EffectKind::traffic) continue;
      if (effect->to != core::kNoTraffic) played_.moved = played_.moved || played_.stays_halted;
      if (effect->to == core::kNoTraffic) order_away(state, now);
    }
    weight_ = state.settled;
    played_.stays_halted = state.halted;
    if (state.halted && failing_ && !played_.halted) played_.halted = failing_->until(now);
    return !is_known(now);
  }

 private:
  static std::optional<Time> at(const std::optional<Duration>& since_start) {
    if (!since_start) return std::nullopt;
    return adapters::kSandboxBegin + *since_start;
  }

  void serve(Time now) {
    if (broken_ && at_ <= *broken_ && now > *broken_) played_.weight = weight_;
    if (failing_) failing_->serve(at_, now, weight_);
    if (alone_) alone_->serve(at_, now, weight_);
    at_ = now;
  }

  void order_away(const core::RolloutState& state, Time now) {
    if (ordered_away_) return;
    ordered_away_ = true;
    played_.because = state.breach;
    if (alone_) played_.back = alone_->until(now);
  }

  bool is_known(Time now) const {
    if (run_.kind != Kind::shared || ordered_away_ || now < *mended_) return false;
    if (!played_.halted) return true;
    return now > *mended_ + (run_.both_recover ? kStays : kActs);
  }

  const Run& run_;
  Played& played_;
  std::optional<Time> broken_, mended_;
  std::optional<Meter> failing_, alone_;  // since the canary fails; since it alone does
  Time at_{};
  core::Weight weight_;
  bool ordered_away_ = false;
};

std::string percent(std::int64_t permille) {
  return fmt::format("{}.{}%", permille / 10, permille % 10);
}

// Both arms fail alike, and the baseline recovers: with the canary, or alone.
void draw_shared(Random& random, Run& run) {
  const Duration lasts = between(random, kShortest, kLongest);
  run.mended = *run.broken + lasts;
  run.both_recover = run.seed % 2 == 0;
  const std::string failing =
      fmt::format("errors {} at random from {}", percent(between(random, 10, 200)),
                  adapters::format_duration(*run.broken));
  const std::string until = " for " + adapters::format_duration(lasts);
  if (run.both_recover) {
    run.faults.push_back(failing + until + " on both");
  } else {
    run.faults.push_back(failing + until + " on baseline");
    run.faults.push_back(failing + " on canary");
  }
}

std::string seconds(Duration span) {
  return adapters::format_duration(std::chrono::floor<std::chrono::seconds>(span));
}

// A cause that both arms share: "" when it was dealt with as it must be.
std::string wrong_in_shared(const Run& run, const Played& played) {
  const Duration lasts = *run.mended - *run.broken;
  const bool back = played.outcome == core::Outcome::rolled_back;
  if (played.outcome && !back) return "ended, and was not halted";
  if (back && (run.both_recover || !played.back || played.back->took < Duration::zero())) {
    return fmt::format("rolled back, which both arms' failure is no reason for: {}",
                       played.because);
  }
  if (played.halted && played.halted->took < Duration::zero()) return "halted before it broke";
  if (!played.halted || played.halted->took > lasts) {
    return fmt::format("not halted while both failed, for {}", seconds(lasts));
  }
  if (played.moved) return "went forward while it was halted";
  if (run.both_recover) return played.stays_halted ? "" : "went on, and nobody had resumed it";
  if (!back) return fmt::format("not rolled back {} after the baseline recovered", seconds(kActs));
  return "";
}

}  // namespace

Run draw(std::uint64_t seed, Kind kind) {
  Random random(seed);
  Run run;
  run.seed = seed;
  run.kind = kind;
  // A fiftieth of the plan's limit. At a fifth of it, chance alone would stop some of these: the
  // subject of `rollbook power`, not of this.
  run.faults.push_back("errors 0.002% at random on both");
  draw_delivery(random, run.faults);
  if (kind == Kind::healthy) return run;
  run.broken = between(random, kShadow + 5min, kEnd - 1h);
  if (kind == Kind::shared) {
    draw_shared(random, run);
  } else {
    run.faults.push_back(
        fmt::format("errors 1% at random from {}", adapters::format_duration(*run.broken)));
  }
  return run;
}

core::Result<std::string> halting(const std::string& runbook) {
  std::istringstream lines(runbook);
  std::string all, line;
  bool in_guard = false, put = false;
  while (std::getline(lines, line)) {
    const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
    const std::string_view words = std::string_view(line).substr(begin);
    if (words.starts_with("guard {")) in_guard = true;
    if (in_guard && words.starts_with("otherwise ")) {
      all += line.substr(0, begin) + "when baseline fails too halt\n";
      in_guard = false;
      put = true;
    }
    all += line + "\n";
  }
  if (!put) return core::fail("no `guard {` with an `otherwise` on a line of its own");
  return all;
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
  Watch watch(run, played);
  options.on_turn = [&](const runtime::Committed& committed, const runtime::Shard& shard,
                        Time now) { return watch.turn(committed, shard, now); };
  store::MemoryEventLog log;
  const dsl::Compiler compiler;
  TRY(auto sandbox, adapters::Sandbox::make(log, compiler, plan.machine, plan.expanded, options));
  TRY(played.outcome, sandbox->run());
  return played;
}

std::string wrong_in(const Run& run, const Played& played) {
  if (run.kind == Kind::shared) return wrong_in_shared(run, played);
  if (!played.outcome) return "did not end";
  if (*played.outcome == core::Outcome::aborted) return "aborted";
  const bool back = *played.outcome == core::Outcome::rolled_back;
  if (run.kind == Kind::healthy) return back ? "rolled back: " + played.because : "";
  if (!back) return "not rolled back";
  const bool early = !played.back || played.back->took < Duration::zero();
  return early ? "rolled back before it broke: " + played.because : "";
}

}  // namespace rollbook::seeding
