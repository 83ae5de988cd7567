#pragma once
// Shard: the rollouts of a set of services and their log. Everything that happens to them comes in
// as an input with an engine time; what follows is gathered into one Turn, and commit() makes the
// turn durable at once. It has no thread, no clock and no socket of its own: the engine's loop
// (loop.h) drives it with real time, the sandbox and the tests with a virtual one.
//
//   auto shard = Shard::recover(log, options);
//   (*shard)->command(input, now);
//   auto done = (*shard)->commit(now);        // durable: send done->outbox, then read on
//
// An error from commit() is final: what is on disk is unknown and the process must end.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/core/decide.h"
#include "engine/core/limits.h"
#include "engine/runtime/effect_hashes.h"
#include "engine/runtime/event_log.h"
#include "engine/runtime/exemplars.h"
#include "engine/runtime/feeds.h"
#include "engine/runtime/metric_point.h"
#include "engine/runtime/past.h"
#include "engine/runtime/plan_compiler.h"
#include "engine/runtime/refusals.h"
#include "engine/runtime/selector.h"
#include "engine/runtime/senders.h"
#include "engine/runtime/series_table.h"
#include "engine/runtime/shares.h"

namespace rollbook::runtime {

// A command as the commands thread hands it over; a start has been compiled.
struct CommandInput {
  core::Command command;
  std::optional<Compiled> compiled;    // start only
  std::optional<std::string> invalid;  // well-formed, but a field is wrong: rejected with this text
  std::optional<core::SourceOffset> position;  // of its record, counted as read with the turn
};

// Makes the message of an effect, with all that it needs of the rollout.
using RenderEffect =
    std::function<OutboxRow(const core::Machine& machine, const core::RolloutState& state,
                            const core::Event& event, const EffectHashes& hashes)>;

struct ShardOptions {
  core::Limits limits = core::kLimits;
  core::Duration observe_interval = std::chrono::seconds(10);
  core::Duration observe_near = std::chrono::seconds(1);  // while a condition is true
  core::Duration checkpoint_interval = std::chrono::minutes(1);
  core::Duration snapshot_interval = std::chrono::minutes(10);
  // How far metrics of before a start are read back at most; zero: not at all.
  core::Duration read_back_most{};
  RenderEffect render;
};

// What a turn did, after it is durable.
struct Committed {
  Appended appended;
  std::vector<core::Event> events;
  std::vector<OutboxKey> cancelled;   // rows a rollback took back: not to be sent any more
  std::vector<std::string> refusals;  // for people: of each series that began to be refused
};

class Shard {
 public:
  struct Rollout {
    std::shared_ptr<const Plan> plan;  // shared by the rollouts of one digest
    std::shared_ptr<const Selector> selector;
    core::RolloutState state;
    core::Pending pending;
    bool dirty = false;        // folded into since its last Look
    core::Time look_pane{};    // the pane of the points folded since
    std::int64_t record = -1;  // offset of the record last folded from
    core::Time deadline = core::kDistantFuture;
    core::Time observe_at{};
    Shares shares;
    Exemplars exemplars;
    Refusals refusals;
    Senders senders;
    core::Time shares_at{};
    core::Time snapshot_at{};
    core::Sequence taken_back;  // forward effects before it are not to go out any more
  };

  // Rebuilds all state from the log. Error: the log's, with stream and sequence.
  static core::Result<std::unique_ptr<Shard>> recover(EventLog& log, ShardOptions options);

  // ---- Inputs ------------------------------------------------------------------------------
  void points(const PointBatch& batch, core::Time now);
  void command(const CommandInput& input, core::Time now);
  void command_read(const core::SourceOffset& position);
  // Behind a gap, which may lie lower: of a topic that was made anew.
  void commands_go_on(const core::SourceOffset& position);
  void delivered(const OutboxKey& key, core::Time now);
  void sight(core::Sight sight, core::Time now);
  void gap(const core::Miss& missed, core::Time now);
  // An effect that no topic takes: it has failed, says the engine itself.
  void undeliverable(const OutboxKey& key, const std::string& effect, const std::string& why,
                     core::Time now);
  void wake(const core::EngineGap& gap, core::Time now);
  // The wall clock left engine time by so much more. Points may follow either from then on: a
  // time that is nearer to the wall clock's is brought to engine time.
  void clock_step(core::Duration by, core::Time now);
  // Brings every rollout whose deadline has come to rest.
  void tick(core::Time now);
  // The first start of a directory: where its inputs begin, written down with the next turn.
  void begin_at(std::vector<core::SourceOffset> metrics, std::vector<core::SourceOffset> commands,
                core::Time now);
  // How far the reader has come with a rollout that waits for it, and all that it has found; what
  // comes for one that waits no more is dropped.
  void read_so_far(core::StreamId stream, const ReadSoFar& so_far);
  void recall(Past past, core::Time now);
  // Remembered with the turn: cursors, heartbeat.
  void remember(Value value) { turn_.values.push_back(std::move(value)); }

  // ---- The turn ----------------------------------------------------------------------------
  core::Result<Committed> commit(core::Time now);

