#pragma once
// Index: where the names of a text are declared and used, and how its blocks nest. Read from the
// tokens alone, so it works on a text that is half written and costs microseconds; it knows every
// phrase of the language in which a name stands. The compiler does not need it, editors do.
//
//   const Index index(lex(text, sink));
//   if (const Occurrence* here = index.at(12, 24))
//     for (const Occurrence* use : index.same(*here)) underline(use->span);

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/token.h"

namespace rollbook::dsl {

enum class NameKind : std::uint8_t {
  runbook,
  metric,
  role,
  channel,
  action,
  argument,  // of an action
  stage_template,
  stage,
  decision,
  option,  // of a decision
  rollback,
  criterion,  // `expect NAME: …`
  target,
  parameter,
  library,
};
// "metric", "template": how messages name it.
std::string_view to_string(NameKind kind);
// The kind that messages name so; empty for any other word.
std::optional<NameKind> name_kind(std::string_view noun);

struct Occurrence {
  NameKind kind = NameKind::runbook;
  std::string name;
  std::string scope;  // argument: its action; criterion: `stage a`; option: its decision
  core::Span span;
  bool declares = false;
  // Where another file declares it: the alias of its import; in a scenario, what stands after
  // `for`. Else "".
  std::string library{};
};

// A statement that declares a name or opens a block.
struct Section {
  std::string keyword;  // "stage", "on enter"
  std::string name;     // may be ""
  core::Span head;      // the statement's first line
  core::Span whole;     // with its block
  std::int32_t depth = 0;
};

class Index {
 public:
  explicit Index(const Tokens& tokens);

  const std::vector<Occurrence>& occurrences() const { return occurrences_; }  // by place
  const std::vector<Section>& sections() const { return sections_; }           // by place
  // The occurrence at a place, its end included: there an editor's cursor stands after typing.
  const Occurrence* at(std::uint32_t line, std::uint32_t column) const;
  // All that mean the same thing, by place; of this text alone.
  std::vector<const Occurrence*> same(const Occurrence& one) const;
  const Occurrence* declaration(const Occurrence& of) const;
  const Occurrence* declaration(NameKind kind, std::string_view name,
                                std::string_view scope = "") const;
  // The names of a kind that are declared, in order, each once.
  std::vector<std::string> declared(NameKind kind, std::string_view scope = "") const;
  // The block of `runbook` that a place stands in: a stage, the guard; else null.
  const Section* body_at(std::uint32_t line, std::uint32_t column) const;

 private:
  std::vector<Occurrence> occurrences_;
  std::vector<Section> sections_;
};

}  // namespace rollbook::dsl
