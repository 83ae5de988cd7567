#pragma once
// Namesakes: which series of its name a new one may be, told anew. An error that is new, or a pod,
// begins at zero; one that is only told otherwise goes on with the total of its life.
//
//   other values           they differ in the value of one label, or of all those that had new
//                          ones at once (pod and instance)
//   a label renamed        each has names that the other has not, all else is alike
//   more labels, or fewer  all of one are among the other's, with the same values: nested
//
// Which it is, if any, renames.h tells. By hashes of label sets. Costs a series, once, what its
// name has had of sets of label names, and of labels whose values vary: a few. Beyond the limits
// nothing more is told apart. Used by the loop's thread.

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
  using See = std::function<void(SeriesNumber)>;

  // Takes it in, at that time of the points.
  void add(const SeriesName& name, core::Time now, const Names& names);

  // Those that it may be, the likeliest changes first; some more than once. Not the nested ones.
  void each_like(const SeriesName& name, const See& see) const;
  // Those that have all its labels and more, and those of which it has all.
  void each_nested(const SeriesName& name, const See& see) const;

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
    std::vector<std::pair<std::size_t, Sieve>> across;  // for each other: by those that both have
  };
  struct Kin {
    std::vector<Schema> schemas;
    std::unordered_set<std::uint64_t> whole;  // label sets as they are
    core::Time settled{};
  };
  static std::size_t schema_of(Kin& kin, Labels labels, const Names& names);
  static void put(const SeriesName& name, std::uint32_t place, Sieve& sieve);
  static Sieve sieve_of(const Schema& schema, Positions without, const Names& names);
  static void set_across(Kin& kin, const Names& names);
  static void make_sieves(const SeriesName& name, bool settled, const Names& names, Schema& schema);
  struct Place {
    const Kin* kin = nullptr;  // nullptr: its name, or its labels, are not known
    std::size_t schema = 0;    // among kin's
  };
  Place find(const SeriesName& name) const;
  // Those of `among` that the sieve leaves with this hash.
  static void look(const SeriesName& name, const Schema& among, const Sieve& sieve,
                   std::uint64_t hash, const See& see);
  static void look_across(const SeriesName& name, Place own, bool nested, const See& see);

  std::unordered_map<std::string, Kin> kin_;  // by name
};

}  // namespace rollbook::runtime
