#pragma once
// SeriesTable: from measurements to increments. Keeps the base of every cumulative series and the
// intervals seen of every delta series, for all rollouts of a shard. Used by the loop's thread.
//
// Rules (docs/judging.md, From totals to increments): a value that falls is a reset, and so is a
// later start time where what was counted since may be a new process'; else the total goes on, told
// from a new start by a Collector that was restarted (pace.h). A first sample counts whole when
// its start time is known, and since the export before, where its process was heard then without it
// (series_firsts.cc); without one it may count whole, over the time it was untold (rhythm.h). One
// that goes on with another series' total counts what that rose by, and one that is told under more
// labels or fewer from now on is a base (renames.h). What was counted already is dropped, and so is
// a second gauge of one time. An interval that overlaps one that was counted, and is another, is of
// another sender under the same labels: it is handed on, to be refused.

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/runtime/metric_point.h"
#include "engine/runtime/namesakes.h"
#include "engine/runtime/renames.h"
#include "engine/runtime/rhythm.h"
#include "engine/runtime/series_base.h"

namespace rollbook::runtime {

// What one point adds. `buckets` and `exponential` point into the table and hold until the next
// call.
struct Increment {
  core::Time start{};  // the interval is (start, end]
  core::Time end{};
  bool first = false;       // of a cumulative series whose start is unknown: counts whole only
                            // where the series is known to have been zero
  core::Duration untold{};  // of such a first: in so much time before its end it came, at most;
                            // zero: not known
  bool measured = false;    // it came within (start, end]: between two points, or as a delta says
  bool retold = false;  // of a series that was known under other labels, or perhaps: counts nothing
  bool gauge = false;
  bool settled = false;  // what a first point counted, told with the second
  bool clashes = false;  // a delta of another sender under the same labels: not to be counted
  bool untyped = false;  // as the metric has it: counts `value`, or is at `level`
  core::Fixed value;
  core::Fixed level;         // untyped: as it was sent
  std::int64_t samples = 1;  // histograms: observations
  LayoutNumber layout;
  const std::vector<std::int64_t>* buckets = nullptr;
  const core::Exponential* exponential = nullptr;
};

// Whether the points of a batch have the table's own numbers, so that it may look at those that
// come with one.
enum class Numbers : std::uint8_t { own, foreign };

class SeriesTable {
 public:
  explicit SeriesTable(Numbers numbers = Numbers::own) : numbers_(numbers) {}

  // Takes in names and layouts that the batch brings.
  void learn(const PointBatch& batch);

  // All that is known to have been counted with the point: what settle() says of the one before,
  // then take().
  template <class Count>
  void take_each(const PointBatch& batch, const MetricPoint& point, const Count& count) {
    if (const auto settled = settle(batch, point)) count(*settled);
    if (const auto increment = take(batch, point)) count(*increment);
  }
  // What the point adds. Nothing: a base, a duplicate, or a point that came too late for its
  // cumulative series.
  std::optional<Increment> take(const PointBatch& batch, const MetricPoint& point);
  // Before take() of a series' second point: what the first counted, if nothing could be said of it
  // till now (renames.h), and it was its own.
  std::optional<Increment> settle(const PointBatch& batch, const MetricPoint& point) {
    Entry& entry = series_[point.series.value];
    return is_waiting(entry.base) ? settle(entry, batch, point) : std::nullopt;
  }

  const SeriesName& name(SeriesNumber number) const { return series_[number.value].name; }
  std::size_t size() const { return series_.size(); }
  const std::vector<core::Fixed>& bounds(LayoutNumber number) const {
    return layouts_[number.value];
  }

  // Bases by series name, for the checkpoint that a restart begins with.
  std::string save() const;
  // Bases wait here until their series is seen again. Error: damaged bytes.
  core::Status restore(std::string_view bytes);

  // Whether a sample of the series has come already.
  bool knows(SeriesNumber number) const { return series_[number.value].base.known; }
  // Bases that another table has saved, for series that are not known here; where one of `here` is,
  // only the intervals that were seen there, against duplicates. Error: damaged bytes.
  core::Status adopt(std::string_view bytes, const std::vector<SeriesNumber>& here);
  // One text for one series, in every table.
  static std::string key_of(const SeriesName& name);

