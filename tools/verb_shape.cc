#include "tools/verb_shape.h"

#include <algorithm>

namespace rollbook::tools {
namespace {

std::vector<std::string> split(const std::string& names) {
  std::vector<std::string> all;
  for (std::size_t begin = 0; begin < names.size();) {
    const std::size_t end = std::min(names.find(',', begin), names.size());
    all.push_back(names.substr(begin, end - begin));
    begin = end + 1;
  }
  return all;
}

class Recorder final : public OptionSet {
 public:
  explicit Recorder(VerbShape& shape) : shape_(shape) {}

  void positional(const std::string& name, std::string&, const std::string& help,
                  bool required) override {
    shape_.positionals.push_back({name, required, false, help});
  }
  void positionals(const std::string& name, std::vector<std::string>&,
                   const std::string& help) override {
    shape_.positionals.push_back({name, true, true, help});
  }
  void option(const std::string& names, const std::string& value, std::string&,
              const std::string& help) override {
    shape_.options.push_back({split(names), value, {}, help});
  }
  void options(const std::string& names, const std::string& value, std::vector<std::string>&,
               const std::string& help) override {
    shape_.options.push_back({split(names), value, {}, help});
  }
  void flag(const std::string& names, bool&, const std::string& help) override {
    shape_.options.push_back({split(names), "", {}, help});
  }
  void choice(const std::string& names, std::string&, const std::vector<std::string>& words,
              const std::string& help) override {
    std::string value;
    for (const std::string& word : words) value += (value.empty() ? "" : "|") + word;
    shape_.options.push_back({split(names), value, words, help});
  }

 private:
  VerbShape& shape_;
};

}  // namespace

VerbShape shape_of(const Verb& verb) {
  VerbShape shape{verb.name, verb.group, verb.summary, verb.examples, {}, {}};
  Recorder recorder(shape);
  verb.declare(recorder);
  shape.options.push_back({{"--no-color"}, "", {}, "no colour, as with NO_COLOR"});
  shape.options.push_back({{"-h", "--help"}, "", {}, "examples and options"});
  return shape;
}

std::vector<VerbShape> shapes_of(const std::vector<Verb>& verbs) {
  std::vector<VerbShape> shapes;
  for (const Verb& verb : verbs) shapes.push_back(shape_of(verb));
  return shapes;
}

}  // namespace rollbook::tools
