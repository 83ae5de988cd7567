#pragma once
// The `rollbook` program's frame: verbs, their options, help, exit codes. A verb is one file in
// tools/verbs that says what it takes and what it does; CLI11 stays in cli.cc.
//
//   Verb check_verb() {
//     auto o = std::make_shared<Options>();
//     return {.name = "check", …,
//             .declare = [o](OptionSet& set) { set.positionals("FILE", o->files, "runbooks"); },
//             .run = [o](Console& console) { return run(*o, console); }};
//   }

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/types.h"

namespace rollbook::tools {

// What scripts may rely on.
enum class Exit : std::uint8_t {
  done = 0,  // or valid
  error = 1,
  usage = 2,
  rolled_back = 3,
  waiting = 4,  // for people, at --timeout
  diverged = 5,
  unreachable = 6,  // broker or store
  interrupted = 130,
};

// Why a verb did not do what it was asked; a core::Error becomes one with exit code 1.
struct Failure {
  Failure(std::string text, Exit code) : message(std::move(text)), exit(code) {}
  Failure(core::Error error) : message(std::move(error.message)) {}  // NOLINT: for TRY
  std::string message;
  Exit exit = Exit::error;
};
template <class T>
using Outcome = tl::expected<T, Failure>;
inline tl::unexpected<Failure> give_up(std::string message, Exit exit = Exit::error) {
  return tl::unexpected<Failure>(Failure(std::move(message), exit));
}

// Data goes to `out`, messages to `err`; both are UTF-8.
class Console {
 public:
  struct Look {
    bool out_is_terminal = false;
    bool err_is_terminal = false;
    bool in_is_terminal = false;
    bool colour = false;  // of `out`
    std::size_t width = 80;
  };
  explicit Console(Look look) : look_(look) {}
  // What this process has: terminals, NO_COLOR, the width.
  static Console of_process();

  const Look& look() const { return look_; }
  void no_colour() { look_.colour = false; }

  void print(std::string_view text) const;  // to stdout
  void line(std::string_view text) const;   // with a newline
  void flush() const;
  void say(std::string_view message) const;                            // to stderr, with a newline
  Exit fail(std::string_view message, Exit exit = Exit::error) const;  // "rollbook: message"
  // Where to go from here: "next: rollbook status r", on stderr.
  void suggest(std::string_view command) const;
  // Asks on the terminal; false where there is none, or on anything but y or yes.
  bool confirm(std::string_view question) const;

 private:
  Look look_;
};

// The options of one verb. Names as they are typed: "--data", "-o,--output".
class OptionSet {
 public:
  virtual ~OptionSet() = default;
  virtual void positional(const std::string& name, std::string& target, const std::string& help,
                          bool required = true) = 0;
  virtual void positionals(const std::string& name, std::vector<std::string>& target,
                           const std::string& help) = 0;
  // `value` is what help shows for its value: "DIR".
  virtual void option(const std::string& names, const std::string& value, std::string& target,
                      const std::string& help) = 0;
  virtual void options(const std::string& names, const std::string& value,
                       std::vector<std::string>& target, const std::string& help) = 0;
  virtual void flag(const std::string& names, bool& target, const std::string& help) = 0;
  // One of `words`; the first is the default.
  virtual void choice(const std::string& names, std::string& target,
                      const std::vector<std::string>& words, const std::string& help) = 0;
};

enum class Group : std::uint8_t { authoring, operating, afterwards };

struct Verb {
  std::string name;
  Group group = Group::operating;
  std::string summary;                // "say what is wrong with a runbook"
  std::vector<std::string> examples;  // whole command lines
  std::function<void(OptionSet&)> declare;
  std::function<Outcome<Exit>(Console&)> run;
};

// Runs the program. Never throws.
int run(std::vector<Verb> verbs, int argc, const char* const* argv, Console console);

// Set when SIGINT or SIGTERM came, from the first call of catch_interrupts() on.
void catch_interrupts();
bool interrupted();

}  // namespace rollbook::tools
