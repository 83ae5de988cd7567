#include "tools/shell_completion.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

Outcome<Exit> run(const std::vector<VerbShape>& verbs, const std::string& shell,
                  const Console& console) {
  if (shell == "bash") {
    console.print(bash_completion(verbs));
  } else if (shell == "zsh") {
    console.print(zsh_completion(verbs));
  } else if (shell == "fish") {
    console.print(fish_completion(verbs));
  } else {
    return give_up("there are completions for bash, zsh and fish, not for `" + shell + "`",
                   Exit::usage);
  }
  return Exit::done;
}

}  // namespace

Verb completion_verb(AllShapes shapes) {
  auto shell = std::make_shared<std::string>();
  return {"completion",
          Group::operating,
          "completions for a shell",
          {"source <(rollbook completion bash)", "rollbook completion fish | source"},
          [shell](OptionSet& set) { set.positional("SHELL", *shell, "bash, zsh or fish"); },
          [shell, shapes = std::move(shapes)](Console& console) {
            return run(shapes(), *shell, console);
          }};
}

}  // namespace rollbook::tools
