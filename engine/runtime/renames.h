#pragma once
// Renames: whether a cumulative series that is new goes on with another one's total under other
// label values, as when the replica of a Prometheus takes over, or a pod is renamed while it runs.
// Then nothing of that total has just happened. A new pod, and an error that is new, begin at zero
// and count whole.
//
// No first point says which. So one whose total may be another's waits for the second point, when
// it has shown whether the other one has fallen silent (series_origins.cc asks):
//
//   follows   the other is silent, and the total is what it would be under a later start: pace.h
//   beside    the other is heard too (a second replica): the totals are one, as near as can be told
//
// Errors have small totals by the dozen, and one of them is always near. So either holds only where
// a witness of the same change (`replica` a → b) has a total that is no coincidence (judging.md).
//
// Under more labels, or fewer, a series is told anew too, by a Collector or an SDK that was brought
// up to date. But OpenTelemetry gives a label to what fails alone (`error.type`): then one set
// holds all labels of the other as well, and both are told from then on. So which it is says
// silence: a process tells all that it counts in one export. The totals say nothing, for one may be
// told as several, or several as one.

#include <cstdint>
#include <unordered_map>

#include "engine/runtime/series_base.h"

namespace rollbook::runtime {

// What a series began with.
struct Beginning {
  core::Time start = core::kDistantPast;  // not given
  core::Time end{};
  core::Int128 total = 0;  // as in Pace
};

enum class Kinship : std::uint8_t { none, follows, beside };

// `total`: of the other, as its base has it. `silent`: no point of it has come since, nor comes in
// the same record.
struct Other {
  const SeriesBase& base;
  core::Int128 total = 0;
  bool silent = false;
};
Kinship kinship(const Other& other, const Beginning& beginning);

// Whether one that is silent, of more labels or fewer, is told as this: nothing of it is new.
bool is_retold(const Other& other, const Beginning& beginning);

// The changes of label values that were seen of late, each by its hash.
class Changes {
 public:
  // Less may be anybody's.
  static constexpr std::int64_t kFew = 10;
  // Of one name alone: so much no error comes to at once. Two names need not have it.
  static constexpr std::int64_t kMany = 1000;

  // A series of that name has changed so, with that total.
  void support(std::uint64_t change, std::uint64_t name, core::Int128 total, core::Time at);
  bool holds(std::uint64_t change, core::Time at) const;

 private:
  struct Witness {
    std::uint64_t name = 0;
    core::Time at{};
    bool sure = false;
  };
  std::unordered_map<std::uint64_t, Witness> witnesses_;
};

// How long a change holds; and one that was away for longer, while another went on for it, comes
// back with what that one had.
inline constexpr core::Duration kAway = std::chrono::seconds(150);

}  // namespace rollbook::runtime
