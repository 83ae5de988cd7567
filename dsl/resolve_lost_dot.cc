// `totalerror_rate` is `total.error_rate` less its dot. Taken for a misspelt `error_rate` it would
// become the canary's: what names an arm or a target in front is never dropped.

#include "dsl/resolve_context.h"

namespace rollbook::dsl {

namespace {

// What may stand in front of a metric, where nothing stands there yet.
std::vector<std::string> qualifiers(const Context& context, const ast::Reference& reference) {
  std::vector<std::string> all = context.targets.all();
  for (const char* arm : {"canary", "baseline", "total"}) all.emplace_back(arm);
  std::erase_if(all,
                [&](const std::string& each) { return !reference.metric.text.starts_with(each); });
  return all;
}

// `eu.canary.errors`: one of each, the target first.
bool fits_before(const ast::Reference& reference, bool target) {
  return !reference.arm && (!target || !reference.target);
}

}  // namespace

std::optional<Names::Meant> lost_dot(const Context& context, const ast::Reference& reference,
                                     InFunction in_function) {
  const std::string& written = reference.metric.text;
  const std::vector<std::string> metrics = context.metrics.all();
  for (const std::string& qualifier : qualifiers(context, reference)) {
    std::string rest = written.substr(qualifier.size());
    const bool joined = rest.starts_with('_');
    if (joined) rest.erase(0, 1);
    const bool whole = context.metrics.has(rest);
    if (!whole) rest = rest.empty() ? "" : closest(rest, metrics);
    if (rest.empty()) continue;
    // Of two things it may mean, neither is put in.
    const std::string other = closest(written, metrics);
    if (!other.empty() && other != rest) return Names::Meant{"did you mean `" + other + "`?", {}};
    if (in_function == InFunction::yes) {
      return Names::Meant{
          "did you mean `" + rest + "`, with `" + qualifier + ".` before the function?", {}};
    }
    Names::Meant meant{"did you mean `" + qualifier + "." + rest + "`?", {}};
    const bool fits = fits_before(reference, context.targets.has(qualifier));
    if (!fits) meant.help = "did you mean `" + rest + "`?";
    if (whole && fits && !joined) meant.fix = {{reference.metric.span, qualifier + "." + rest}};
    return meant;
  }
  return std::nullopt;
}

}  // namespace rollbook::dsl
