#include "store/snapshots.h"

#include "store/record.h"

namespace rollbook::store {
namespace {

constexpr char kSnapshotVersion = 1;
constexpr std::size_t kSnapshotHeader = 1 + 8;

}  // namespace

std::string snapshot_name(core::StreamId stream) {
  return "snapshot/" + std::to_string(stream.value);
}

runtime::Value snapshot_value(const Snapshot& snapshot) {
  runtime::Value value{snapshot_name(snapshot.stream), std::string(1, kSnapshotVersion)};
  append_u64(value.bytes, snapshot.sequence.value);
  value.bytes += snapshot.state;
  return value;
}

runtime::Value no_snapshot(core::StreamId stream) { return {snapshot_name(stream), {}}; }

std::optional<Snapshot> find_snapshot(const runtime::EventLog& log, core::StreamId stream) {
  const auto value = log.value(snapshot_name(stream));
  if (!value || !*value) return std::nullopt;
  const std::string& bytes = **value;
  if (bytes.size() < kSnapshotHeader || bytes[0] != kSnapshotVersion) return std::nullopt;
  return Snapshot{stream, {read_u64(bytes.data() + 1)}, bytes.substr(kSnapshotHeader)};
}

}  // namespace rollbook::store
