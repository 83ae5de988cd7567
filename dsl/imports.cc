#include "dsl/imports.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>

#include "dsl/grammar_words.h"
#include "dsl/library.h"

namespace rollbook::dsl {
namespace {

// Files that one runbook is made of; more is a mistake.
constexpr std::size_t kFilesMost = 64;

std::string path_from(const std::string& file, const std::string& path) {
  return (std::filesystem::path(file).parent_path() / path).lexically_normal().string();
}

// ---- Reading all files ----------------------------------------------------------------------

class Loader {
 public:
  Loader(const ReadFile& read, std::vector<runtime::Diagnostic>& found)
      : read_(read), found_(found) {}

  std::vector<std::unique_ptr<Library>> run(const std::string& file, const std::string& text) {
    add(file, text);
    load_imports(0);
    return std::move(libraries_);
  }

 private:
  // Its number.
  std::size_t add(const std::string& file, const std::string& text) {
    Sink sink(file);
    libraries_.push_back(
        std::make_unique<Library>(read_library(file, text, libraries_.empty(), sink)));
    for (runtime::Diagnostic& each : sink.diagnostics()) found_.push_back(std::move(each));
    return libraries_.size() - 1;
  }

  void load_imports(std::size_t number) {
    Library& library = *libraries_[number];
    chain_.push_back(library.file);
    for (const ImportStatement& import : library.imports) {
      if (const auto imported = load(library, import)) library.aliases[import.alias] = *imported;
    }
    chain_.pop_back();
  }

  std::optional<std::size_t> load(const Library& from, const ImportStatement& import) {
    const std::string path = path_from(from.file, import.path);
    const core::Span span = from.tokens[import.first + 1].span;
    if (std::find(chain_.begin(), chain_.end(), path) != chain_.end()) {
      std::string chain;
      for (auto at = std::find(chain_.begin(), chain_.end(), path); at != chain_.end(); ++at)
        chain += "`" + *at + "` imports ";
      refuse(from, Code::import_cycle, span,
             "this import goes in a circle: " + chain + "`" + path + "`",
             "leave one of them out, or put what both need into a file of its own");
      return std::nullopt;
    }
    for (std::size_t i = 0; i < libraries_.size(); ++i)
      if (libraries_[i]->file == path) return i;
    if (libraries_.size() > kFilesMost) {
      refuse(from, Code::unknown_import, span,
             "a runbook is made of " + std::to_string(kFilesMost) + " files at most",
             "put what belongs together into one file");
      return std::nullopt;
    }
    const auto text = read_(path);
    if (!text) {
      refuse(from, Code::unknown_import, span, text.error().message,
             "a path is taken from the folder of the file that names it");
      return std::nullopt;
    }
    const std::size_t number = add(path, *text);
    load_imports(number);
    return number;
  }

  void refuse(const Library& from, Code code, core::Span span, std::string message,
              std::string help) {
    Sink sink(from.file);
    sink.error(code, span, std::move(message), std::move(help));
    found_.push_back(sink.diagnostics().front());
  }

  const ReadFile& read_;
  std::vector<runtime::Diagnostic>& found_;
  std::vector<std::unique_ptr<Library>> libraries_;
  std::vector<std::string> chain_;  // files that are being read, the runbook first
};

// ---- Putting them together ------------------------------------------------------------------

using Libraries = std::vector<std::unique_ptr<Library>>;

class Joiner {
 public:
  Joiner(const Libraries& libraries, Imported& imported)
      : libraries_(libraries), imported_(imported), wanted_(libraries.size()) {}

  void run() {
    const Library& root = *libraries_[0];
    want_from(0, 0, root.tokens.size());
    while (!open_.empty()) {
      const auto [number, row] = open_.back();
      open_.pop_back();
      const Declaration& declaration = libraries_[number]->declarations[row];
      want_from(number, declaration.first, declaration.last);
      want_own(number, declaration);
    }
    give_names();
    if (!imported_.diagnostics.empty()) return;
    write_root();
  }

 private:
  struct Renamed {
    std::string name;
    bool left_out = false;  // the same stands in another file
  };

