#pragma once
// Namesakes: which series of its name a new one may be, told anew. An error that is new, or a pod,
// begins at zero; one that is only told otherwise goes on with the total of its life.
//
//   other label names   all labels of one that was known are among its own, or its among those: the
//                       same series for certain
//   other values        perhaps; renames.h tells by the totals. Candidates differ in the value of
//                       one label, or of all those that had new values at once (pod and instance)
//   a label renamed     perhaps as well: each has names that the other has not, all else is alike
//
// By hashes of label sets. Costs a series, once, what its name has had of sets of label names, and
// of labels whose values vary: a few. Beyond the limits nothing more is told apart. Used by the
// loop's thread.

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/runtime/metric_point.h"

namespace rollbook::runtime {

class Namesakes {
 public:
  static constexpr std::size_t kSchemas = 16;
  // Labels of a schema by which series are looked for, and sets of labels that changed together.
  static constexpr std::size_t kSingles = 16, kTogether = 8;
  // Of those that are alike but for one label the last so many are looked at.
  static constexpr std::size_t kCandidates = 64;
  // A name's first series have all their values at once, which changes nothing.
  static constexpr core::Duration kSettled = std::chrono::seconds(150);
  // Those taken in before, by number.
  using Names = std::function<const SeriesName&(SeriesNumber)>;

  // Takes it in, at that time of the points; whether it is one of before under other label names.
  bool add(const SeriesName& name, core::Time now, const Names& names);

  // Those that it may be, the likeliest changes first; some more than once.
  void each_like(const SeriesName& name, const std::function<void(SeriesNumber)>& see) const;

 private:
  using Labels = std::vector<std::string>;     // rising
  using Positions = std::vector<std::size_t>;  // of labels in the schema, rising
  // Series by all but some labels: the last of each hash, and of each series the one before it.
  struct Sieve {
    Positions without;
    std::unordered_map<std::uint64_t, std::uint32_t> last;  // place in Schema::series
    std::vector<std::uint32_t> before;                      // by that place
  };
  struct Schema {
    Labels labels;
    std::vector<SeriesNumber> series;
    std::vector<std::unordered_set<std::uint64_t>> values;  // by position
    std::vector<Sieve> singles, together;
    // For each schema of which neither has all labels of the other: by those that both have.
    std::vector<std::pair<std::size_t, Sieve>> across;
  };
  struct Kin {
    std::vector<Schema> schemas;
    std::unordered_set<std::uint64_t> whole;  // label sets as they are
    std::unordered_set<std::uint64_t> parts;  // and under fewer labels, those of another schema
    core::Time settled{};
  };
  static std::size_t schema_of(Kin& kin, Labels labels, const Names& names);
  static void put(const SeriesName& name, std::uint32_t place, Sieve& sieve);
  static Sieve sieve_of(const Schema& schema, Positions without, const Names& names);
  static void set_across(Kin& kin, const Names& names);
  static void make_sieves(const SeriesName& name, bool settled, const Names& names, Schema& schema);

  std::unordered_map<std::string, Kin> kin_;  // by name
};

}  // namespace rollbook::runtime