  // ---- What it knows -----------------------------------------------------------------------
  // The first moment at which tick() has something to do.
  core::Time next_deadline() const;
  const core::ShardState& state() const { return shard_; }
  const std::map<core::StreamId, Rollout>& rollouts() const { return rollouts_; }
  const Rollout* find(const std::string& rollout) const;
  core::Time last_time() const { return last_time_; }
  core::Sight sight() const { return sight_; }
  // Where the metric topics must be read from on a restart; and the commands topic.
  std::vector<core::SourceOffset> metric_offsets() const;
  std::vector<core::SourceOffset> command_offsets() const { return command_offsets_; }
  // Rollouts that read back: after a recovery they begin anew.
  struct Reading {
    ReadSoFar so_far;
    std::set<SeriesNumber> opened;  // series that are known here only since the start
    std::vector<HeldPoint> held;
  };
  const std::map<core::StreamId, Reading>& readings() const { return readings_; }
  // By the one reader, whoever they were for, since the start of the process.
  std::int64_t read_back_points() const { return read_back_points_; }
  // Of one of these.
  PastRequest past_request(core::StreamId stream) const;
  // Points that fed nothing or were refused, since the start of the process.
  struct Counters {
    std::uint64_t points = 0, counted = 0, late = 0, quarantined = 0, refused = 0;
  };
  const Counters& counters() const { return counters_; }

 private:
  Shard(EventLog& log, ShardOptions options) : log_(log), options_(std::move(options)) {}

  core::Status recover_stream(core::StreamId stream);
  core::Status recover_values();
  core::Result<std::shared_ptr<const Plan>> plan_of(const core::Digest& digest);
  std::shared_ptr<const Selector> selector_of(const std::shared_ptr<const Plan>& plan);
  void give(Rollout& rollout, core::Input input);
  void refuse(Rollout& rollout, const FoldInput& input, SeriesNumber sender);
  void look(Rollout& rollout, core::Time now, bool log);
  bool leaves_out_look(Rollout& rollout, core::Time now);
  void after(Rollout& rollout, core::Time now);
  core::Duration observe_interval(const Rollout& rollout) const;
  void serve(Rollout& rollout, core::Time scheduled, core::Time now);
  static bool goes_on(const Rollout& rollout, core::TargetIndex target);
  void cancel_forward(Rollout& rollout, std::size_t before, std::uint32_t rank);
  Rollout& run(core::StreamId stream);
  bool is_behind() const;
  bool moved(const Rollout& rollout) const;
  void schedule(Rollout& rollout, core::Time deadline);
  void finish(core::StreamId stream);
  void start(const CommandInput& input, core::Time now);
  bool names_effect(const core::Command& command) const;
  core::SourceOffset& offset_of(const PointBatch& batch);
  MetricPoint in_engine_time(MetricPoint point, core::Time now) const;
  static bool counted_before(const std::vector<core::SourceOffset>& offsets,
                             const PointBatch& batch, const MetricPoint& point);
  // shard_past.cc
  std::optional<core::ReadBack> plan_back(const core::Machine& machine, core::Time now) const;
  void open_series(const PointBatch& batch, const MetricPoint& point);
  struct Arriving {
    const PointBatch& batch;
    const MetricPoint& point;
    core::Time now;
    core::Duration slow;  // as in FoldInput
  };
  void feed(const Arriving& arriving, const Increment& increment, ExemplarsOfPoint& exemplars);
  bool hold(const Rollout& rollout, const PointBatch& batch, const MetricPoint& point,
            const Increment& increment, const Match& match);
  void stop_reading(core::StreamId stream);
  core::Status recover_readings();

  // Not while a rollout reads back: a recovery must meet again what was held for it.
  bool saves_bases() const { return !rollouts_.empty() && readings_.empty(); }
  void save_bases(core::Time now);
  void save_snapshot(Rollout& rollout, core::Time now);
  core::Status find_first_attempts();
  std::optional<OutboxRow> render(const core::Event& event, std::string_view hash);
  // What is refused before any rollout is asked goes to the shard's own stream: starts, and
  // commands that are malformed, too old, for no rollout that runs, or about no effect of it.
  void reject(const core::Command& command, const std::string& reason, const std::string& detail,
              core::Time now);

  EventLog& log_;
  ShardOptions options_;
  core::ShardState shard_;
  std::map<core::StreamId, Rollout> rollouts_;  // active ones
  std::vector<Rollout*> running_;               // the same by stream, for every point
  std::set<std::pair<core::Time, core::StreamId>> deadlines_;
  std::map<core::Digest, std::weak_ptr<const Plan>> plans_;
  std::map<core::Digest, std::weak_ptr<const Selector>> selectors_;
  SeriesTable series_;
  Feeds feeds_;
  std::vector<core::StreamId> dirty_;               // folded into in this turn
  std::vector<core::StreamId> ended_;               // finished in this turn
  std::map<std::string, core::StreamId> finished_;  // rollouts that have ended, by id
  std::map<OutboxKey, bool> undelivered_;           // whether it is a forward effect
  std::vector<OutboxKey> cancelled_;
  std::map<OutboxKey, std::string> first_attempts_;  // digits of what this turn requests again
  std::vector<core::SourceOffset> offsets_;          // metrics: next not folded
  bool resuming_ = false;                            // some rollout has counted past offsets_
  std::uint64_t checkpoint_ = 0;                     // number of the next one
  std::vector<core::SourceOffset> command_offsets_;
  core::Time bases_at_{};
  core::Sight sight_ = core::Sight::live;
  core::Duration stepped_{};    // wall clock minus engine time
  core::Time first_step_at_{};  // engine time
  core::Time last_time_ = core::kDistantPast;
  std::map<core::StreamId, Reading> readings_;
  std::int64_t read_back_points_ = 0, read_back_told_ = 0;
  Turn turn_;
  Counters counters_;
  std::vector<std::string> refusals_;  // begun in this turn
};

}  // namespace rollbook::runtime
