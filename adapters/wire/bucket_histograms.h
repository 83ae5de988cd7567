#pragma once
// BucketHistograms: puts the histograms of Prometheus together. Remote write sends a cumulative
// counter for each bucket, `NAME_bucket{le="…"}`, and a topic may bring those of one scrape in any
// order and over several partitions. A scrape is handed on when it is whole, as one cumulative
// histogram named NAME; one that stays in pieces never is: what it would have told is in the next.
// The first of a series is only a base, so that nothing is counted twice after a restart.
//
// Nobody says how many buckets there are, so they are learnt: a scrape is whole when it holds all
// that are known, `+Inf` among them, and a scrape that began kGrace after the last new one has
// brought no other (or these are the buckets that another histogram of that name has). A bucket
// ends with Prometheus' mark of that (NaN), or when it was silent for an hour. For json_points.cc
// only.

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "adapters/wire/point_sink.h"
#include "adapters/wire/series_table.h"

namespace rollbook::adapters {

class BucketHistograms {
 public:
  explicit BucketHistograms(PointSink& sink) : sink_(sink) {}

  // Whether the series is a bucket is told by its name and labels, each time they are read.
  void learn(runtime::SeriesNumber series, std::string_view name, const Labels& labels);
  // Takes in a sample. False, with the sink's problem at `at`, when a scrape that has become whole
  // is no histogram, or finds no place in the tables.
  bool take(const runtime::MetricPoint& point, std::string_view at);
  // The series has ended before `time`.
  bool end(runtime::SeriesNumber series, core::Time time, std::string_view at);

 private:
  struct Slot {
    std::uint32_t histogram = kNone, bucket = 0;
  };
  struct Bucket {
    std::optional<core::Fixed> edge;  // nothing: +Inf
    bool live = false;
    core::Time seen = core::kDistantPast;   // the last scrape that had it
    core::Time ended = core::kDistantPast;  // scrapes from here on go without it, unless it is live
  };
  struct Scrape {
    core::Time time;
    std::vector<std::int64_t> counts;  // by bucket; kMissing where none came
    std::size_t here = 0;              // how many came
  };
  struct Histogram {
    std::string name;  // with the labels, until the histogram has its number
    Labels labels;
    std::optional<runtime::SeriesNumber> number;
    std::uint32_t family = 0;
    std::vector<Bucket> buckets;       // in the order of first sight
    std::vector<std::uint32_t> order;  // the same by rising edge, +Inf last
    std::size_t live = 0;
    std::deque<Scrape> open;                 // by rising time
    bool settled = false;                    // its buckets are all known
    bool told = false;                       // … and its family has been told
    core::Time grown = core::kDistantPast;   // the newest scrape when a bucket was new
    core::Time newest = core::kDistantPast;  // scrape
    core::Time handed = core::kDistantPast;  // on: the last
    std::vector<core::Fixed> edges;          // of that
    runtime::LayoutNumber layout;
  };
  static constexpr std::uint32_t kNone = 0xffffffff;
  static constexpr std::int64_t kMissing = -1;

  const Slot* slot_of(runtime::SeriesNumber series) const;
  std::uint32_t histogram_of(std::string_view name, const Labels& labels);
  static std::uint32_t bucket_of(Histogram& histogram, std::optional<core::Fixed> edge);
  static void see(Histogram& histogram, Bucket& bucket, core::Time time);
  // Nothing where the scrape is older than all that are kept.
  Scrape* scrape_of(Histogram& histogram, core::Time time);
  void begin_newest(Histogram& histogram, core::Time time);
  void drop_oldest(Histogram& histogram);
  static bool is_whole(const Histogram& histogram, const Scrape& scrape);
  bool may_be_handed_on(Histogram& histogram, const Scrape& scrape);
  bool hand_on_all(Histogram& histogram, std::string_view at);
  bool hand_on(Histogram& histogram, core::Time time, std::string_view at);
  bool emit(Histogram& histogram, const Scrape& scrape, std::string_view at);
  // The numbers of its series and of its layout.
  bool find_numbers(Histogram& histogram, std::vector<core::Fixed> edges, std::string_view at);

  PointSink& sink_;
  std::vector<Slot> slots_;  // by series number
  std::vector<Histogram> histograms_;
  TextMap<std::uint32_t> by_series_;                // a histogram, by name and labels
  TextMap<std::uint32_t> by_name_;                  // a family
  std::vector<std::vector<core::Fixed>> families_;  // the edges that settled last
  std::size_t waiting_ = 0;                         // counts of open scrapes
};

}  // namespace rollbook::adapters
