"""Records what the OpenTelemetry SDK's own OTLP exporter sends, as it would go to Kafka.

A small service counts its requests and errors and measures latencies with the SDK for twelve
seconds, and exports each second through OTLPMetricExporter: a session stands in for the network and
keeps the body of each request. Four times at once: delta and cumulative, with explicit and with
exponential histograms. From the seventh export on 30 % of the canary's requests fail and take three
times as long.

    python3 -m venv /tmp/otel && /tmp/otel/bin/pip install -r requirements.txt
    /tmp/otel/bin/python record.py recorded

Writes `recorded/<temporality>-<histogram>/NN.binpb`, and `recorded/truth.jsonl`: what happened up to
each export, counted beside the SDK. What happens is the same in every recording; times and ids are not.
"""

import json
import pathlib
import random
import sys
import time

import requests
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import (
    ExplicitBucketHistogramAggregation,
    ExponentialBucketHistogramAggregation,
)
from opentelemetry.sdk.resources import Resource

EXPORTS, FIRST_BAD = 12, 6
PER_EXPORT = {"flat": 60, "hierarchical": 40}
TEMPORALITIES = {
    "delta": AggregationTemporality.DELTA,
    "cumulative": AggregationTemporality.CUMULATIVE,
}
HISTOGRAMS = {
    "explicit": ExplicitBucketHistogramAggregation([0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08]),
    "exponential": ExponentialBucketHistogramAggregation(max_size=160),
}


class Tape(requests.Session):
    """Keeps the bodies that are posted, and answers that all is well."""

    def __init__(self):
        super().__init__()
        self.bodies = []

    def request(self, method, url, data=None, **others):
        self.bodies.append(data)
        answer = requests.Response()
        answer.status_code = 200
        return answer

    post = lambda self, url, data=None, **others: self.request("POST", url, data, **others)


class Recorder:
    """One service's instruments with one way to export them."""

    def __init__(self, temporality, histogram):
        self.tape = Tape()
        exporter = OTLPMetricExporter(
            endpoint="http://localhost/v1/metrics",
            session=self.tape,
            preferred_temporality={Counter: temporality, Histogram: temporality},
            preferred_aggregation={Histogram: histogram},
        )
        # No thread of its own: exports come from flush().
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=float("inf"))
        resource = Resource.create({"service.name": "hal9", "region": "eu-1"})
        self.provider = MeterProvider([reader], resource)
        meter = self.provider.get_meter("hal9")
        self.requests = meter.create_counter("hal9_requests_total")
        self.errors = meter.create_counter("hal9_errors_total")
        self.latency = meter.create_histogram("hal9_request_duration_seconds", unit="s")

    def serve(self, system, failed, seconds):
        labels = {"system": system}
        self.requests.add(1, labels)
        if failed:
            self.errors.add(1, {**labels, "type": "timeout"})
        self.latency.record(seconds, labels)


def main(folder):
    recorders = {
        f"{temporality}-{histogram}": Recorder(TEMPORALITIES[temporality], HISTOGRAMS[histogram])
        for temporality in TEMPORALITIES
        for histogram in HISTOGRAMS
    }
    chance = random.Random(20260105)
    totals = {
        system: {"requests": 0, "errors": 0, "above_20ms": 0, "seconds": 0.0}
        for system in PER_EXPORT
    }
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "truth.jsonl", "w", encoding="utf-8") as truth:
        due = time.monotonic()
        for export in range(EXPORTS):
            for system, count in PER_EXPORT.items():
                bad = system == "hierarchical" and export >= FIRST_BAD
                for _ in range(count):
                    failed = bad and chance.random() < 0.3
                    seconds = chance.lognormvariate(-5.3, 0.4) * (3 if bad else 1)
                    for recorder in recorders.values():
                        recorder.serve(system, failed, seconds)
                    total = totals[system]
                    total["requests"] += 1
                    total["errors"] += failed
                    total["above_20ms"] += seconds > 0.02
                    total["seconds"] += seconds
            due += 1
            time.sleep(max(0.0, due - time.monotonic()))
            for recorder in recorders.values():
                recorder.provider.force_flush()
            truth.write(json.dumps(totals) + "\n")
    for name, recorder in recorders.items():
        recorder.provider.shutdown()
        place = folder / name
        place.mkdir(exist_ok=True)
        # shutdown() exports once more, and nothing has happened since.
        for number, body in enumerate(recorder.tape.bodies[:EXPORTS]):
            (place / f"{number:02d}.binpb").write_bytes(body)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
