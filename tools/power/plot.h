#pragma once
// Plot: the chance to notice a canary within the stage it is first judged in, against how sick it
// is: a small plot for each criterion, a curve for each load. SVG without script or outside fonts.

#include <string>

#include "tools/power/study.h"

namespace rollbook::power {

std::string as_svg(const Study& study, const Progress& progress);

}  // namespace rollbook::power
