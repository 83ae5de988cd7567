#pragma once
// ReadBackPass: one reading of metric topics for all rollouts that wait: finds where they begin,
// reads up to where their live streams go on, and folds what feeds them. Points of other services
// are decoded and dropped. It does nothing by itself:
//
//   TRY(auto pass, ReadBackPass::open(*bus, topics, requests));
//   while (!pass->done()) TRY_DO(pass->step(100ms, 2000));
//   for (auto& past : pass->take()) …
//
// What it finds depends on the topics alone, not on how it was stepped.

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "adapters/wire/metric_decoder.h"
#include "engine/runtime/bus.h"
#include "engine/runtime/past.h"

namespace rollbook::adapters {

struct MetricSources {
  std::vector<std::string> topics;
  MetricFormats formats = {};
};

class ReadBackPass {
 public:
  // Error: the bus's.
  static core::Result<std::unique_ptr<ReadBackPass>> open(
      runtime::Bus& bus, MetricSources sources, std::vector<runtime::PastRequest> requests);

  // Reads on, up to `most` records; waits up to `wait` for the first. Returns their bytes.
  core::Result<std::size_t> step(core::Duration wait, std::size_t most);
  bool done() const { return reader_->done(); }
  // A rollout that waits no more.
  void drop(core::StreamId stream);
  bool idle() const { return streams().empty(); }
  const runtime::ReadSoFar& so_far() const { return so_far_; }
  std::vector<core::StreamId> streams() const;
  // When it is done: what each has found.
  std::vector<std::unique_ptr<runtime::Past>> take();

 private:
  // One partition.
  struct Part {
    runtime::Span span;
    // What was removed reaches up to the first record that is met; none: up to the start.
    bool cut = false;
  };
  struct Waiting {
    std::unique_ptr<runtime::Past> past;  // empty: dropped
    std::vector<std::int64_t> until;      // by Part
  };
  struct Fed {
    std::size_t waiting = 0;
    std::vector<runtime::Match> matches;
  };
  explicit ReadBackPass(MetricSources sources) : sources_(std::move(sources)) {}
  core::Status begin(runtime::Bus& bus, std::vector<runtime::PastRequest> requests);
  void read(const runtime::Record& record);
  void flush();
  void learn(const runtime::SeriesName& name);
  void count(const runtime::MetricPoint& point);
  std::size_t part_of(std::string_view topic, std::int32_t partition);

  MetricSources sources_;
  std::vector<Part> parts_;
  std::vector<Waiting> pasts_;
  std::unordered_map<std::string, std::vector<std::size_t>> asked_;  // who, by metric's name
  std::vector<std::vector<Fed>> fed_;  // by series; names of others are not kept
  MetricDecoder decoder_;
  std::unique_ptr<runtime::SpanReader> reader_;
  runtime::PointBatch batch_;
  std::size_t part_ = 0;  // of the batch
  std::vector<DeadLetter> letters_;
  runtime::ReadSoFar so_far_;
  std::size_t bytes_ = 0;
};

}  // namespace rollbook::adapters
