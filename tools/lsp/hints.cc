// Inlay hints: the defaults that a statement leaves out, where they would stand.

#include <algorithm>

#include "dsl/format_value.h"
#include "engine/core/limits.h"
#include "tools/lsp/features.h"

namespace rollbook::tools::lsp {
namespace {

namespace ast = dsl::ast;

class Hints {
 public:
  Hints(Document& document, const Range& where) : document_(document), where_(where) {}

  template <class AnyStatement>
  void block(const std::vector<AnyStatement>& statements) {
    for (const AnyStatement& statement : statements)
      std::visit([this](const auto& node) { hint(node); }, statement.node);
  }
  Json take() { return std::move(hints_); }

 private:
  struct Place {
    std::uint32_t line;
    std::uint32_t column;
  };
  static Place end_of(const core::Span& span) { return {span.end_line, span.end_column}; }

  void add(Place place, const std::string& text, const std::string& why, bool before = false) {
    const Position at =
        document_.text().position(document_.text().offset(place.line, place.column));
    if (at.line < where_.start.line || at.line > where_.end.line) return;
    hints_.push_back({{"position", to_json(at)},
                      {"label", text},
                      {"tooltip", why},
                      {"paddingLeft", !before},
                      {"paddingRight", before}});
  }

  // Statements without a default that matters; perhaps with a block whose statements have one.
  template <class Node>
  void hint(const Node& node) {
    if constexpr (requires { node.block; }) block(node.block);
  }

  void hint(const ast::Hold& node) {
    if (!node.at_most) {
      const core::Duration most = 2 * node.duration.duration() + std::chrono::hours(24);
      add(end_of(node.span), "at most " + dsl::format_duration(most),
          "after this long in all, watched or not, the stage leaves by its `otherwise`: twice the "
          "hold and 24h");
    }
    block(node.block);
  }
  void hint(const ast::Ramp& node) {
    if (node.every) return;
    const core::Duration every = std::min(core::kGradualEvery, node.over.duration());
    add(end_of(node.over.span), "every " + dsl::format_duration(every), "the steps of a ramp");
  }
  void hint(const ast::Traffic& node) { deadline(node.within, node.span); }
  void hint(const ast::Run& node) { deadline(node.within, node.span); }
  void hint(const ast::Checkpoint& node) { deadline(node.within, node.span); }
  void hint(const ast::Within& node) {
    if (!node.duration)
      add({node.span.line, node.span.column}, "within " + dsl::format_duration(core::kReviewWithin),
          "how long the review waits for data and people", true);
  }
  void hint(const ast::Stop& node) {
    const auto* comparison = std::get_if<ast::Comparison>(&node.criterion.condition);
    // Without a window it is a test, which knows itself how many it needs.
    if (comparison == nullptr || !node.criterion.over) return;
    if (node.criterion.at_least || !of_requests(comparison->left)) return;
    add(end_of(node.span), "at least " + std::to_string(core::kAtLeastRequests) + " requests",
        "fewer requests than that in the window stop nothing");
  }

  void deadline(const std::optional<ast::Number>& within, const core::Span& span) {
    if (!within)
      add(end_of(span), "within " + dsl::format_duration(core::kEffectDeadline),
          "how long it may take until somebody says that it is done");
  }

  // Ratios and quantiles are estimates of requests; gauges, rates and counts are not. A metric of
  // another file may be either.
  bool of_requests(const ast::Expression& left) const {
    if (const auto* call = std::get_if<ast::Call>(&left.node))
      return call->function == ast::Call::Function::quantile;
    if (const auto* reference = std::get_if<ast::Reference>(&left.node))
      return is_ratio(reference->metric.text);
    return std::holds_alternative<ast::Binary>(left.node);
  }

  bool is_ratio(const std::string& name) const {
    const auto metrics = ast::all<ast::Metric>(document_.ast().statements);
    return std::any_of(metrics.begin(), metrics.end(), [&](const ast::Metric* metric) {
      return metric->name.text == name && std::holds_alternative<ast::Quotient>(metric->source);
    });
  }

  Document& document_;
  Range where_;
  Json hints_ = Json::array();
};

}  // namespace

Json inlay_hints(Document& document, const Range& where) {
  Hints hints(document, where);
  if (!document.is_scenario()) hints.block(document.ast().statements);
  return hints.take();
}

}  // namespace rollbook::tools::lsp
