#pragma once
// Table: one row a measurement, each beside its bare limit of the same run.

#include <cstdio>
#include <string>
#include <vector>

namespace rollbook::bench {

struct Row {
  std::string what;
  std::string ours;
  std::string bare;  // what the limit was measured with, or "" where the aim is a number
  std::string ratio;
  std::string aim;
  bool met = true;
};

inline void print(const std::vector<Row>& rows) {
  std::printf("| what | Rollbook | bare limit | ratio | aim | |\n|---|---|---|---|---|---|\n");
  for (const Row& row : rows) {
    std::printf("| %s | %s | %s | %s | %s | %s |\n", row.what.c_str(), row.ours.c_str(),
                row.bare.c_str(), row.ratio.c_str(), row.aim.c_str(), row.met ? "met" : "short");
  }
}

// Three significant digits are what these measurements carry.
inline std::string number(double value, const char* unit) {
  char text[64];
  if (value >= 1e6) {
    std::snprintf(text, sizeof text, "%.2f M%s", value / 1e6, unit);
  } else if (value >= 1e4) {
    std::snprintf(text, sizeof text, "%.0f k%s", value / 1e3, unit);
  } else {
    std::snprintf(text, sizeof text, "%.3g %s", value, unit);
  }
  return text;
}

}  // namespace rollbook::bench
