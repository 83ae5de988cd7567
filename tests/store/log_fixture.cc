#include "tests/store/log_fixture.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <sstream>

#include "store/hash.h"

namespace rollbook::store::test {
namespace {

core::Observed observed_at(std::uint64_t sequence, core::Time time) {
  core::Observed observed;
  for (std::uint32_t i = 0; i < 10; ++i) {
    core::CellDelta delta;
    delta.series = core::SeriesIndex{i / 2};
    delta.reach = core::Floor::shift;
    delta.cell.end = time - std::chrono::seconds(i % 2);
    delta.cell.latest = delta.cell.end - std::chrono::milliseconds(123);
    delta.cell.value = core::Fixed::from_int(static_cast<std::int64_t>(sequence + i));
    delta.cell.samples = static_cast<std::int64_t>(1'000 + i);
    if (i % 5 == 0) delta.cell.buckets.assign(12, static_cast<std::int64_t>(sequence % 100));
    observed.deltas.push_back(delta);
  }
  observed.seen.push_back({core::SeriesIndex{0}, time - std::chrono::milliseconds(700), time});
  observed.offsets.push_back({"metrics", 0, static_cast<std::int64_t>(sequence * 10)});
  return observed;
}

}  // namespace

TemporaryDirectory::TemporaryDirectory(Place place) {
  static std::atomic<int> next{0};
  const std::filesystem::path memory = "/dev/shm";
  std::error_code error;
  const auto space = std::filesystem::space(memory, error);
  const bool roomy = !error && space.available > (512u << 20) && ::access("/dev/shm", W_OK) == 0;
  root_ = (place == Place::in_memory && roomy ? memory : std::filesystem::temp_directory_path()) /
          ("rollbook-store-" + std::to_string(::getpid()) + "-" + std::to_string(next++));
  std::filesystem::remove_all(root_);
  std::filesystem::create_directories(root_);
}
TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

core::Event event_at(std::uint64_t stream, std::uint64_t sequence) {
  core::Event event;
  event.stream = {stream};
  event.sequence = {sequence};
  event.time = core::Time{std::chrono::seconds(1'767'571'200) +
                          std::chrono::milliseconds(10'007 * sequence)};
  event.cause = {sequence / 2};
  if (stream == 0) {
    event.body = core::SourceStatus{"bus", core::Sight::live};
  } else if (sequence == 1) {
    core::RolloutStarted started;
    started.rollout = "rollout-" + std::to_string(stream);
    started.service = "hal9";
    started.digest = some_plan().digest;
    event.body = started;
  } else if (sequence % 5 == 0) {
    core::EffectRequested effect;
    effect.kind = core::EffectKind::traffic;
    effect.to = core::Weight{50'000'000};
    effect.order = static_cast<std::int64_t>(sequence);
    event.body = effect;
  } else if (sequence % 7 == 0) {
    core::VerdictChanged verdict;
    verdict.criterion = core::CriterionIndex{3};
    verdict.reading.verdict = core::Verdict::fail;
    verdict.reading.value = core::Fixed::from_nanos(12'400'000);
    event.body = verdict;
  } else {
    event.body = observed_at(sequence, event.time);
  }
  return event;
}

std::vector<core::Event> events_from(std::uint64_t stream, std::uint64_t first,
                                     std::uint64_t count) {
  std::vector<core::Event> events;
  for (std::uint64_t i = 0; i < count; ++i) events.push_back(event_at(stream, first + i));
  return events;
}

runtime::Plan some_plan() {
  runtime::Plan plan;
  plan.file = "hal9.runbook";
  plan.source = "edition 1\nrunbook hal9";
  plan.expanded = plan.source + " {}";
  plan.digest = sha256_hex(plan.expanded);
  plan.machine.name = "hal9";
  core::State& root = plan.machine.states.emplace_back();
  root.name = "root";
  root.span = {1, 1, 2, 3};
  return plan;
}

std::optional<runtime::OutboxRow> render(const core::Event& event, std::string_view hash) {
  const auto* effect = std::get_if<core::EffectRequested>(&event.body);
  if (effect == nullptr) return std::nullopt;
  const std::string rollout = "rollout-" + std::to_string(event.stream.value);
  return runtime::OutboxRow{
      event.stream,
      event.sequence,
      !effect->rollback,
      "rollbook.effects",
      rollout,
      rollout + "/" + std::to_string(event.sequence.value) + "/" + std::string(hash),
      "{\"order\":" + std::to_string(effect->order) + "}",
      "dev.rollbook.effect.traffic"};
}

std::vector<core::Event> all_of(const runtime::EventLog& log, std::uint64_t stream,
                                std::uint64_t from) {
  std::vector<core::Event> events;
  const core::Status status = log.read({stream}, {from}, [&](const runtime::StoredEvent& stored) {
    events.push_back(stored.event);
    return true;
  });
  EXPECT_TRUE(status) << status.error().message;
  return events;
}

std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}
void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace rollbook::store::test
