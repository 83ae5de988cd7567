#include "tools/power/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>
#include <string_view>
#include <vector>

#include "adapters/wire/columns.h"
#include "adapters/wire/text.h"
#include "tools/power/words.h"

namespace rollbook::power {

namespace {

constexpr std::array kMultiples = {0.2, 0.5, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0};

// One small plot for each criterion, in pixels: where its axes lie within its panel.
constexpr std::size_t kColumns = 2;
constexpr double kPanelWidth = 420, kPanelHeight = 236;
constexpr double kLeft = 52, kTop = 56, kWidth = 340, kHeight = 140;
constexpr double kHead = 72;        // above all panels
constexpr std::size_t kTitle = 56;  // characters of a criterion that fit
constexpr double kFootLine = 18;
constexpr std::size_t kFootWidth = 118;  // characters

// Of Okabe & Ito's colours, told apart by nearly everybody; dashes tell loads apart too.
constexpr std::array<std::string_view, 2> kColours = {"#0072b2", "#d55e00"};

struct Place {
  double x = 0, y = 0;
};
Place place_of(std::size_t panel) {
  return {static_cast<double>(panel % kColumns) * kPanelWidth,
          kHead + static_cast<double>(panel / kColumns) * kPanelHeight};
}
double x_of(const Place& panel, double multiple) {
  const double share =
      std::log(multiple / kMultiples.front()) / std::log(kMultiples.back() / kMultiples.front());
  return panel.x + kLeft + share * kWidth;
}
double y_of(const Place& panel, double chance) { return panel.y + kTop + (1 - chance) * kHeight; }

// The first characters of a text, with a sign that there are more.
std::string shortened(const std::string& text, std::size_t most) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) >> 6) == 2) continue;
    if (characters++ == most) return text.substr(0, i) + "…";
  }
  return text;
}

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '&':
        safe += "&amp;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string text_at(double x, double y, std::string_view anchor, std::string_view text,
                    std::string_view extra = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y,
                     anchor, extra, escaped(text));
}

std::string line_style(std::size_t load) {
  return fmt::format("stroke=\"{}\" stroke-width=\"2\"{}", kColours[load % kColours.size()],
                     load % 2 == 1 ? " stroke-dasharray=\"6 4\"" : "");
}

std::string frame(const Place& panel, const CriterionReport& criterion) {
  std::string svg =
      text_at(panel.x + kLeft, panel.y + 18, "start", criterion.id, " font-weight=\"bold\"");
  svg += text_at(panel.x + kLeft, panel.y + 34, "start", shortened(criterion.text, kTitle));
  const double right = panel.x + kLeft + kWidth, bottom = panel.y + kTop + kHeight;
  for (const double chance : {0.0, 0.5, 1.0}) {
    const double y = y_of(panel, chance);
    svg += fmt::format("<path d=\"M{:.1f} {:.1f}H{:.1f}\" stroke=\"#ddd\"/>\n", panel.x + kLeft, y,
                       right);
    svg += text_at(panel.x + kLeft - 6, y + 4, "end", fmt::format("{:.0f}%", chance * 100));
  }
  for (const double multiple : {0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0}) {
    const double x = x_of(panel, multiple);
    svg += fmt::format("<path d=\"M{:.1f} {:.1f}V{:.1f}\" stroke=\"{}\"/>\n", x, panel.y + kTop,
                       bottom, multiple == 1 ? "#888" : "#eee");
    svg += text_at(x, bottom + 16, "middle", multiple_text(criterion, multiple));
  }
  const std::string when =
      criterion.at_review
          ? "at the review of " + criterion.stage
          : fmt::format("within {} of {}", adapters::format_duration_short(criterion.horizon),
                        criterion.stage);
  return svg +
         text_at(right, bottom + 32, "end", fmt::format("of {}, {}", limit_text(criterion), when));
}

// Those that have no curve; the table says why.
std::vector<std::string> foot_of(const std::vector<std::string>& left_out, bool any) {
  if (left_out.empty()) return {};
  std::string text = fmt::format("{}, the table says why: {}",
                                 any ? "not drawn" : "nothing to draw", left_out.front());
  for (std::size_t i = 1; i < left_out.size(); ++i) text += ", " + left_out[i];
  std::istringstream wrapped(adapters::wrapped(text, 0, kFootWidth));
  std::vector<std::string> lines;
  for (std::string line; std::getline(wrapped, line);) lines.push_back(line);
  return lines;
}

double bottom_of(std::size_t panels) {
  const std::size_t rows = (panels + kColumns - 1) / kColumns;
  return kHead + static_cast<double>(rows) * kPanelHeight + 12;
}

// What all panels have in common.
std::string head_of(const Study& study, std::size_t panels, const std::vector<std::string>& foot) {
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
      "height=\"{1:.0f}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
      kColumns * kPanelWidth + 20,
      bottom_of(panels) + static_cast<double>(foot.size()) * kFootLine);
  for (std::size_t i = 0; i < foot.size(); ++i) {
    svg += text_at(kLeft, bottom_of(panels) + static_cast<double>(i) * kFootLine, "start", foot[i]);
  }
  svg += text_at(kLeft, 28, "start",
                 fmt::format("{}: chance to notice a canary, by multiples of what its limit allows",
                             study.runbook()),
                 " font-size=\"15\" font-weight=\"bold\"");
  for (std::size_t load = 0; load < study.loads().size(); ++load) {
    const double x = kLeft + static_cast<double>(load) * 190;
    svg += fmt::format("<path d=\"M{:.1f} 50h34\" {}/>\n", x, line_style(load));
    svg += text_at(x + 42, 54, "start",
                   fmt::format("{} {}/s", study.loads()[load].name,
                               about_count(study.loads()[load].per_second)));
  }
  return svg + text_at(kPanelWidth + kLeft + kWidth, 54, "end",
                       fmt::format("points every {}; sick from the shift on or later: the lower",
                                   adapters::format_duration(study.settings().every)));
}

}  // namespace

std::string as_svg(const Study& study, const Progress& progress) {
  std::vector<CriterionReport> shown;
  std::vector<std::string> left_out;
  for (CriterionReport& each : study.criteria()) {
    const bool ends = each.at_review || each.horizon.count() > 0;
    if (each.uncovered.empty() && !each.silence && ends) {
      shown.push_back(std::move(each));
    } else {
      left_out.push_back(each.id);
    }
  }
  const std::uint64_t total = shown.size() * study.loads().size() * kMultiples.size();
  std::uint64_t done = 0;
  std::string svg = head_of(study, shown.size(), foot_of(left_out, !shown.empty()));
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const Place panel = place_of(i);
    svg += frame(panel, shown[i]);
    for (std::size_t load = 0; load < study.loads().size(); ++load) {
      std::string path;
      for (const double multiple : kMultiples) {
        if (progress) progress(++done, total);
        if (!shown[i].at(multiple)) continue;
        const double chance = study.chance_to_notice(shown[i], study.loads()[load], multiple);
        path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x_of(panel, multiple),
                            y_of(panel, chance));
      }
      svg += fmt::format("<path d=\"{}\" fill=\"none\" {}/>\n", path, line_style(load));
    }
  }
  return svg + "</svg>\n";
}

}  // namespace rollbook::power
