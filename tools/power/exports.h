#pragma once
// Exports: when the arms of a service send their points, from a shift on. Each is somewhere between
// two points of its own then, and goes on at its own moments.
//
//   Exports exports(60s, {Arm::canary, Arm::baseline}, draw);
//   exports.at(); exports.arm();       // the next points are those of this arm
//   exports.go_on(60s);                // which sends again so much later

#include <vector>

#include "engine/core/machine.h"
#include "tools/draw.h"

namespace rollbook::power {

class Exports {
 public:
  // `every`: in whole seconds. Of two arms where they are held against each other, else of `total`.
  Exports(core::Duration every, const std::vector<core::Arm>& arms, tools::Draw& draw);

  core::Duration at() const { return next_.front().at; }
  core::Arm arm() const { return next_.front().arm; }
  void go_on(core::Duration later);

 private:
  struct Next {
    core::Duration at{};
    core::Arm arm = core::Arm::total;
  };
  void put_in_order();

  std::vector<Next> next_;  // by rising time
};

}  // namespace rollbook::power
