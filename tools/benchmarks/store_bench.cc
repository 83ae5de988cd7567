// Durable turns against raw RocksDB, replay, scale, recovery and the size of the log.

#include <rocksdb/db.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>

#include "engine/core/decide.h"
#include "store/memory_event_log.h"
#include "store/rocks_event_log.h"
#include "store/rocks_tables.h"
#include "tools/benchmarks/benchmarks.h"
#include "tools/benchmarks/fleet.h"
#include "tools/benchmarks/temporary_directory.h"

namespace rollbook::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double processor_seconds() {
  timespec time{};
  ROLLBOOK_CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double resident_megabytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

// A turn as a busy shard makes it: an Observed of ten cells for each of `events` rollouts.
runtime::Turn busy_turn(std::uint64_t sequence, std::size_t events) {
  runtime::Turn turn;
  for (std::size_t i = 0; i < events; ++i) {
    core::Observed observed;
    for (std::uint32_t s = 0; s < 10; ++s) {
      core::Cell cell;
      cell.end = core::Time(std::chrono::seconds(1767571200 + sequence));
      cell.latest = cell.end;
      cell.value = core::Fixed::from_int(static_cast<std::int64_t>(sequence * 7 + s));
      cell.samples = 1;
      observed.deltas.push_back(
          core::CellDelta{core::SeriesIndex{s}, core::Floor::shift, std::move(cell)});
    }
    turn.events.push_back(core::Event{core::StreamId{i + 1}, core::Sequence{sequence},
                                      core::Time(std::chrono::seconds(1767571200 + sequence)),
                                      core::Sequence{}, std::move(observed)});
  }
  return turn;
}

}  // namespace

// The bare limit writes batches of as many rows and bytes, synced, in turns with ours.
void durable_turns(std::vector<Row>& rows) {
  constexpr std::size_t kEvents = 16, kRounds = 8, kTurns = 100;
  const TemporaryDirectory directory;
  store::MemoryEventLog shadow;
  ROLLBOOK_CHECK(shadow.append(busy_turn(1, kEvents), nullptr).has_value());
  const std::size_t row_bytes = shadow.event_bytes() / kEvents;

  auto log = store::RocksEventLog::open(directory / "ours");
  ROLLBOOK_CHECK(log.has_value());
  rocksdb::DB* opened = nullptr;
  rocksdb::Options options;
  options.create_if_missing = true;
  ROLLBOOK_CHECK(rocksdb::DB::Open(options, directory / "bare", &opened).ok());
  const std::unique_ptr<rocksdb::DB> bare(opened);

  std::vector<double> ours, raw;
  std::uint64_t sequence = 0, key = 0;
  const std::string value(row_bytes, 'x'), position(48, 'p');
  for (std::size_t round = 0; round < kRounds; ++round) {
    auto begin = Clock::now();
    for (std::size_t i = 0; i < kTurns; ++i) {
      ROLLBOOK_CHECK((*log)->append(busy_turn(++sequence, kEvents), nullptr).has_value());
    }
    ours.push_back(kTurns / seconds_since(begin));
    begin = Clock::now();
    for (std::size_t i = 0; i < kTurns; ++i) {
      rocksdb::WriteBatch batch;
      for (std::size_t e = 0; e < kEvents; ++e) {
        char name[32];
        std::snprintf(name, sizeof name, "%016llu", static_cast<unsigned long long>(++key));
        batch.Put(name, value);
        batch.Put(std::string("p") + name, position);
      }
      rocksdb::WriteOptions synced;
      synced.sync = true;
      ROLLBOOK_CHECK(bare->Write(synced, &batch).ok());
    }
    raw.push_back(kTurns / seconds_since(begin));
  }
  std::vector<double> ratios;
  for (std::size_t i = 0; i < kRounds; ++i) ratios.push_back(ours[i] / raw[i]);
  const double ratio = median(ratios);
  rows.push_back(Row{"durable turns of 16 events", number(median(ours), "turns/s"),
                     number(median(raw), "synced batches/s"), number(ratio, "×"), "≥ 0.8 ×",
                     ratio >= 0.8});
}

