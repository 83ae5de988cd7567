#pragma once
// Rehearsal: a runbook on a virtual clock, for tests. Drives the very Shard that the engine runs,
// over a MemoryEventLog: scrapes a made-up service, settles effects, sends commands, and lets time
// pass from one due moment to the next. After every turn the state rebuilt from the log's bytes is
// compared with the live one, and every event is held against the invariants; a difference fails
// the test.
//
//   Rehearsal r(kRunbook);
//   r.counter("req", {{"v", "new"}}, 100);     // per second, cumulative, scraped every 15 s
//   r.start();
//   r.run_for(2h);
//   EXPECT_EQ(r.state(), "canary_10.hold");

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dsl/compiler.h"
#include "engine/runtime/shard.h"
#include "store/memory_event_log.h"
#include "tests/scenarios/invariants.h"

namespace rollbook::tests {

using namespace std::chrono_literals;
using Labels = std::vector<std::pair<std::string, std::string>>;

class Rehearsal {
 public:
  // Fails the test when the runbook has an error. A text is compiled once a process.
  explicit Rehearsal(const std::string& runbook);
  // What is started from now on.
  void take(const std::string& runbook);
  ~Rehearsal();

  // ---- The service that is watched -----------------------------------------------------------
  // Sets what a series counts per second from now on; it appears with its first scrape.
  void counter(const std::string& name, const Labels& labels, std::int64_t per_second);
  // Adds at once, before the next scrape.
  void add(const std::string& name, const Labels& labels, std::int64_t count);
  // Observations per second by bucket; one more than the bounds (seconds × 10⁻³).
  void histogram(const std::string& name, const Labels& labels, std::vector<std::int64_t> bounds_ms,
                 std::vector<std::int64_t> per_second);
  // Adds observations by bucket at once, before the next scrape; a negative count takes away some
  // of those that the next scrape would add.
  void observe(const std::string& name, const Labels& labels,
               const std::vector<std::int64_t>& counts);
  void gauge(const std::string& name, const Labels& labels, std::int64_t value);
  // The process behind it begins anew: its total falls to zero.
  void restart(const std::string& series, const Labels& labels);
  // The series is not scraped any more; `silence()` without a name: none is.
  void silence(const std::string& name, const Labels& labels);
  void silence();
  void speak();
  // The series' points arrive so much later than they were scraped.
  void lag(const std::string& name, const Labels& labels, core::Duration by);
  core::Duration scrape_every = 15s;
  // Added to the time of every point: the clocks of those who measure.
  core::Duration clock_offset{};
  // Cuts every scrape into turns of this many points; 0: one turn a scrape.
  std::size_t points_a_turn = 0;

  // ---- Whoever acts ----------------------------------------------------------------------------
  // What happens to an awaited effect: settled after `after`, `times` over, or never.
  struct Settlement {
    core::Duration after = 200ms;
    bool succeeds = true;
    bool never = false;
    int times = 1;
  };
  std::function<Settlement(const core::EffectRequested&)> settles;
  // Whether what was asked for reaches them; until then it waits in the outbox.
  bool delivers = true;

  // ---- People ----------------------------------------------------------------------------------
  // Each returns the reason of the refusal, or "" when it was taken. Orders are to `rollout_id`.
  std::string rollout_id = "r1";
  std::string start(std::optional<core::Command> command = std::nullopt);
  std::string send(core::Command command);
  std::string confirm(const std::string& item, const std::string& role, const std::string& actor,
                      bool yes = true, std::uint64_t question = 0);
  std::string decide(const std::string& option, const std::string& role, const std::string& actor,
                     std::uint64_t question = 0);
  std::string verb(core::Verb verb, std::optional<core::Duration> duration = std::nullopt);
  std::string rollback(core::RollbackHow how, std::optional<core::Duration> over = std::nullopt);
  std::string rollback_to(core::Weight to, core::RollbackHow how,
                          std::optional<core::Duration> over = std::nullopt);
  std::string settle(const std::string& effect, bool succeeded);
  // Answers every question with yes and `next`, as distinct persons, as it is asked.
  bool agreeable = false;

  // ---- Time ------------------------------------------------------------------------------------
  void run_for(core::Duration duration);
  // Until the rollout has ended, or `most` has passed (then the test fails).
  void run_to_end(core::Duration most = 24h * 30);
  // Until the active state's name begins with `state`.
  void run_to(const std::string& state, core::Duration most = 24h * 30);
  core::Time now() const { return now_; }
  core::Duration elapsed() const { return now_ - kBegin; }
  static constexpr core::Time kBegin{std::chrono::seconds(1767571200)};  // 2026-01-05T00:00Z