  void refuse(std::size_t number, Code code, core::Span span, const std::string& message,
              const std::string& help) {
    if (!said_.insert({number, span.line, span.column}).second) return;
    Sink sink(libraries_[number]->file);
    sink.error(code, span, message, help);
    imported_.diagnostics.push_back(sink.diagnostics().front());
  }

  // ---- What is needed.

  bool in_import(const Library& library, std::size_t i) const {
    return std::any_of(
        library.imports.begin(), library.imports.end(),
        [&](const ImportStatement& import) { return i >= import.first && i < import.last; });
  }

  // Whatever the tokens [first, last) name by an alias.
  void want_from(std::size_t number, std::size_t first, std::size_t last) {
    const Library& library = *libraries_[number];
    for (std::size_t i = first; i < last; ++i) {
      const std::string* alias = library.alias_at(i);
      if (alias == nullptr || in_import(library, i)) continue;
      const std::size_t target = library.aliases.at(*alias);
      const Token& name = library.tokens[i + 2];
      if (!want(target, name.value, *alias)) report_unknown(number, target, name);
      i += 2;
    }
  }

  // Whatever a declaration names of its own file.
  void want_own(std::size_t number, const Declaration& declaration) {
    const Library& library = *libraries_[number];
    for (std::size_t i = declaration.first; i < declaration.last; ++i) {
      if (library.alias_at(i) != nullptr) {
        i += 2;
      } else if (library.may_refer(declaration, i)) {
        want(number, library.tokens[i].value, aliases_[number]);
      }
    }
  }

  bool want(std::size_t number, const std::string& name, const std::string& alias) {
    const Library& library = *libraries_[number];
    const auto [begin, end] = library.by_name.equal_range(name);
    if (begin == end) return false;
    aliases_.try_emplace(number, alias);
    if (number == 0) return true;
    for (auto row = begin; row != end; ++row)
      if (wanted_[number].insert(row->second).second) open_.emplace_back(number, row->second);
    return true;
  }

  void report_unknown(std::size_t number, std::size_t target, const Token& name) {
    const Library& library = *libraries_[target];
    std::vector<std::string> names;
    for (const auto& [known, row] : library.by_name) names.push_back(known);
    std::string help = did_you_mean(name.value, names);
    if (help.empty()) help = "it declares " + (names.empty() ? "nothing" : listed(names));
    refuse(number, Code::unknown_import, name.span,
           "`" + library.file + "` declares no `" + name.value + "`", help);
  }

  static std::string listed(const std::vector<std::string>& names) {
    constexpr std::size_t kListed = 8;
    std::string list;
    for (std::size_t i = 0; i < names.size() && i < kListed; ++i)
      list += (i > 0 ? ", `" : "`") + names[i] + "`";
    return list + (names.size() > kListed ? " and more" : "");
  }

  // ---- What it is called.

  void give_names() {
    for (const Declaration& own : libraries_[0]->declarations)
      taken_.try_emplace({own.space, own.name}, 0, &own);
    for (std::size_t number = 1; number < libraries_.size(); ++number)
      for (const std::size_t row : wanted_[number]) give_name(number, row);
  }

  void give_name(std::size_t number, std::size_t row) {
    const Library& library = *libraries_[number];
    const Declaration& declaration = library.declarations[row];
    std::string name = declaration.name;
    const auto other = taken_.find({declaration.space, name});
    if (other != taken_.end()) {
      const auto& [file, theirs] = other->second;
      if (declaration.outward() || theirs->outward()) {
        if (alike(number, declaration, file, *theirs)) {
          names_[{number, row}] = {name, true};
          return;
        }
        refuse(number, Code::duplicate_name, library.tokens[declaration.name_token].span,
               declaration.keyword + " `" + name + "` is there already, and not the same, in `" +
                   libraries_[file]->file + "`, line " +
                   std::to_string(libraries_[file]->tokens[theirs->name_token].span.line),
               "give one of them another name: programs outside know both by it");
        return;
      }
      if (!home_of(name).empty()) {
        refuse(number, Code::reserved_name, library.tokens[declaration.name_token].span,
               "`" + name + "` is there twice, and a word of the language cannot be renamed here",
               "give one of them another name");
        return;
      }
      name = aliases_[number] + "_" + name;
      while (taken_.contains({declaration.space, name})) name += "_";
    }
    taken_.try_emplace({declaration.space, name}, number, &declaration);
    names_[{number, row}] = {name, false};
  }

