#pragma once
// What the parts of a valid runbook mean, in Markdown, for people who hold the pointer over them:
// templates put in, defaults written out, units converted.

#include <cstdint>
#include <functional>
#include <string>

#include "dsl/outline.h"
#include "engine/core/machine.h"

namespace rollbook::tools::lsp {

struct Meaning {
  const dsl::Outline& outline;
  const core::Machine& machine;

  // Empty where the runbook has none of that name.
  std::string metric(const std::string& name) const;
  std::string stage(const std::string& name) const;
  std::string decision(const std::string& name) const;
  std::string rollback(const std::string& name) const;
  std::string role(const std::string& name) const;
  // Of the `stop` or `expect` at a place of the compiler; one of a template for the first stage.
  std::string criterion_at(std::uint32_t line, std::uint32_t column) const;
  // Of the next one on the line: the place is that of `stop`, `expect` or its name.
  std::string criterion_after(std::uint32_t line, std::uint32_t column) const;

 private:
  std::string criterion(const std::function<bool(const core::Span&)>& meant) const;
  std::string sentence(const dsl::Judgement& judgement) const;
  std::string measured(const dsl::Measurement& what) const;
  std::string step(const dsl::Step& step, const std::string& indent) const;
  std::string review(const dsl::Review& review) const;
  std::string exit(const dsl::Exit& exit) const;
};

}  // namespace rollbook::tools::lsp
