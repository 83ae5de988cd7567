// How much a runbook grows when templates and decisions are put in where they are used. A megabyte
// of text can ask for a gigabyte of machine: ten thousand stages that use one long template.

#include <map>

#include "dsl/resolve_context.h"

namespace rollbook::dsl {

namespace {

// Of the machine's rows that a statement becomes, beside its texts.
constexpr std::size_t kStatement = 64;
constexpr std::size_t kExpandedMost = 4 * core::kRunbookBytes;

std::size_t size_of(const ast::Name& name) { return name.text.size(); }
std::size_t size_of(const ast::Text& text) { return text.value.size(); }
std::size_t size_of(const ast::Argument& argument) {
  return kStatement + value_text(argument.value).size();
}
std::size_t size_of(const ast::Statement& statement);
std::size_t size_of(const ast::Option& option) {
  return kStatement + size_of(option.name) + size_of(option.text);
}

template <class Part>
std::size_t size_of(const std::vector<Part>& parts) {
  std::size_t size = 0;
  for (const Part& part : parts) size += kStatement + size_of(part);
  return size;
}

std::size_t size_of(const ast::Quorum& quorum) { return size_of(quorum.roles); }

struct SizeOf {
  // Statements without a part that could be long.
  template <class Node>
  std::size_t operator()(const Node&) const {
    return 0;
  }
  std::size_t operator()(const ast::Hold& node) const { return size_of(node.block); }
  std::size_t operator()(const ast::OnEnter& node) const { return size_of(node.block); }
  std::size_t operator()(const ast::OnExit& node) const { return size_of(node.block); }
  std::size_t operator()(const ast::Undo& node) const { return size_of(node.block); }
  std::size_t operator()(const ast::Run& node) const { return size_of(node.arguments); }
  std::size_t operator()(const ast::Start& node) const { return size_of(node.arguments); }
  std::size_t operator()(const ast::Open& node) const { return size_of(node.arguments); }
  std::size_t operator()(const ast::Checkpoint& node) const { return size_of(node.name); }
  std::size_t operator()(const ast::Notify& node) const {
    return size_of(node.channels) + size_of(node.text);
  }
  std::size_t operator()(const ast::Page& node) const {
    return size_of(node.channels) + size_of(node.text);
  }
  std::size_t operator()(const ast::Expect& node) const { return node.criterion.text.size(); }
  std::size_t operator()(const ast::Confirm& node) const {
    return size_of(node.text) + size_of(node.quorum);
  }
  std::size_t operator()(const ast::DecidedBy& node) const { return size_of(node.quorum); }
  std::size_t operator()(const ast::Ask& node) const { return size_of(node.channels); }
  std::size_t operator()(const ast::Option& node) const { return size_of(node); }
};

std::size_t size_of(const ast::Statement& statement) {
  return kStatement + std::visit(SizeOf(), statement.node);
}

// Once asked, and once more for its reminders.
std::size_t size_of(const ast::Decision& decision) {
  std::size_t size = 0;
  for (const ast::DecisionStatement& statement : decision.block) {
    size += kStatement + std::visit(SizeOf(), statement.node);
  }
  return 2 * size;
}

class Growth {
 public:
  explicit Growth(const ast::Runbook& runbook) {
    for (const auto* part : ast::all<ast::Template>(runbook.statements)) {
      templates_.emplace(part->name.text, Part{size_of(part->block) + undone(part->block, runbook),
                                               uses_in(part->block)});
    }
    for (const auto* decision : ast::all<ast::Decision>(runbook.statements)) {
      decisions_.emplace(decision->name.text, size_of(*decision));
    }
  }

  std::size_t of(const std::vector<ast::Statement>& block) const { return of(uses_in(block)); }

  // What a stage undoes stands in every rollback.
  static std::size_t undone(const std::vector<ast::Statement>& block, const ast::Runbook& runbook) {
    const std::size_t rollbacks = ast::all<ast::Rollback>(runbook.statements).size() + 1;
    std::size_t size = 0;
    for (const auto* undo : ast::all<ast::Undo>(block)) size += kStatement + size_of(undo->block);
    return size * rollbacks;
  }

  std::size_t of(const ast::Stage& stage) const {
    std::size_t size = of(stage.block);
    if (!stage.base) return size;
    const auto part = templates_.find(stage.base->text);
    return part == templates_.end() ? size : size + part->second.size + of(part->second.uses);
  }

 private:
  using Uses = std::vector<std::string>;  // of decisions
  struct Part {
    std::size_t size = 0;
    Uses uses;
  };

  static Uses uses_in(const std::vector<ast::Statement>& block) {
    Uses uses;
    for (const auto* use : ast::all<ast::DecideUse>(block)) uses.push_back(use->decision.text);
    for (const auto* within : ast::all<ast::Within>(block)) {
      if (within->otherwise && within->otherwise->kind == ast::Exit::Kind::decide) {
        uses.push_back(within->otherwise->target.text);
      }
    }
    return uses;
  }

  std::size_t of(const Uses& uses) const {
    std::size_t size = 0;
    for (const std::string& use : uses) {
      const auto decision = decisions_.find(use);
      if (decision != decisions_.end()) size += decision->second;
    }
    return size;
  }

  std::map<std::string, Part> templates_;
  std::map<std::string, std::size_t> decisions_;
};

}  // namespace

bool fits_expanded(Context& context, const ast::Runbook& runbook) {
  const Growth growth(runbook);
  std::size_t size = 0;
  for (const auto* stage : ast::all<ast::Stage>(runbook.statements)) {
    size += growth.of(*stage) + Growth::undone(stage->block, runbook);
    if (size <= kExpandedMost) continue;
    context.findings.error(Code::too_many_states, stage->span,
                           "with templates and decisions put in, the runbook is longer than " +
                               std::to_string(kExpandedMost >> 20) + " MiB here",
                           "split it into several runbooks");
    return false;
  }
  return true;
}

}  // namespace rollbook::dsl
