#pragma once
// A broker of a test's own, which it may kill: started by tools/kafka in a temporary directory.

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/paths.h"

namespace rollbook::tests {

class OwnBroker {
 public:
  OwnBroker() {
    std::string name = (std::filesystem::temp_directory_path() / "rollbook-kafka-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    start();
  }
  ~OwnBroker() {
    run("stop");
    std::filesystem::remove_all(directory_);
  }
  OwnBroker(const OwnBroker&) = delete;
  OwnBroker& operator=(const OwnBroker&) = delete;

  const std::string& bootstrap() const { return bootstrap_; }
  // kill -9; what was acknowledged is still there after start().
  void kill() { run("kill"); }
  // Its connections stand, and nobody answers.
  void freeze() { signal("STOP"); }
  void thaw() { signal("CONT"); }
  // Waits until it is ready; keeps its port.
  void start() {
    bootstrap_ = run("start");
    while (!bootstrap_.empty() && bootstrap_.back() == '\n') bootstrap_.pop_back();
  }

 private:
  std::string run(const std::string& verb) const {
    return shell("env -u KAFKA_BOOTSTRAP '" ROLLBOOK_SOURCE_DIR "/tools/kafka' " + verb +
                 " --data '" + directory_ + "'");
  }
  void signal(const std::string& name) const {
    shell("kill -" + name + " $(cat '" + directory_ + "/broker.pid')");
  }
  static std::string shell(const std::string& command) {
    std::FILE* pipe = ::popen(command.c_str(), "r");
    EXPECT_NE(pipe, nullptr);
    std::string output;
    std::array<char, 256> buffer;
    while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) output += buffer.data();
    EXPECT_EQ(::pclose(pipe), 0) << command;
    return output;
  }

  std::string directory_;
  std::string bootstrap_;
};

}  // namespace rollbook::tests
