#include "engine/runtime/senders.h"

#include <algorithm>

#include "engine/core/evenly.h"
#include "engine/core/limits.h"
#include "engine/core/stretches.h"

namespace rollbook::runtime {

Senders::Senders(const core::Machine& machine) {
  series_.resize(machine.series.size());
  const auto compares = [](const core::Criterion& criterion) {
    return criterion.other.valid() || criterion.judge.has_value();
  };
  if (std::any_of(machine.criteria.begin(), machine.criteria.end(), compares)) {
    for (std::size_t i = 0; i < series_.size(); ++i) {
      series_[i].asked = machine.series[i].arm != core::Arm::total;
    }
  }
  for (const core::Window& window : machine.windows) {
    if (core::spread_most(machine, window) > core::Duration::zero()) {
      series_[window.series.value].asked = true;
    }
  }
}

void Senders::hear(core::SeriesIndex index, std::uint32_t& sender, const Increment& heard) {
  Series& series = series_[index.value];
  series.heard = true;
  if (sender == kNew) {
    sender = static_cast<std::uint32_t>(series.senders.size());
    series.senders.push_back({heard.measured ? heard.start : heard.end, {}});
  }
  Sender& known = series.senders[sender];
  if (heard.end <= known.end) return;
  known.interval = heard.end - known.end;
  known.end = heard.end;
}

void Senders::tell(core::Pending& pending) {
  for (core::SeriesSeen& seen : pending.observed.seen) {
    if (!asks(seen.series) || !series_[seen.series.value].heard) continue;
    Series& series = series_[seen.series.value];
    series.heard = false;
    core::Time whole = seen.watermark;
    core::Duration interval{};
    for (const Sender& sender : series.senders) {
      if (sender.end + core::lag_most(sender.interval) < seen.watermark) continue;
      whole = std::min(whole, sender.end);
      interval = std::max(interval, std::min<core::Duration>(sender.interval, core::kStretchMost));
    }
    seen.whole = std::max(seen.whole, whole);
    seen.interval = interval;
  }
}

}  // namespace rollbook::runtime
