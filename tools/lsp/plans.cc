#include "tools/lsp/plans.h"

#include <algorithm>

#include "dsl/compiler.h"
#include "dsl/imports.h"
#include "tools/lsp/workspace.h"
#include "tools/scenario/script.h"

namespace rollbook::tools::lsp {

Plans::Made Plans::make(const std::string& path, const std::vector<core::Argument>& params,
                        const Workspace& workspace) {
  Made made;
  const auto read = [&](const std::string& other) -> core::Result<std::string> {
    auto text = workspace.read(other);
    made.texts.emplace_back(other, text.value_or(""));
    if (text) return *std::move(text);
    return core::fail(other + ": no such file");
  };
  const auto text = read(path);
  if (!text) {
    made.known.error = text.error().message;
    return made;
  }
  const dsl::Imported imported = dsl::inline_imports(path, *text, read);
  runtime::Compiled compiled{std::nullopt, imported.diagnostics};
  if (imported.diagnostics.empty()) {
    compiled = dsl::Compiler().compile(path, imported.text.text(), params);
    for (runtime::Diagnostic& found : compiled.diagnostics) found = imported.text.original(found);
  }
  if (compiled.plan) {
    made.known.plan = std::make_shared<const runtime::Plan>(*std::move(compiled.plan));
  } else {
    made.known.error = first_error(compiled);
  }
  return made;
}

const Plans::Known& Plans::of(const std::string& path, const std::vector<core::Argument>& params,
                              const Workspace& workspace) {
  Key key{path, {}};
  for (const core::Argument& param : params) key.second.push_back(param.name + "=" + param.value);
  if (const auto known = wanted_.find(key); known != wanted_.end()) return known->second.known;
  const auto before = made_.find(key);
  const bool fresh =
      before != made_.end() &&
      std::all_of(before->second.texts.begin(), before->second.texts.end(), [&](const auto& one) {
        return workspace.read(one.first).value_or("") == one.second;
      });
  Made made = fresh ? std::move(before->second) : make(path, params, workspace);
  return wanted_.emplace(std::move(key), std::move(made)).first->second.known;
}

}  // namespace rollbook::tools::lsp
