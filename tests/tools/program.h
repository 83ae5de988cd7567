#pragma once
// Program: runs build/…/rollbook as a person or a script does, and takes down what it says.

#include <string>
#include <vector>

namespace rollbook::tests {

struct Ran {
  int exit = -1;
  std::string out;
  std::string err;
};

// `input` is its stdin, which is no terminal. NAME=VALUE words before the verb are put into its
// environment, which is otherwise empty but for PATH.
Ran rollbook(const std::vector<std::string>& words, const std::string& input = "");

// A new directory that goes away with the object.
class Directory {
 public:
  Directory();
  ~Directory();
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  // Writes a file and returns its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

}  // namespace rollbook::tests
