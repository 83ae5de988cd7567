// People who are not told, sign-offs that are one, and names without use.

#include <algorithm>

#include "dsl/check_rules.h"

namespace rollbook::dsl {

namespace {

// Distinct persons are asked for within one sign-off, not between two of them.
const std::string* shared_role(const core::Quorum& one, const core::Quorum& other) {
  if (one.needed != 1 || other.needed != 1) return nullptr;
  for (const std::string& role : one.roles) {
    if (std::find(other.roles.begin(), other.roles.end(), role) != other.roles.end()) return &role;
  }
  return nullptr;
}

void warn_of_one_person(const Review& review, Findings& findings) {
  for (std::size_t i = 1; i < review.confirms.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const Confirmation& later = review.confirms[i];
      const Confirmation& earlier = review.confirms[j];
      const std::string* role = shared_role(earlier.quorum, later.quorum);
      if (role == nullptr) continue;
      findings.warning(Code::one_person, later.span,
                       "one " + quoted(*role) + " alone can give both \"" + earlier.text +
                           "\" and \"" + later.text + "\"",
                       "if two persons are meant, ask another role, or make it one sign-off `by 2 "
                       "of " +
                           *role + "`");
      break;
    }
  }
}

}  // namespace

void warn_of_people(const Outline& outline, Findings& findings) {
  if (outline.require) warn_of_one_person(*outline.require, findings);
  for (const StageOutline& stage : outline.stages) warn_of_one_person(stage.review, findings);
  if (outline.success) warn_of_one_person(*outline.success, findings);
  for (const DecisionOutline& decision : outline.decisions) {
    if (!decision.notified.empty() || !decision.paged.empty()) continue;
    findings.warning(Code::nobody_told, decision.span,
                     "nobody is told when decision " + quoted(decision.name) + " is open",
                     "add `ask …` with a channel");
  }
}

void warn_of_unused(const Outline& outline, Findings& findings) {
  for (const Declared& declared : outline.declared) {
    if (declared.used || declared.noun == "rollback") continue;
    const bool metric = declared.noun == "metric";
    findings.warning(
        Code::unused, declared.span,
        (metric ? "no criterion uses metric " : "nothing uses " + declared.noun + " ") +
            quoted(declared.name),
        "leave it out, or use it");
  }
}

}  // namespace rollbook::dsl
