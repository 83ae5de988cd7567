#include "tools/power/plot.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string_view>
#include <vector>

#include "adapters/wire/text.h"
#include "tools/power/print.h"

namespace rollbook::power {

namespace {

constexpr std::array kMultiples = {0.2, 0.5, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0};

// The plot's frame, in pixels.
constexpr double kLeft = 62, kTop = 64, kWidth = 640, kHeight = 300;
constexpr double kRow = 20;  // of the legend

// Okabe & Ito's colours, told apart by nearly everybody; dashes and numbers tell them apart too.
constexpr std::array<std::string_view, 7> kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                      "#e69f00", "#56b4e9", "#000000"};

double x_of(double multiple) {
  const double share =
      std::log(multiple / kMultiples.front()) / std::log(kMultiples.back() / kMultiples.front());
  return kLeft + share * kWidth;
}
double y_of(double chance) { return kTop + (1 - chance) * kHeight; }

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

std::string frame() {
  std::string svg;
  for (int tenth = 0; tenth <= 10; tenth += 2) {
    const double y = y_of(tenth / 10.0);
    svg += fmt::format("<path d=\"M{:.1f} {:.1f}H{:.1f}\" stroke=\"#ddd\"/>\n", kLeft, y,
                       kLeft + kWidth);
    svg += text_at(kLeft - 8, y + 4, "end", fmt::format("{}%", tenth * 10));
  }
  for (const double multiple : {0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0}) {
    const double x = x_of(multiple);
    const bool limit = multiple == 1;
    svg += fmt::format("<path d=\"M{:.1f} {:.1f}V{:.1f}\" stroke=\"{}\"/>\n", x, kTop,
                       kTop + kHeight, limit ? "#888" : "#eee");
    svg += text_at(x, kTop + kHeight + 18, "middle", fmt::format("{:g} ×", multiple));
  }
  svg += text_at(x_of(1), kTop - 6, "middle", "the limit");
  svg += text_at(kLeft + kWidth / 2, kTop + kHeight + 38, "middle",
                 "bad requests of the canary, as a multiple of the limit");
  return svg;
}

struct Curve {
  std::string path;
  std::string colour;
  bool dashed = false;
  std::string name;
};

std::string draw(const Curve& curve, std::size_t row) {
  const double y = kTop + kHeight + 68 + static_cast<double>(row) * kRow;
  const std::string_view dashes = curve.dashed ? " stroke-dasharray=\"6 4\"" : "";
  std::string svg =
      fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"{}/>\n", curve.path,
                  curve.colour, dashes);
  svg += fmt::format("<path d=\"M{:.1f} {:.1f}h34\" stroke=\"{}\" stroke-width=\"2\"{}/>\n", kLeft,
                     y - 4, curve.colour, dashes);
  return svg + text_at(kLeft + 42, y, "start", curve.name);
}

}  // namespace

std::string as_svg(const Study& study, const Progress& progress) {
  std::vector<CriterionReport> shown;
  for (CriterionReport& each : study.criteria()) {
    const bool drawn = each.uncovered.empty() && !each.silence && each.horizon.count() > 0;
    if (drawn) shown.push_back(std::move(each));
  }
  const std::uint64_t total = shown.size() * study.loads().size() * kMultiples.size();
  std::uint64_t done = 0;
  std::vector<Curve> curves;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    for (std::size_t load = 0; load < study.loads().size(); ++load) {
      Curve curve;
      curve.colour = kColours[i % kColours.size()];
      curve.dashed = load > 0;
      curve.name =
          fmt::format("{}: {}, {} {}/s, in {} ({})", shown[i].id, shown[i].text,
                      study.loads()[load].name, about_count(study.loads()[load].per_second),
                      shown[i].stage, adapters::format_duration_short(shown[i].horizon));
      for (const double multiple : kMultiples) {
        if (shown[i].allowed * multiple > 1) break;
        const double chance = study.chance_to_notice(shown[i], study.loads()[load], multiple);
        curve.path += fmt::format("{}{:.1f} {:.1f}", curve.path.empty() ? "M" : "L", x_of(multiple),
                                  y_of(chance));
        if (progress) progress(++done, total);
      }
      curves.push_back(std::move(curve));
    }
  }
  const double height = kTop + kHeight + 80 + static_cast<double>(curves.size()) * kRow;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
      "height=\"{1:.0f}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
      kLeft + kWidth + 58, height);
  svg += text_at(kLeft, 24, "start",
                 fmt::format("{}: chance to notice within the stage", study.runbook()),
                 " font-size=\"16\" font-weight=\"bold\"");
  svg += frame();
  for (std::size_t i = 0; i < curves.size(); ++i) svg += draw(curves[i], i);
  return svg + "</svg>\n";
}

}  // namespace rollbook::power