  bool alike(std::size_t number, const Declaration& one, std::size_t file,
             const Declaration& other) const {
    if (one.keyword != other.keyword) return false;
    if (one.keyword == "role") return true;
    return libraries_[number]->written(one.first, one.last) ==
           libraries_[file]->written(other.first, other.last);
  }

  // What a name of a library is called in the result. Declarations of one name in several spaces
  // may be called differently; the first one that was renamed speaks for all of them.
  std::string final_name(std::size_t number, const std::string& name) const {
    const auto [begin, end] = libraries_[number]->by_name.equal_range(name);
    std::string called = name;
    for (auto row = begin; row != end; ++row) {
      const auto given = names_.find({number, row->second});
      if (given != names_.end() && given->second.name != name) called = given->second.name;
    }
    return called;
  }

  // ---- The text.

  void write_root() {
    const Library& root = *libraries_[0];
    std::size_t at = 0;
    std::size_t next_import = 0;
    const std::size_t end = root.tokens.size();
    for (std::size_t i = 0; i < end; ++i) {
      if (next_import < root.imports.size() && i == root.imports[next_import].first) {
        const ImportStatement& import = root.imports[next_import++];
        imported_.text.copy(0, at, root.tokens[i].begin);
        imported_.text.put("# ", 0, root.tokens[i].begin);
        at = root.tokens[i].begin;
        i = import.last - 1;
        imported_.text.copy(0, at, root.tokens[i].end);
        at = root.tokens[i].end;
      } else if (i == root.closing && i > 0) {
        imported_.text.copy(0, at, root.tokens[i].trivia);
        at = root.tokens[i].trivia;
        write_libraries();
      } else if (const std::string* alias = root.alias_at(i)) {
        at = write_name(0, i, at, final_name(root.aliases.at(*alias), root.tokens[i + 2].value));
        i += 2;
      }
    }
    imported_.text.copy(0, at, root.text.size());
  }

  // `lib.name` at `i` becomes `name`; the text before it from `at` on is copied.
  std::size_t write_name(std::size_t number, std::size_t i, std::size_t at,
                         const std::string& name) {
    const Library& library = *libraries_[number];
    imported_.text.copy(number, at, library.tokens[i].begin);
    imported_.text.put(name, number, library.tokens[i].begin);
    return library.tokens[i + 2].end;
  }

  void write_libraries() {
    const std::size_t place = libraries_[0]->tokens[libraries_[0]->closing].begin;
    for (std::size_t number = 1; number < libraries_.size(); ++number) {
      bool headed = false;
      for (const std::size_t row : wanted_[number]) {
        const Renamed& renamed = names_.at({number, row});
        if (renamed.left_out) continue;
        if (!headed) {
          // A text of one line ends without a newline before its brace.
          if (!imported_.text.text().ends_with('\n')) imported_.text.put("\n", 0, place);
          imported_.text.put("\n  # from \"" + printable(libraries_[number]->file) + "\"\n", 0,
                             place);
        }
        headed = true;
        write_declaration(number, libraries_[number]->declarations[row], renamed.name);
      }
    }
  }

  static std::string printable(const std::string& path) {
    std::string text = path;
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 32; }, '?');
    return text;
  }

