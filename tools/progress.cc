#include "tools/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace rollbook::tools {

using namespace std::chrono_literals;

Progress::Progress(const Console& console, std::string title, std::string unit)
    : console_(console), title_(std::move(title)), unit_(std::move(unit)), begun_(Clock::now()) {}

void Progress::show(std::uint64_t done, std::uint64_t total) {
  const auto now = Clock::now();
  // Short work shows nothing at all.
  if (!console_.look().err_is_terminal || total == 0 || now - begun_ < 500ms ||
      now - shown_ < 100ms) {
    return;
  }
  shown_ = now;
  drawn_ = true;
  const double seconds = std::chrono::duration<double>(now - begun_).count();
  const double rate = static_cast<double>(done) / seconds;
  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const double left = rate > 0 ? static_cast<double>(total - std::min(done, total)) / rate : 0;
  constexpr std::size_t kWidth = 24;
  const auto full = static_cast<std::size_t>(share * kWidth);
  const std::string text = fmt::format(
      "\r\x1b[K{} [{}{}] {:.0f}%, {:.0f} {}/s, {:.0f}s left", title_, std::string(full, '#'),
      std::string(kWidth - full, '.'), share * 100, rate, unit_, left);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void Progress::done() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

}  // namespace rollbook::tools
