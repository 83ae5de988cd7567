#pragma once
// The machine of one small runbook, built by hand, and Drive, which gives it inputs: what the core
// does can be tried without a compiler, a log or a clock.
//
//   preflight ─► setup ─► guarded{ canary{ shift ► hold ► run ► review ► decide } } ─► succeeded
//                            └ stop, abort ─► rollback ─► rolled_back;  gradual ─► rolled_back
//
// After every input the state is rebuilt from the events and compared with the live one.

#include <string>
#include <vector>

#include "engine/core/decide.h"
#include "engine/core/limits.h"
#include "engine/core/semantics.h"

namespace rollbook::core::tests {

using namespace std::chrono_literals;

Machine stage_machine();

inline constexpr CriterionIndex kErrorStop{0}, kErrorExpect{1}, kAbsentStop{2};
inline constexpr ClockIndex kHold{0}, kReviewWithin{1}, kDecideWithin{2}, kReminder{3};
inline constexpr ItemIndex kNoComplaints{0}, kVerdict{1}, kReady{2};

class Drive {
 public:
  explicit Drive(Machine made = stage_machine());

  // Starts the rollout `r1`, now, by the rules of `semantics`.
  void begin(Sight sight = Sight::live);
  // Runs one input to rest, now; true when it left a trace.
  bool give(InputBody input);
  bool tick() { return give(Tick{}); }
  // Lets time pass from one deadline to the next.
  void pass(Duration by);
  // To the state of that name: answers, settles and waits as it needs.
  void to(const std::string& state);

  // "" when it was taken, else the reason of the refusal.
  std::string obey(Command command);
  Command command(Verb verb) const;
  std::string confirm(const std::string& item, const std::string& role, const std::string& actor,
                      bool yes = true);
  std::string decide(const std::string& option, const std::string& role, const std::string& actor);
  std::string settle(Sequence effect, bool succeeded = true);
  // Every effect that waits for its outcome.
  void settle_all(bool succeeded = true);

  // Requests and errors of one second that ends now, looked at.
  void traffic(std::int64_t requests, std::int64_t errors);

  std::string name() const { return machine.at(state.active).name; }
  // The last event of a kind; fails when there is none.
  template <class Body>
  const Body& last() const {
    for (auto event = events.rbegin(); event != events.rend(); ++event) {
      if (const auto* body = std::get_if<Body>(&event->body)) return *body;
    }
    ROLLBOOK_CHECK(false);
  }
  template <class Body>
  int count() const {
    int found = 0;
    for (const Event& event : events) found += std::holds_alternative<Body>(event.body) ? 1 : 0;
    return found;
  }
  std::vector<EffectRequested> requested(EffectKind kind) const;
  // The sequence of the last effect of a kind.
  Sequence effect(EffectKind kind) const;

  Machine machine;
  std::uint32_t semantics = kSemantics;
  ShardState shard;
  RolloutState state;
  Pending pending;
  std::vector<Event> events;
  Time now{std::chrono::seconds(1767571200)};  // 2026-01-05T00:00Z

 private:
  void check_replica();
  RolloutState replica_;
  ShardState shard_replica_;
  std::size_t replayed_ = 0;
};

}  // namespace rollbook::core::tests
