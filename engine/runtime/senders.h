#pragma once
// Senders: how far all that send a series of a machine were heard, not only the one that was heard
// last. Nine pods say their minutes at nine moments: up to the newest point of the arm eight of
// them have not told yet, and an arm that has one pod has told all of it. Where arms are held
// against each other both count only as far as each has told all (core/common_time.h).
//
// A sender goes on until it has missed two points, core::kStretchMost at most; one that was heard
// once is not waited for. Begins anew with the engine. Used by the loop's thread.

#include <vector>

#include "engine/core/decide.h"
#include "engine/runtime/series_table.h"

namespace rollbook::runtime {

class Senders {
 public:
  Senders() = default;
  // Keeps them of the arms of a machine that holds one against the other, and of what is spread
  // over the time in which it came (core/evenly.h); of others it costs nothing.
  explicit Senders(const core::Machine& machine);

  bool asks(core::SeriesIndex series) const {
    return series.valid() && series.value < series_.size() && series_[series.value].asked;
  }
  // It has told what it had up to `heard.end`. `sender` is its number here, kNew at first, and is
  // filled in.
  static constexpr std::uint32_t kNew = 0xffffffff;
  void hear(core::SeriesIndex series, std::uint32_t& sender, const Increment& heard);
  // Before a look: what was heard since the last one.
  void tell(core::Pending& pending);

 private:
  struct Sender {
    core::Time end{};
    core::Duration interval{};
  };
  struct Series {
    bool asked = false, heard = false;
    std::vector<Sender> senders;
  };
  std::vector<Series> series_;
};

}  // namespace rollbook::runtime
