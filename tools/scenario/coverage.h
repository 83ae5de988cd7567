#pragma once
// Coverage: what of a machine the scenarios of a run went through. A state counts when it was
// active, a transition when it was taken, a criterion when it was seen to fail and, if something
// waits for it to pass, to pass as well.

#include <cstddef>
#include <string>
#include <vector>

#include "tools/scenario/play.h"

namespace rollbook::tools {

class Coverage {
 public:
  explicit Coverage(const core::Machine& machine);

  // Of the same runbook, perhaps with other parameters.
  void add(const core::Machine& machine, const Seen& seen);

  struct Share {
    std::size_t covered = 0;
    std::size_t all = 0;
    // Rounded down: only all of them are 100.
    std::size_t percent() const { return all == 0 ? 100 : covered * 100 / all; }
  };
  Share states() const;
  Share transitions() const;
  Share criteria(const core::Machine& machine) const;

  // "canary_5.review.gate → verdict: a check failed, hal9.runbook:83:5", "guard.stop[1] never
  // failed: …": what no scenario went through.
  std::vector<std::string> missing(const core::Machine& machine) const;

 private:
  struct Judged {
    bool passed = false;
    bool failed = false;
  };
  bool fits(const core::Machine& machine) const;
  bool covered(const core::Machine& machine, std::size_t criterion) const;
  void halt(const core::Machine& machine, core::StateIndex active, const std::string& because);

  std::vector<bool> states_, transitions_;
  // What the command to a weight above nothing leads to is the same in every machine and in no
  // runbook: it is not counted.
  std::vector<bool> counted_states_, counted_transitions_;
  std::vector<Judged> criteria_;
};

}  // namespace rollbook::tools
