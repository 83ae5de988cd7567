#include "adapters/sandbox/delivery.h"

#include <utility>

namespace rollbook::adapters {

// Not the numbers that the traffic takes from the same seed: a fault of delivery must not change
// the traffic.
Delivery::Delivery(std::uint64_t seed, Sink sink)
    : random_(seed ^ 0x5851f42d4c957f2dULL), sink_(std::move(sink)) {}

void Delivery::send(runtime::Outgoing batch, const Trouble& trouble) {
  if (random_.happens(trouble.duplicates)) {
    if (random_.happens(core::Fixed{core::Fixed::kScale / 2})) {
      put(batch);
    } else {
      later_.push_back(batch);
    }
  }
  put(std::move(batch));
}

void Delivery::end_scrape() {
  for (runtime::Outgoing& batch : late_) put(std::move(batch));
  late_ = std::exchange(later_, {});
}

void Delivery::put(runtime::Outgoing batch) {
  if (keyless_) batch.key.clear();
  sink_(std::move(batch));
}

}  // namespace rollbook::adapters
