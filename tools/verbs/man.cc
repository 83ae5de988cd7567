#include "tools/manual.h"
#include "tools/verbs.h"

namespace rollbook::tools {

Verb man_verb(AllShapes shapes) {
  return {"man",
          Group::operating,
          "the manual page, as roff",
          {"rollbook man | man -l -", "rollbook man > /usr/local/share/man/man1/rollbook.1"},
          [](OptionSet&) {},
          [shapes = std::move(shapes)](Console& console) -> Outcome<Exit> {
            console.print(manual(shapes(), ROLLBOOK_VERSION));
            return Exit::done;
          }};
}

}  // namespace rollbook::tools
