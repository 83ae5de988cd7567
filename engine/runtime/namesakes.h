#pragma once
// Namesakes: whether a series that is new is an old one told anew. An error that is new, or a pod,
// begins at zero; a series that gains a label goes on with the total of its life, of which nothing
// has just happened. So: all labels of one that was known are among its own, or its among those.
//
// By hashes of label sets. Costs a series, once, what its name has had of sets of label names: a
// few. Beyond kSchemas of them nothing more is told apart. Used by the loop's thread.

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/runtime/metric_point.h"

namespace rollbook::runtime {

class Namesakes {
 public:
  static constexpr std::size_t kSchemas = 16;
  // Those taken in before, by number.
  using Names = std::function<const SeriesName&(SeriesNumber)>;

  // Takes it in; whether it is one of before.
  bool add(const SeriesName& name, const Names& names);

 private:
  using Labels = std::vector<std::string>;  // rising
  struct Schema {
    Labels labels;
    std::vector<SeriesNumber> series;
  };
  struct Kin {
    std::vector<Schema> schemas;
    std::unordered_set<std::uint64_t> whole;  // label sets as they are
    std::unordered_set<std::uint64_t> parts;  // and under fewer labels, those of another schema
  };
  static std::size_t schema_of(Kin& kin, Labels labels, const Names& names);

  std::unordered_map<std::string, Kin> kin_;  // by name
};

}  // namespace rollbook::runtime
