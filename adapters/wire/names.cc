#include "adapters/wire/names.h"

#include <array>

namespace rollbook::adapters {
namespace {

// By the order of core::Body; the static_assert below notices a kind that has no name yet.
constexpr std::array<std::string_view, 20> kTypes{
    "rollout_started",  "observed",       "verdict_changed",
    "transitioned",     "timer_fired",    "effect_requested",
    "effect_delivered", "effect_settled", "commanded",
    "rejected",         "asked",          "confirmed",
    "decided",          "paused",         "resumed",
    "rollout_finished", "engine_gap",     "clock_step",
    "source_status",    "source_gap"};
static_assert(kTypes.size() == std::variant_size_v<core::Body>);

template <class Enum, std::size_t n>
std::string_view at(const std::array<std::string_view, n>& names, Enum value) {
  const auto i = static_cast<std::size_t>(value);
  ROLLBOOK_CHECK(i < n);
  return names[i];
}

}  // namespace

std::string_view name_of(core::EffectKind kind) {
  static constexpr std::array<std::string_view, 9> kNames{
      "traffic", "run", "start", "stop", "checkpoint", "notify", "page", "incident", "report"};
  return at(kNames, kind);
}
std::string_view name_of(core::EffectOutcome outcome) {
  static constexpr std::array<std::string_view, 3> kNames{"succeeded", "failed", "timed_out"};
  return at(kNames, outcome);
}
std::string_view name_of(core::Verdict verdict) {
  static constexpr std::array<std::string_view, 4> kNames{"undecided", "pass", "fail", "no_data"};
  return at(kNames, verdict);
}
std::string_view name_of(core::Missing missing) {
  static constexpr std::array<std::string_view, 7> kNames{
      "", "no_series", "no_arm", "stale", "no_traffic", "too_few", "two_senders"};
  return at(kNames, missing);
}
std::string_view words_for(core::Missing missing) {
  static constexpr std::array<std::string_view, 7> kWords{"",
                                                          "no series yet",
                                                          "no series of this arm",
                                                          "stale",
                                                          "no traffic",
                                                          "too few requests",
                                                          "two senders under one set of labels"};
  return at(kWords, missing);
}
std::string_view name_of(core::Test test) {
  static constexpr std::array<std::string_view, 7> kNames{
      "", "proportion", "two_rates", "two_quantiles", "unchanged", "split", "kayenta"};
  return at(kNames, test);
}
std::string_view name_of(core::Classification classification) {
  static constexpr std::array<std::string_view, 5> kNames{"pass", "high", "low", "no_data",
                                                          "no_data_failed"};
  return at(kNames, classification);
}
std::string_view name_of(core::Outcome outcome) {
  static constexpr std::array<std::string_view, 3> kNames{"succeeded", "rolled_back", "aborted"};
  return at(kNames, outcome);
}
std::string_view name_of(core::Phase phase) {
  static constexpr std::array<std::string_view, 11> kNames{
      "none", "begin",  "preflight", "setup",    "shift", "hold",
      "run",  "review", "decide",    "rollback", "done"};
  return at(kNames, phase);
}
std::string_view name_of(core::Sight sight) {
  static constexpr std::array<std::string_view, 3> kNames{"live", "catching_up", "unreachable"};
  return at(kNames, sight);
}
std::string_view name_of(core::ItemKind kind) {
  static constexpr std::array<std::string_view, 2> kNames{"confirm", "decide"};
  return at(kNames, kind);
}
std::string_view name_of(core::Arm arm) {
  static constexpr std::array<std::string_view, 3> kNames{"canary", "baseline", "total"};
  return at(kNames, arm);
}

std::string_view type_of(const core::Body& body) { return kTypes[body.index()]; }
std::span<const std::string_view> event_types() { return kTypes; }

std::size_t needed(const core::Quorum& quorum) {
  switch (quorum.kind) {
    case core::QuorumKind::all:
      return quorum.roles.size();
    case core::QuorumKind::any:
      return 1;
    case core::QuorumKind::at_least:
      return quorum.needed;
  }
  return 1;
}

}  // namespace rollbook::adapters
