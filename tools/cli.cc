#include "tools/cli.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>

#include "adapters/wire/text.h"
#include "tools/help.h"

namespace rollbook::tools {
namespace {

// Verbs of later versions: known by name, so that nobody takes them for a slip of the hand.
constexpr std::array kLater = std::to_array<std::string_view>(
    {"watch", "logs", "why", "whatif", "report", "bundle", "export", "backup", "restore"});

// CLI11 reads, help.h tells.
class CliOptions final : public OptionSet {
 public:
  CliOptions(CLI::App& app, VerbHelp& help) : app_(app), help_(help) {}

  void positional(const std::string& name, std::string& target, const std::string& text,
                  bool required) override {
    app_.add_option(name, target)->required(required);
    help_.positionals.push_back({required ? name : "[" + name + "]", text});
  }
  void positionals(const std::string& name, std::vector<std::string>& target,
                   const std::string& text) override {
    app_.add_option(name, target)->required();
    help_.positionals.push_back({name + "…", text});
  }
  void option(const std::string& names, const std::string& value, std::string& target,
              const std::string& text) override {
    app_.add_option(names, target);
    note(names, " " + value, text);
  }
  void options(const std::string& names, const std::string& value, std::vector<std::string>& target,
               const std::string& text) override {
    app_.add_option(names, target)->allow_extra_args(false);
    note(names, " " + value + "…", text);
  }
  void flag(const std::string& names, bool& target, const std::string& text) override {
    app_.add_flag(names, target);
    note(names, "", text);
  }
  void choice(const std::string& names, std::string& target, const std::vector<std::string>& words,
              const std::string& text) override {
    target = words.front();
    std::string shown = fmt::format("{}", fmt::join(words, "|"));
    app_.add_option(names, target)->check(CLI::IsMember(words));
    note(names, " " + shown, text);
  }

 private:
  void note(const std::string& names, const std::string& value, const std::string& text) {
    std::string shown = names;
    if (const std::size_t comma = shown.find(','); comma != std::string::npos) {
      shown.replace(comma, 1, ", ");
    }
    help_.options.push_back({shown + value, text});
    for (std::size_t begin = 0; begin < names.size();) {
      const std::size_t end = std::min(names.find(',', begin), names.size());
      help_.names.push_back(names.substr(begin, end - begin));
      begin = end + 1;
    }
  }

  CLI::App& app_;
  VerbHelp& help_;
};

Exit unknown_verb(const std::vector<Verb>& verbs, const std::string& word, const Console& console) {
  if (std::find(kLater.begin(), kLater.end(), word) != kLater.end()) {
    return console.fail(fmt::format("`rollbook {}` is not supported yet", word), Exit::usage);
  }
  std::vector<std::string_view> names;
  for (const Verb& verb : verbs) names.push_back(verb.name);
  return console.fail(
      fmt::format("unknown verb `{}`{}{}", adapters::printable(word),
                  adapters::did_you_mean(word, names),
                  adapters::nearest(word, names).empty() ? "; `rollbook --help` lists them" : ""),
      Exit::usage);
}

// What CLI11 did not take: an option it does not know, or one word too many.
Exit unexpected(const VerbHelp& help, const Verb& verb, const std::string& word,
                const Console& console) {
  const std::string name = word.substr(0, word.find('='));
  if (!word.starts_with('-')) {
    return console.fail(fmt::format("`{}` is one word too many; `rollbook {} --help` shows what it "
                                    "takes",
                                    adapters::printable(word), verb.name),
                        Exit::usage);
  }
  const std::vector<std::string_view> names(help.names.begin(), help.names.end());
  const std::string meant = adapters::did_you_mean(name, names);
  return console.fail(
      fmt::format(
          "unknown option `{}`{}", adapters::printable(name),
          meant.empty() ? fmt::format("; `rollbook {} --help` lists them", verb.name) : meant),
      Exit::usage);
}

// CLI11's sentences in our form: lower case, no full stop.
std::string reason_of(const CLI::ParseError& error) {
  std::string text = error.what();
  while (text.ends_with('\n') || text.ends_with('.')) text.pop_back();
  if (text.ends_with(" is required")) text = text.substr(0, text.size() - 12) + " is missing";
  return adapters::printable(text);
}

Exit run_verb(const Verb& verb, const std::vector<std::string>& words, Console& console) {
  CLI::App app;
  VerbHelp help{verb, {}, {}, {}};
  CliOptions options(app, help);
  bool no_colour = false;
  app.set_help_flag();
  app.allow_extras();
  verb.declare(options);
  options.flag("--no-color", no_colour, "no colour, as with NO_COLOR");
  if (std::find(words.begin(), words.end(), "--help") != words.end() ||
      std::find(words.begin(), words.end(), "-h") != words.end()) {
    console.print(verb_help(help));
    return Exit::done;
  }
  try {
    std::vector<std::string> reversed(words.rbegin(), words.rend());  // as CLI11 wants it
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    // A wrong option often eats the positional after it: that one is named first.
    for (const std::string& word : app.remaining()) {
      if (word.starts_with('-')) return unexpected(help, verb, word, console);
    }
    return console.fail(
        fmt::format("{}; `rollbook {} --help` shows examples", reason_of(error), verb.name),
        Exit::usage);
  }
  if (!app.remaining().empty()) return unexpected(help, verb, app.remaining().front(), console);
  if (no_colour) console.no_colour();
  const Outcome<Exit> outcome = verb.run(console);
  return outcome ? *outcome : console.fail(outcome.error().message, outcome.error().exit);
}

}  // namespace

int run(std::vector<Verb> verbs, int argc, const char* const* argv, Console console) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const auto find = [&](const std::string& name) {
    return std::find_if(verbs.begin(), verbs.end(),
                        [&](const Verb& verb) { return verb.name == name; });
  };
  try {
    if (words.empty() || words[0] == "--help" || words[0] == "-h" ||
        (words[0] == "help" && words.size() == 1)) {
      console.print(program_help(verbs));
      return static_cast<int>(words.empty() ? Exit::usage : Exit::done);
    }
    if (words[0] == "--version") {
      console.line("rollbook " ROLLBOOK_VERSION);
      return static_cast<int>(Exit::done);
    }
    if (words[0] == "help") words = {words[1], "--help"};
    const auto verb = find(words[0]);
    if (verb == verbs.end()) return static_cast<int>(unknown_verb(verbs, words[0], console));
    const Exit exit = run_verb(*verb, {words.begin() + 1, words.end()}, console);
    console.flush();
    return static_cast<int>(exit);
  } catch (const std::exception& error) {  // the border of libraries: bad_alloc, filesystem
    return static_cast<int>(console.fail(error.what()));
  }
}

}  // namespace rollbook::tools