 private:
  using Base = SeriesBase;
  using Interval = SeriesInterval;
  using Amount = SeriesInterval::Amount;
  static constexpr Amount kUnknown = SeriesInterval::kUnknown;
  struct Entry {
    SeriesName name;
    Base base;
    std::uint32_t rhythm = 0;  // of its name, in rhythms_
  };
  std::optional<Increment> take_cumulative(Entry& entry, const PointBatch& batch,
                                           const MetricPoint& point);
  static void begin_totals(Base& base, const MetricPoint& point);
  // What is remembered of intervals, and nothing of totals.
  static Base without_totals(Base& base);
  static bool is_waiting(const Base& base) {
    return base.waits_since != core::kDistantPast && !base.known && !base.retold;
  }
  std::optional<Increment> settle(Entry& entry, const PointBatch& batch, const MetricPoint& point);
  // Its first point, of which it is not known yet what it counts: heard, and nothing else.
  Increment take_waiting(Base& base, const MetricPoint& point);
  std::optional<Increment> take_delta(Base& base, const PointBatch& batch,
                                      const MetricPoint& point);
  static std::optional<Increment> take_gauge(Base& base, const MetricPoint& point);
  // `again`: it was seen already, or may have been. `clash`: of another sender.
  enum class Noted : std::uint8_t { fresh, again, clash };
  static Noted note(Base& base, PointKind kind, Interval interval);
  static bool is_same(const Interval& seen, const Interval& interval);
  static bool joins(const Base& base, const Interval& interval);
  Amount amount_of(const MetricPoint& point) const;  // histograms: of what is loaded
  // Into buckets_ or exponential_, and from there into the increment.
  void load(const PointBatch& batch, const MetricPoint& point);
  void deliver(const MetricPoint& point, Increment& increment) const;
  std::int64_t observations(const MetricPoint& point) const;  // of what is loaded
  // What was loaded becomes the base, and what was the base is taken away from it; false: some of
  // it fell, and nothing is.
  bool take_away(Base& base, const MetricPoint& point);
  // What is loaded, or the point's value, without what had been counted before; whether it began
  // anew.
  struct Taken {
    core::Int128 total = 0, added = 0;  // as in Pace
    bool anew = false;
  };
  Taken take_total(Base& base, const PointBatch& batch, const MetricPoint& point);
  // Of a point that has not fallen.
  bool begins_anew(const Base& base, const PointBatch& batch, const MetricPoint& point,
                   core::Int128 total, core::Int128 growth);
  // Whether another series that begins at the same time has fallen: then its process has, and as a
  // Collector may give all that it sees one start, only what that one may have had counts, or what
  // is of the same process.
  bool others_fell(const PointBatch& batch, const MetricPoint& point, core::Int128 total);
  void find_fallen(const PointBatch& batch, core::Time start);
  static bool is_dated(const Base& base, const MetricPoint& point);
  bool has_fallen(const PointBatch& batch, const MetricPoint& point) const;
  struct Saved {
    std::vector<std::pair<std::string, Base>> bases;      // by rising key
    std::vector<std::pair<std::string, Rhythm>> rhythms;  // by name
  };
  static core::Result<Saved> parse(std::string_view bytes);
  // Of names of which it has heard later than this table.
  void adopt_rhythms(const Saved& saved);
  std::uint32_t rhythm_of(const std::string& name);
  static void remember(const Base& other, Base& base);
  void wait(const std::string& key, const Base& base);

  // ---- Series of a process that was heard before: series_firsts.cc -----------------------------
  // Of a first sample: the export before, of the process that it is of.
  core::Time zero_at(const Entry& entry, const PointBatch& batch, const MetricPoint& point);
  // Those that come with it, as far as their times tell.
  void find_companions(const PointBatch& batch, const MetricPoint& point);
  bool comes_with(SeriesNumber number, const MetricPoint& point) const;
  void note_export(const MetricPoint& point);
  // In all that both have; so of one process, as far as labels tell.
  static bool labels_agree(const SeriesName& a, const SeriesName& b);

