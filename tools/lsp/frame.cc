#include "tools/lsp/frame.h"

#include <algorithm>
#include <charconv>

namespace rollbook::tools::lsp {
namespace {

constexpr std::string_view kLength = "content-length";
constexpr std::string_view kEnd = "\r\n\r\n";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Where `wanted` (in lower case) begins in `text`, whatever its case there.
std::size_t find_word(std::string_view text, std::string_view wanted, std::size_t from) {
  if (from > text.size()) return std::string_view::npos;
  const auto found =
      std::search(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(), wanted.begin(),
                  wanted.end(), [](char a, char b) { return lower(a) == b; });
  return found == text.end() ? std::string_view::npos
                             : static_cast<std::size_t>(found - text.begin());
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

// `end`: where the header's last line ends. Other fields than the length are of no interest.
core::Result<std::size_t> FrameReader::read_header(std::size_t end) const {
  std::optional<std::size_t> length;
  std::string_view rest = std::string_view(buffer_).substr(0, end);
  while (!rest.empty()) {
    const std::size_t line_end = std::min(rest.find("\r\n"), rest.size());
    const std::string_view line = rest.substr(0, line_end);
    rest.remove_prefix(std::min(line_end + 2, rest.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return core::fail("a header line without a `:`");
    if (find_word(line.substr(0, colon), kLength, 0) != 0 || colon != kLength.size()) continue;
    const std::string_view value = trim(line.substr(colon + 1));
    std::size_t bytes = 0;
    const auto [last, error] = std::from_chars(value.data(), value.data() + value.size(), bytes);
    if (error != std::errc{} || last != value.data() + value.size() || value.empty())
      return core::fail("`Content-Length` is no number of bytes");
    length = bytes;
  }
  if (!length) return core::fail("a header without `Content-Length`");
  return *length;
}

// Drops what is before the next header that can be one, and keeps the begin of one at the end.
void FrameReader::skip_to_header() {
  const std::size_t found = find_word(buffer_, kLength, 0);
  lost_ = found == std::string_view::npos;
  const std::size_t kept = std::min(buffer_.size(), kLength.size() - 1);
  buffer_.erase(0, lost_ ? buffer_.size() - kept : found);
}

bool FrameReader::skip_dropped() {
  const std::size_t there = std::min(dropped_, buffer_.size());
  buffer_.erase(0, there);
  dropped_ -= there;
  return dropped_ == 0;
}

std::optional<core::Result<std::string>> FrameReader::next() {
  if (!skip_dropped()) return std::nullopt;
  if (lost_) skip_to_header();
  if (lost_) return std::nullopt;
  if (!body_) {
    const std::size_t end = buffer_.find(kEnd);
    const bool long_header =
        end == std::string::npos ? buffer_.size() > kHeaderBytes : end > kHeaderBytes;
    if (!long_header && end == std::string::npos) return std::nullopt;
    const auto length =
        long_header ? core::Result<std::size_t>(core::fail("a header longer than " +
                                                           std::to_string(kHeaderBytes) + " bytes"))
                    : read_header(end);
    if (!length) {
      // The bad header itself must not be found again.
      buffer_.erase(0, long_header ? kLength.size() : end + kEnd.size());
      lost_ = true;
      return tl::unexpected<core::Error>(length.error());
    }
    buffer_.erase(0, end + kEnd.size());
    if (*length > kBodyBytes) {
      dropped_ = *length;
      return core::fail("a message of " + std::to_string(*length) + " bytes, more than " +
                        std::to_string(kBodyBytes));
    }
    body_ = *length;
  }
  if (buffer_.size() < *body_) return std::nullopt;
  std::string body = buffer_.substr(0, *body_);
  buffer_.erase(0, *body_);
  body_.reset();
  return body;
}

std::string frame(std::string_view body) {
  return "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace rollbook::tools::lsp
