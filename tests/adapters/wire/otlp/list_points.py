"""Lists the points of messages.jsonl, one a line, with nothing but Python's own JSON reader.

    python3 list_points.py > points.txt

What points.txt says is what both encodings must decode to. Exponential histograms are listed as
they are kept: at scale 4 at most, without empty buckets at their ends.
"""

import json
import math
import pathlib


def fixed(number):
    """Exact to 10^-9, as the product keeps numbers."""
    whole = math.trunc(number)
    nanos = whole * 10**9 + math.floor((number - whole) * 1e9 + 0.5)
    text = f"{nanos // 10**9}.{nanos % 10**9:09d}"
    return text.rstrip("0").rstrip(".")


def exponential(point):
    scale, offset = point["scale"], point["positive"].get("offset", 0)
    counts = {}
    for i, count in enumerate(point["positive"]["bucketCounts"]):
        place = (offset + i) >> max(scale - 4, 0)
        counts[place] = counts.get(place, 0) + int(count)
    full = [place for place, count in counts.items() if count]
    run = [counts.get(place, 0) for place in range(min(full), max(full) + 1)]
    return f"scale {min(scale, 4)} offset {min(full)} zero {int(point.get('zeroCount', 0))} {run}"


def describe(kind, point):
    if kind == "sum":
        return "counter " + str(int(point["asInt"]))
    if kind == "histogram":
        bounds = [fixed(bound) for bound in point["explicitBounds"]]
        return f"histogram {fixed(point['sum'])} {bounds} {[int(c) for c in point['bucketCounts']]}"
    return f"exponential {fixed(point['sum'])} {exponential(point)}"


def main():
    here = pathlib.Path(__file__).parent
    for number, line in enumerate((here / "messages.jsonl").read_text().splitlines()):
        for resource in json.loads(line)["resourceMetrics"]:
            for scope in resource["scopeMetrics"]:
                for metric in scope["metrics"]:
                    for kind in ("sum", "histogram", "exponentialHistogram"):
                        for point in metric.get(kind, {}).get("dataPoints", []):
                            labels = {
                                a["key"]: a["value"]["stringValue"]
                                for a in resource["resource"]["attributes"] + point["attributes"]
                            }
                            names = ",".join(f"{k}={labels[k]}" for k in sorted(labels))
                            print(f"{number:02d} {metric['name']}{{{names}}}"
                                  f" ({point['startTimeUnixNano']}, {point['timeUnixNano']}]"
                                  f" {describe(kind, point)}".replace("'", ""))


main()
