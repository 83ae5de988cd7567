#pragma once
// What the tests of logs share: a directory that goes with the test, turns whose content follows
// from stream and sequence alone, and a renderer that makes a message of each effect.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/event.h"
#include "engine/runtime/event_log.h"

namespace rollbook::store::test {

// In memory where there is room, because a test syncs thousands of times; `on_disk` for those that
// want the real thing.
enum class Place { in_memory, on_disk };
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(Place place = Place::in_memory);
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string path(const std::string& name = "log") const { return (root_ / name).string(); }

 private:
  std::filesystem::path root_;
};

// The event that every test expects at that place: a RolloutStarted first, then mostly Observed,
// each fifth an EffectRequested, each seventh a VerdictChanged.
core::Event event_at(std::uint64_t stream, std::uint64_t sequence);

// `count` events of a stream from `first` on.
std::vector<core::Event> events_from(std::uint64_t stream, std::uint64_t first,
                                     std::uint64_t count);

runtime::Plan some_plan();

// A message for each EffectRequested.
std::optional<runtime::OutboxRow> render(const core::Event& event, std::string_view hash);

// The events of one stream; fails the test when the log cannot be read.
std::vector<core::Event> all_of(const runtime::EventLog& log, std::uint64_t stream,
                                std::uint64_t from = 1);

std::string read_bytes(const std::string& path);
void write_bytes(const std::string& path, const std::string& bytes);

}  // namespace rollbook::store::test
