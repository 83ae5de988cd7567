#pragma once
// What the parts of criteria share: resolve_measured.cc says what an expression measures,
// resolve_comparison.cc holds it against a limit or another arm, and resolve_criterion.cc has the
// conditions that compare nothing. Internal to these three.

#include <optional>
#include <string>
#include <vector>

#include "dsl/resolve_context.h"

namespace rollbook::dsl {

// A metric that a criterion refers to, and whose share of it.
struct Found {
  MetricEntry* entry;
  const core::Metric* metric;  // the numerator of a ratio
  core::Arm arm;
  core::TargetIndex target;

  Measurement measured_as(core::Measure measure) const;
};
std::optional<Found> find_metric(Context& context, const ast::Reference& reference,
                                 InFunction in_function = InFunction::no);

// The left side of a comparison.
struct Measured {
  Measurement what;
  MetricEntry* entry = nullptr;  // histograms and gauges: whose values have a unit
  bool unit_known = false;       // `in ms` or the name on the wire says that they are durations
  std::vector<ast::Type> allowed;
  std::string help;  // how a limit of the right type looks
};
std::optional<Measured> measure(Context& context, const ast::Expression& expression);

// False: reported.
bool resolve_comparison(Context& context, const ast::Criterion& criterion,
                        const ast::Comparison& comparison, Judgement& judgement);

// Empty without `with confidence`.
inline std::optional<core::Fixed> alpha_of(const ast::Criterion& criterion) {
  if (!criterion.confidence) return std::nullopt;
  return core::Fixed::from_int(1) - criterion.confidence->value;
}

}  // namespace rollbook::dsl