  void write_declaration(std::size_t number, const Declaration& declaration,
                         const std::string& name) {
    const Library& library = *libraries_[number];
    const auto& tokens = library.tokens;
    if (declaration.keyword == "role") {  // one of its list
      imported_.text.put("  role " + name + "\n", number, tokens[declaration.name_token].begin);
      return;
    }
    imported_.text.put("  ", number, tokens[declaration.first].begin);
    std::size_t at = tokens[declaration.first].begin;
    for (std::size_t i = declaration.first; i < declaration.last; ++i) {
      if (const std::string* alias = library.alias_at(i)) {
        const std::size_t target = library.aliases.at(*alias);
        at = write_name(number, i, at, final_name(target, tokens[i + 2].value));
        i += 2;
      } else if (i == declaration.name_token || library.may_refer(declaration, i)) {
        const std::string called =
            i == declaration.name_token ? name : final_name(number, tokens[i].value);
        if (called == tokens[i].value) continue;
        imported_.text.copy(number, at, tokens[i].begin);
        imported_.text.put(called, number, tokens[i].begin);
        at = tokens[i].end;
      }
    }
    std::size_t last = declaration.last;
    while (last > declaration.first && tokens[last - 1].is(Token::Kind::newline)) --last;
    imported_.text.copy(number, at, tokens[last - 1].end);
    imported_.text.put("\n", number, tokens[last - 1].end);
  }

  const Libraries& libraries_;
  Imported& imported_;
  std::vector<std::set<std::size_t>> wanted_;  // by file: rows of its declarations
  std::vector<std::pair<std::size_t, std::size_t>> open_;
  std::map<std::size_t, std::string> aliases_;  // by file: the first that was used
  std::map<std::pair<NameSpace, std::string>, std::pair<std::size_t, const Declaration*>> taken_;
  std::map<std::pair<std::size_t, std::size_t>, Renamed> names_;
  std::set<std::tuple<std::size_t, std::uint32_t, std::uint32_t>> said_;
};

// `eu.error_rate` would be a name of the library, and what is measured of the target. A target is
// declared in the runbook alone.
void refuse_targets_names(const Library& root, std::vector<runtime::Diagnostic>& found) {
  Sink sink(root.file);
  for (const ImportStatement& import : root.imports) {
    for (std::size_t i = 0; i + 2 < root.tokens.size(); ++i) {
      const Token& name = root.tokens[i + 1];
      const bool target = root.tokens[i].is_word("target") && root.tokens[i + 2].is_word("where");
      if (!target || !name.is_word(import.alias)) continue;
      sink.error(Code::import_named_as_target, root.tokens[import.first + 3].span,
                 "a target is called `" + import.alias + "` too, in line " +
                     std::to_string(name.span.line) + ": `" + import.alias +
                     ".NAME` could be of either",
                 "give the import another name");
      break;
    }
  }
  for (runtime::Diagnostic& each : sink.diagnostics()) found.push_back(std::move(each));
}

// Whatever a library lends further is its own affair: only its text says what it uses.
void warn_of_unused(const Library& library, std::vector<runtime::Diagnostic>& warnings) {
  Sink sink(library.file);
  for (const ImportStatement& import : library.imports) {
    if (!library.aliases.contains(import.alias)) continue;  // it could not be read: that is said
    bool used = false;
    for (std::size_t i = 0; i < library.tokens.size() && !used; ++i) {
      const std::string* alias = library.alias_at(i);
      used = alias != nullptr && *alias == import.alias && (i < import.first || i >= import.last);
    }
    if (used) continue;
    const Token& alias = library.tokens[import.first + 3];
    sink.warning(Code::unused_import, alias.span,
                 "nothing of import `" + import.alias + "` is used",
                 "leave the line out, or write `" + import.alias + ".NAME`");
  }
  for (runtime::Diagnostic& each : sink.diagnostics()) warnings.push_back(std::move(each));
}

}  // namespace

Imported inline_imports(const std::string& file, const std::string& text, const ReadFile& read) {
  Imported imported;
  const std::string name =
      file == "-" ? file : std::filesystem::path(file).lexically_normal().string();
  const Libraries libraries = Loader(read, imported.diagnostics).run(name, text);
  for (runtime::Diagnostic& found : imported.diagnostics)
    if (found.file == name) found.file = file;
  libraries[0]->file = file;
  for (const auto& library : libraries) imported.text.add_file({library->file, library->text});
  refuse_targets_names(*libraries[0], imported.diagnostics);
  if (imported.diagnostics.empty()) Joiner(libraries, imported).run();
  for (const auto& library : libraries) warn_of_unused(*library, imported.warnings);
  return imported;
}

}  // namespace rollbook::dsl
