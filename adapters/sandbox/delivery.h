#pragma once
// Delivery: the way of the made-up service's metrics to their topic, and what goes wrong on it: a
// lost scrape, a batch that comes twice (at once, or after the next one, as a Collector sends again
// what was not acknowledged), a Collector that restarts. None of it changes what happened in the
// service, so no verdict may come from it.
//
//   Delivery delivery(seed, sink);
//   if (!delivery.loses(trouble)) delivery.send(batch, trouble);   // each batch of a scrape
//   delivery.end_scrape();           // then what was held back

#include <cstdint>
#include <functional>
#include <vector>

#include "adapters/sandbox/traffic.h"
#include "engine/runtime/bus.h"

namespace rollbook::adapters {

class Delivery {
 public:
  using Sink = std::function<void(runtime::Outgoing)>;
  Delivery(std::uint64_t seed, Sink sink);

  // Whether an arm's scrape comes to nothing: nobody ever sees what it would have brought.
  bool loses(const Trouble& trouble) { return random_.happens(trouble.gaps); }
  void send(runtime::Outgoing batch, const Trouble& trouble);
  void end_scrape();
  // As the Collector's exporter sends: without keys, so that one series lies in all partitions.
  void spread() { keyless_ = true; }

 private:
  void put(runtime::Outgoing batch);

  Random random_;
  Sink sink_;
  std::vector<runtime::Outgoing> late_, later_;  // copies: after this scrape, after the next
  bool keyless_ = false;
};

}  // namespace rollbook::adapters