// Points of 10, 1,000 and 10,000 rollouts; memory and recovery of the largest. Not synced: what a
// sync costs is the disk's, and few rollouts would share it among few points. In processor time of
// all threads, which is the same on a machine that does other things beside.
void scale(std::vector<Row>& rows) {
  std::vector<double> cost;
  for (const std::size_t size : {std::size_t{10}, std::size_t{1000}, std::size_t{10000}}) {
    const TemporaryDirectory directory;
    const double before = resident_megabytes();
    const store::RocksOptions unsynced{.sync = false, .warn = nullptr};
    auto log = store::RocksEventLog::open(directory / "log", unsynced);
    ROLLBOOK_CHECK(log.has_value());
    std::size_t points = 0;
    double spent = 0, memory = 0;
    {
      Fleet fleet(**log, size);
      for (int i = 0; i < 5; ++i) fleet.second();  // series learnt, shifts settled
      const double begin = processor_seconds();
      const std::size_t wanted = size == 10 ? 60'000 : 900'000;
      while (points < wanted) points += fleet.second();
      spent = processor_seconds() - begin;
      memory = resident_megabytes() - before;  // while they run
    }
    cost.push_back(spent / static_cast<double>(points) * 1e9);
    rows.push_back(Row{"processor time of a point, " + std::to_string(size) + " rollouts",
                       number(cost.back(), "ns"), "", number(cost.back() / cost.front(), "×"),
                       size == 10 ? "" : "≤ 1.5 × of 10", cost.back() <= 1.5 * cost.front()});
    if (size != 10000) continue;
    rows.push_back(Row{"memory of 10,000 rollouts", number(memory, "MiB"), "", "", "< 2,048 MiB",
                       memory < 2048});
    log->reset();
    // As an engine does: open the log and check its chain, then rebuild every rollout.
    const auto begin = Clock::now();
    log = store::RocksEventLog::open(directory / "log", unsynced);
    ROLLBOOK_CHECK(log.has_value());
    auto recovered = runtime::Shard::recover(**log, runtime::ShardOptions{});
    ROLLBOOK_CHECK(recovered.has_value());
    ROLLBOOK_CHECK((*recovered)->rollouts().size() == size);
    const double recovery = seconds_since(begin);
    rows.push_back(
        Row{"recovery of 10,000 rollouts", number(recovery, "s"), "", "", "< 2 s", recovery < 2});
  }
}

namespace {

// The tables of a log that is closed, on the disk, each byte of it once: what waits in the
// write-ahead log, whose size is bounded whatever the rollouts, has been written to them, and
// compacted as it is by and by.
double table_bytes(const std::string& directory) {
  const auto tables = store::RocksTables::open(directory);
  ROLLBOOK_CHECK(tables.has_value());
  rocksdb::DB& db = (*tables)->db();
  std::uint64_t bytes = 0;
  for (auto* table :
       {(*tables)->events(), (*tables)->positions(), (*tables)->plans(), (*tables)->state()}) {
    ROLLBOOK_CHECK(db.CompactRange({}, table, nullptr, nullptr).ok());
    std::uint64_t live = 0;
    ROLLBOOK_CHECK(db.GetIntProperty(table, rocksdb::DB::Properties::kLiveSstFilesSize, &live));
    bytes += live;
  }
  return static_cast<double>(bytes);
}

}  // namespace

// Some rollouts for six hours of event time with a point of three series each second; then their
// log read back and folded.
void replay(std::vector<Row>& rows) {
  const TemporaryDirectory directory;
  const store::RocksOptions unsynced{.sync = false, .warn = nullptr};
  constexpr std::size_t kRollouts = 20;
  constexpr int kSeconds = 6 * 3600;
  {
    const auto log = store::RocksEventLog::open(directory / "log", unsynced);
    ROLLBOOK_CHECK(log.has_value());
    Fleet fleet(**log, kRollouts);
    for (int i = 0; i < kSeconds; ++i) fleet.second();
  }
  const double per_day = table_bytes(directory / "log") / kRollouts / kSeconds * 86400 / 1e6;
  rows.push_back(Row{"log of a rollout and day, 3 points a second", number(per_day, "MB"), "", "",
                     "≤ 30 MB", per_day <= 30});

  const auto log = store::RocksEventLog::open(directory / "log", unsynced);
  ROLLBOOK_CHECK(log.has_value());
  const core::Machine machine = plan_for("s0").machine;
  std::size_t events = 0;
  constexpr std::uint64_t kRounds = 20;  // one takes a tenth of a second
  const auto begin = Clock::now();
  for (std::uint64_t i = 0; i < kRounds * kRollouts; ++i) {
    const std::uint64_t stream = i % kRollouts + 1;
    core::RolloutState state;
    ROLLBOOK_CHECK((*log)
                       ->read(core::StreamId{stream}, core::Sequence{1},
                              [&](const runtime::StoredEvent& stored) {
                                core::evolve(machine, state, stored.event);
                                ++events;
                                return true;
                              })
                       .has_value());
  }
  const double rate = static_cast<double>(events) / seconds_since(begin);
  rows.push_back(Row{"replay: read, check the chain, fold", number(rate, "events/s"), "", "",
                     "≥ 1 M events/s", rate >= 1e6});
}

}  // namespace rollbook::bench
