#include "tools/metric_limits.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/coarse.h"
#include "engine/core/found.h"
#include "engine/core/sentence.h"
#include "engine/core/units.h"

namespace rollbook::tools {
namespace {

using core::Criterion;
using core::Fixed;

// ---- Against a limit ------------------------------------------------------------------------

class Placed {
 public:
  Placed(const Criterion& criterion, core::Unit unit, const std::vector<Fixed>& edges)
      : criterion_(criterion), unit_(unit), edges_(edges) {}

  LimitFinding find() {
    const Fixed limit = criterion_.limit;
    found_.criterion = criterion_.text;
    found_.limit = limit;
    const auto edge = std::lower_bound(edges_.begin(), edges_.end(), limit);
    found_.on_edge = edge != edges_.end() && *edge == limit;
    if (found_.on_edge) {
      found_.says = "the limit is a bucket's edge";
      return std::move(found_);
    }
    if (edge != edges_.begin()) found_.low = *std::prev(edge);
    if (edge != edges_.end()) found_.high = *edge;
    found_.says = found_.high ? inside() : beyond();
    return std::move(found_);
  }

 private:
  std::string text(Fixed value) const { return core::value_text(unit_, value); }
  bool proves() const { return criterion_.test == core::Test::proportion; }
  bool greater() const { return core::says_greater(criterion_.comparison); }
  bool gate() const { return criterion_.kind == core::CriterionKind::expect; }

  std::string inside() {
    const std::string low = text(found_.low.value_or(Fixed{})), high = text(*found_.high);
    const std::string place =
        fmt::format("the limit lies inside a bucket, between {} and {}", low, high);
    if (!proves()) return place + ": interpolated";
    found_.blunt = true;
    const std::string write =
        found_.low ? fmt::format("write {} or {}", low, high) : "write " + high;
    if (gate()) {
      return fmt::format(
          "{}, where `with confidence` cannot decide: it {} only below {} and {} only above {}, "
          "and stays open between them; {}",
          place, greater() ? "fails" : "passes", low, greater() ? "passes" : "fails", high, write);
    }
    return fmt::format(
        "{}, where `with confidence` cannot decide: it acts only on what lies {}; {}", place,
        greater() ? "above " + high : "below " + low, write);
  }

  std::string beyond() {
    found_.blunt = true;
    const std::string last = text(*found_.low), limit = text(criterion_.limit);
    const std::string place = fmt::format("the limit lies beyond the last edge, {}", last);
    const std::string way_out = fmt::format("add an edge at {}, or write {}", limit, last);
    if (!proves()) {
      return fmt::format("{}: all that lies above {} counts as above {}; {}", place, last, limit,
                         way_out);
    }
    const std::string above = gate() ? (greater() ? "passes" : "fails") : "acts";
    const std::string below = gate() ? (greater() ? "fails" : "passes") : "acts";
    const bool silent = !gate() && greater();
    return fmt::format("{}, above which nothing can be proven: it {}; {}", place,
                       silent   ? "never acts"
                       : gate() ? fmt::format("{} only below {} and never {}", below, last, above)
                                : fmt::format("acts only below {}", last),
                       way_out);
  }

  const Criterion& criterion_;
  core::Unit unit_;
  const std::vector<Fixed>& edges_;
  LimitFinding found_;
};

// ---- Against another arm --------------------------------------------------------------------

// How far neighbouring edges lie apart, as a share of the lower one.
struct Widths {
  Fixed least, most;
};
std::optional<Widths> widths_of(const std::vector<Fixed>& edges) {
  std::optional<Widths> widths;
  for (std::size_t i = 1; i < edges.size(); ++i) {
    if (edges[i - 1].nanos <= 0) continue;
    const Fixed width{(edges[i].nanos - edges[i - 1].nanos) * Fixed::kScale / edges[i - 1].nanos};
    if (!widths) widths = Widths{width, width};
    widths->least = std::min(widths->least, width);
    widths->most = std::max(widths->most, width);
  }
  return widths;
}

std::string percent(Fixed share) { return core::percent_text(share, 2); }

LimitFinding between_arms(const Criterion& criterion, const std::vector<Fixed>& edges) {
  LimitFinding found;
  found.criterion = criterion.text;
  if (criterion.test != core::Test::two_quantiles) {
    found.says = "both quantiles are interpolated inside their buckets";
    return found;
  }
  const auto needed = core::width_for(criterion.factor);
  const auto widths = widths_of(edges);
  if (!needed) {
    found.says =
        "each quantile is known to its bucket: only arms that lie whole buckets apart are told";
    return found;
  }
  const Fixed margin = criterion.factor - Fixed::from_int(1);
  found.says =
      fmt::format("a margin of {} needs edges at most {} apart", percent(margin), percent(*needed));
  if (!widths) {
    found.blunt = true;
    found.says += ", and there is but one";
    return found;
  }
  found.says +=
      widths->least == widths->most
          ? fmt::format("; they lie {} apart", percent(widths->most))
          : fmt::format("; they lie {} to {} apart", percent(widths->least), percent(widths->most));
  if (widths->most <= *needed) return found;
  found.blunt = widths->most > margin;
  const bool gate = criterion.kind == core::CriterionKind::expect;
  const std::string where = widths->least > margin   ? ""
                            : widths->most <= margin ? "next to an edge "
                                                     : "where they lie further apart ";
  found.says += gate ? fmt::format(": {}it stays open however much comes", where)
                     : fmt::format(": {}a difference within a bucket is not seen", where);
  return found;
}

}  // namespace

std::vector<LimitFinding> limits_of(const core::Machine& machine, core::MetricIndex metric,
                                    const std::vector<Fixed>& edges) {
  std::vector<LimitFinding> found;
  const core::Unit unit = core::unit_of(machine, metric);
  for (const Criterion& criterion : machine.criteria) {
    if (criterion.measure != core::Measure::quantile || criterion.veto) continue;
    if (machine.at(machine.at(criterion.window).series).metric != metric) continue;
    found.push_back(criterion.other.valid() ? between_arms(criterion, edges)
                                            : Placed(criterion, unit, edges).find());
  }
  return found;
}

}  // namespace rollbook::tools