  // ---- Series that another goes on as: series_origins.cc ---------------------------------------
  // `retold`: it is told under other labels since its first point, which is a base.
  enum class Origin : std::uint8_t { own, waits, follows, beside, retold };
  struct Kin {
    Origin origin = Origin::own;
    SeriesNumber of;
  };
  // Of a series without a base; what is loaded is the point.
  Kin origin_of(Entry& entry, const PointBatch& batch, const MetricPoint& point);
  // Of its first point: the one that it may be under more labels, or fewer.
  std::optional<SeriesNumber> retold_by(const Entry& entry, const PointBatch& batch,
                                        const MetricPoint& point);
  // Of what may be one that it goes on as, or is told beside.
  Kin likeliest(const Entry& entry, const PointBatch& batch, const MetricPoint& point);
  // The last point of it; where that is not with the first one of `point` or behind it, also of
  // those that come in the same record.
  core::Time told_until(SeriesNumber number, const PointBatch& batch, const MetricPoint& point);
  void find_coming(const PointBatch& batch, std::int64_t record);
  // No point of it has come since the first one of `point`.
  bool is_silent(SeriesNumber number, const PointBatch& batch, const MetricPoint& point);
  struct Candidate {
    SeriesNumber number;
    Kinship kinship = Kinship::none;
    std::uint64_t change = 0;  // of label values
    std::size_t labels = 0;    // that differ
    core::Int128 total = 0, apart = 0;
  };
  // Nothing: it is none, as far as can be told.
  std::optional<Candidate> candidate(const Entry& entry, const PointBatch& batch,
                                     const MetricPoint& point, SeriesNumber number);
  // What the point of a series that was away has gone on as meanwhile, if it has.
  void come_back(Entry& entry, const PointBatch& batch, const MetricPoint& point);
  static void go_on(Base& from, const MetricPoint& point, SeriesNumber as, Base& base);
  bool same_shape(const Base& base, const MetricPoint& point) const;
  // The point's total is the base's, or more, in each bucket; of what is loaded.
  bool holds(const Base& base, const MetricPoint& point) const;
  core::Int128 total_of(const MetricPoint& point) const;  // of what is loaded
  static core::Int128 total_of(const Base& base);
  const SeriesName& name_of(SeriesNumber number) const;  // also of those that wait
  SeriesNumber seen_as(SeriesNumber number) const;       // itself while it waits
  Base& base_of(SeriesNumber number);

  std::vector<Entry> series_;
  std::map<std::string, std::uint32_t> rhythm_numbers_;  // by name of series
  std::vector<Rhythm> rhythms_;
  struct Fallen {
    core::Time start{};
    SeriesNumber series;
  };
  std::array<Fallen, 64> fallen_{};  // the last that fell, and under which start
  std::uint32_t fallen_count_ = 0;
  // What find_fallen() found last: with the restart of a Collector it is asked for each series.
  struct Asked {
    std::int32_t partition = -1;
    std::int64_t next_offset = 0;
    core::Time start{};
    bool operator==(const Asked&) const = default;
  };
  Asked asked_;
  std::vector<SeriesNumber> falling_;
  Numbers numbers_;
  core::Time first_heard_ = core::kDistantFuture;  // of all totals
  // One series of each of the last exports, by turns.
  struct Export {
    core::Time start{}, end{};
    bool operator==(const Export&) const = default;
  };
  std::array<SeriesNumber, 256> exporters_{};
  std::uint32_t exports_ = 0;
  Export last_export_;
  // What find_companions() found last: many first samples come together.
  Export companions_of_;
  std::pair<std::int32_t, std::int64_t> companions_in_{-1, 0};  // partition, next offset
  std::vector<SeriesNumber> companions_;
  std::vector<std::pair<SeriesNumber, core::Time>> coming_;  // all points of one record, sorted
  std::optional<std::int64_t> coming_in_;                    // which, of the batch
  Namesakes namesakes_;
  Changes changes_;
  core::Time heard_until_ = core::kDistantPast;
  std::vector<std::vector<core::Fixed>> layouts_;
  std::vector<std::int64_t> buckets_;
  core::Exponential exponential_;
  // Bases that were restored, until their series is seen again; they have numbers from kWaiting on.
  static constexpr std::uint32_t kWaiting = 1U << 31;
  struct Waiting {
    Base base;
    std::uint32_t place = 0;  // in remembered_
  };
  struct Remembered {
    SeriesName name;
    std::optional<SeriesNumber> seen;  // as which it has its base since
  };
  std::map<std::string, Waiting> waiting_;  // by key
  std::vector<Remembered> remembered_;
};

}  // namespace rollbook::runtime
