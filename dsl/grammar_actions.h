#pragma once
// The X3 side of the grammar: semantic actions that fill AST nodes, the ids of rules, and the
// shapes that blocks share. Included by dsl/grammar*.cc only.

#include <string>
#include <utility>
#include <variant>

#include "dsl/ast.h"
#include "dsl/grammar_x3.h"

namespace rollbook::dsl::grammar {

template <auto Member>
struct Set {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    x3::_val(context).*Member = std::move(x3::_attr(context));
  }
};
template <auto Member>
inline constexpr Set<Member> set{};

template <auto Member>
struct Push {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    (x3::_val(context).*Member).push_back(std::move(x3::_attr(context)));
  }
};
template <auto Member>
inline constexpr Push<Member> push{};

// A constant: put<&Exit::kind, Exit::Kind::end>.
template <auto Member, auto Value>
struct Put {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    x3::_val(context).*Member = Value;
  }
};
template <auto Member, auto Value>
inline constexpr Put<Member, Value> put{};

// For clauses in any order: the second of a kind is reported, by what it is called.
template <auto Member>
struct SetOnce {
  const char* clause;

  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    auto& place = x3::_val(context).*Member;
    auto& value = x3::_attr(context);
    if (place)
      state(context).sink().error(Code::duplicate_clause, value.span,
                                  "`" + std::string(clause) + "` was said already",
                                  "leave one of the two out");
    place = std::move(value);
  }
};
template <auto Member>
constexpr SetOnce<Member> set_once(const char* clause) {
  return {clause};
}

// The rule's own value is what was read.
struct SetValue {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    x3::_val(context) = std::move(x3::_attr(context));
  }
};
inline constexpr SetValue set_value{};

// Makes a statement of a node.
struct SetNode {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    auto& statement = x3::_val(context);
    statement.span = x3::_attr(context).span;
    statement.node = std::move(x3::_attr(context));
  }
};
inline constexpr SetNode set_node{};

// Adds a statement to a block; one that could not be read becomes ast::Error.
template <auto Member>
struct PushStatement {
  template <class AnyContext>
  void operator()(const AnyContext& context) const {
    auto statement = std::move(x3::_attr(context));
    if (auto error = state(context).take_error()) {
      statement.span = error->span;
      statement.node = std::move(*error);
    }
    (x3::_val(context).*Member).push_back(std::move(statement));
  }
};
template <auto Member>
inline constexpr PushStatement<Member> push_statement{};

// ---- Rule ids and shapes ------------------------------------------------------------------

// The id of a rule that does nothing of its own.
struct Plain {};

// A statement: a mistake in it is reported and it is left out.
struct Recovering {
  template <class Iterator, class Failure, class AnyContext>
  x3::error_handler_result on_error(Iterator& first, const Iterator&, const Failure& failure,
                                    const AnyContext& context) {
    first = state(context).recover(failure.where());
    return x3::error_handler_result::accept;
  }
};

// a, b, c: at least one; `one` has its action.
template <class Parser>
auto list_of(const Parser& one) {
  return one >> *(comma > one);
}

// { … }: `one` is a statement's rule, kept in the rule's member.
template <auto Member, class Rule>
auto block_of(const Rule& one) {
  return open_brace > *(newline | one[push_statement<Member>]) > close_brace;
}

// The alternatives of a body, and what it refuses.
template <class Parser>
auto statement_of(const Parser& alternatives, Block block) {
  return (alternatives > end_of_statement) | refused(block);
}

}  // namespace rollbook::dsl::grammar
