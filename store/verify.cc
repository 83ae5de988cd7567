#include "store/verify.h"

#include "store/log_check.h"
#include "store/rocks_tables.h"
#include "store/stream_reader.h"

namespace rollbook::store {
namespace {

// The rollout of a stream, from its first event; "" when that cannot be read.
std::string rollout_of(const RocksTables& tables, core::StreamId stream) {
  std::string name;
  static_cast<void>(read_stream(
      tables, stream, core::Sequence{1}, kNoLimit, [&](const runtime::StoredEvent& stored) {
        const auto* started = std::get_if<core::RolloutStarted>(&stored.event.body);
        if (started != nullptr) name = started->rollout;
        return false;
      }));
  return name;
}

}  // namespace

VerifyReport verify(const RocksReader& reader,
                    const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  VerifyReport report;
  LogCheck check;
  check.limit = reader.last_position();
  if (reader.head() != nullptr) check.head = *reader.head();
  report.anchored = check.head.has_value();
  check.progress = progress;
  const auto checked = check_log(reader.tables(), check);
  if (!checked) {
    report.soundness = Soundness::altered;
    report.message = checked.error().message;
    return report;
  }
  report.streams = checked->streams;
  report.events = checked->events;
  report.bytes = checked->bytes;
  report.last = checked->last;
  if (const auto& finding = checked->finding) {
    report.soundness = finding->cut_short ? Soundness::cut_short : Soundness::altered;
    report.stream = finding->stream;
    report.sequence = finding->sequence;
    report.position = finding->position;
    report.message = finding->message;
    if (finding->stream != core::kShardStream) {
      report.rollout = rollout_of(reader.tables(), finding->stream);
    }
  }
  return report;
}

std::string summary(const VerifyReport& report) {
  const std::string counts = std::to_string(report.streams) + " rollouts, " +
                             std::to_string(report.events) + " events, " +
                             std::to_string((report.bytes + 1023) >> 10) + " KiB";
  switch (report.soundness) {
    case Soundness::sound:
      return "sound: " + counts +
             (report.anchored ? "" : " (no head file: the end cannot be vouched for)");
    case Soundness::cut_short:
      return "cut short: " + report.message;
    case Soundness::altered: {
      const std::string place = report.rollout.empty() ? ""
                                                       : " at " + report.rollout + "/" +
                                                             std::to_string(report.sequence.value);
      return "altered" + place + ": " + report.message;
    }
  }
  return {};
}

}  // namespace rollbook::store