  // The engine is away, the bus is away, the wall clock is stepped.
  void engine_away(core::Duration duration);
  void bus_away(core::Duration duration);
  // The engine is away while the test lets time pass; then it reads all of it as one backlog.
  void hoard();
  void release();
  void clock_step(core::Duration by);
  // What the engine can see from now on; offsets that could not be read.
  void sight(core::Sight sight);
  void gap(const core::SourceGap& gap);
  // Feeds one point as it is: late, doubled, from the future. `age` before now; `span`: of the
  // interval it measures, none when it has no start.
  void point(const std::string& series, const Labels& labels, std::int64_t value,
             core::Duration age, runtime::PointKind kind = runtime::PointKind::counter_delta,
             std::optional<core::Duration> span = std::nullopt);
  // Feeds points as they are, as one batch of a partition. Those of a histogram have the layout
  // that was set by histogram().
  struct Sent {
    std::string series;
    Labels labels;
    runtime::PointKind kind = runtime::PointKind::counter;
    core::Time start = core::kDistantPast, end{};
    std::int64_t value = 0;
    std::vector<std::int64_t> buckets;
  };
  void deliver(const std::vector<Sent>& points, std::int32_t partition = 0);
  // The process ends without a goodbye and recovers from the log; metrics since are read again, or
  // the first `scrapes` of them, and the others at the next crash.
  void crash(std::size_t scrapes = SIZE_MAX);

  // ---- What is seen ----------------------------------------------------------------------------
  // The full name of the active state; once it has ended, of its outcome.
  std::string state() const;
  const core::RolloutState& rollout() const { return replica_; }
  const core::Machine& machine() const { return plan_->machine; }
  const std::vector<core::Event>& events() const { return events_; }
  std::vector<core::EffectRequested> effects(core::EffectKind kind) const;
  // When each was requested, since kBegin.
  std::vector<core::Duration> times(core::EffectKind kind) const;
  // "5% 10% 0%": the weights of the traffic effects, in order.
  std::string weights() const;
  // The public id of an event of the rollout, and that of the last effect of the kind.
  std::string id_of(const core::Event& event) const;
  std::string last_effect(core::EffectKind kind) const;
  // The number of the open question of that text; 0 when there is none.
  std::uint64_t question(const std::string& text) const;
  // Of this moment, with what was folded and not logged yet.
  core::Reading reading(const std::string& criterion) const;
  // Names of the states that were entered, joined by a space.
  std::string path() const;
  // The sentence of the last step, or of the last step into a state of that name.
  std::string because(const std::string& state = "") const;
  // When a state of that name was entered last, since kBegin; kNever: it was not.
  core::Duration entered(const std::string& state) const;
  // Verdicts of a criterion in the order of their events: "pass fail".
  std::string verdicts(const std::string& criterion) const;
  // "confirm No complaints", "decide verdict": what people are asked now.
  std::vector<std::string> asked() const;
  template <class Body>
  std::size_t count() const {
    std::size_t found = 0;
    for (const core::Event& event : events_) found += std::holds_alternative<Body>(event.body);
    return found;
  }
  runtime::Shard& shard() { return *shard_; }
  store::MemoryEventLog& log() { return log_; }
  std::string dump() const { return log_.dump(); }

 private:
  struct Source {
    runtime::SeriesName name;
    runtime::PointKind kind = runtime::PointKind::counter;
    runtime::LayoutNumber layout;
    std::int64_t per_second = 0;
    std::int64_t total = 0;
    std::vector<std::int64_t> bucket_rates, buckets;
    core::Duration lag{};
    bool silent = false;
    bool sent = false;
  };
  struct Due {
    core::Time at{};
    std::string effect;
    bool succeeded = true;
  };
  struct Delayed {
    core::Time at{};
    runtime::SeriesNumber series;
    runtime::MetricPoint point;
    std::vector<std::int64_t> buckets;
  };
  Source& source(const std::string& name, const Labels& labels, runtime::PointKind kind);
  void scrape(core::Time at);
  void deliver_delayed();
  void read_missed(const std::vector<core::Time>& scrapes);
  void put(runtime::PointBatch& batch, Source& from, runtime::MetricPoint point,
           const std::vector<std::int64_t>& buckets);
  void feed(runtime::PointBatch batch);
  void commit();
  void check_replica();
  bool settle_due();
  void deliver_outbox();
  void plan_settlement(core::Sequence effect, const std::string& id);
  void answer(const core::Event& event);
  bool step(core::Time until);
  core::Command base(core::Verb verb);

  std::shared_ptr<const runtime::Plan> plan_;
  runtime::Compiled compiled_;
  store::MemoryEventLog log_;
  std::unique_ptr<runtime::Shard> shard_;
  core::Time now_ = kBegin;
  core::Time scrape_at_ = kBegin + 15s;
  std::vector<Source> sources_;
  std::vector<std::vector<core::Fixed>> layouts_;
  std::size_t layouts_sent_ = 0;
  std::vector<runtime::PointBatch> history_;  // all that was ever fed: the topic
  std::vector<Delayed> delayed_;
  std::vector<Due> due_;
  std::vector<core::Event> events_;
  std::map<std::uint64_t, std::string> hashes_;  // of the rollout's events by sequence
  core::RolloutState replica_;
  Invariants invariants_;
  std::string rollout_;  // the last that was started
  std::optional<core::StreamId> stream_;
  std::int64_t offset_ = 0;
  std::uint64_t commands_ = 0;
  std::vector<std::pair<runtime::OutboxKey, std::string>> outbox_;  // not handed over yet
  bool reachable_ = true;
  std::optional<core::Time> hoarding_;  // since
  runtime::PointBatch hoard_;
  bool silent_ = false;
};

}  // namespace rollbook::tests
