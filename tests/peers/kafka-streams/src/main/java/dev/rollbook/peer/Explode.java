package dev.rollbook.peer;

import com.google.protobuf.InvalidProtocolBufferException;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.MetricsData;
import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import io.opentelemetry.proto.metrics.v1.ResourceMetrics;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/**
 * One message of OTLP becomes counts with the key "service/arm" and the time of their points: a
 * record a point, or with {@code combine} one for all points of the message that share both.
 */
final class Explode implements Processor<byte[], byte[], String, Counts> {
  private record Place(String key, long timeMs) {}

  private final boolean combine;
  private ProcessorContext<String, Counts> context;

  Explode(boolean combine) {
    this.combine = combine;
  }

  @Override
  public void init(ProcessorContext<String, Counts> context) {
    this.context = context;
  }

  @Override
  public void process(Record<byte[], byte[]> message) {
    MetricsData data;
    try {
      data = MetricsData.parseFrom(message.value());
    } catch (InvalidProtocolBufferException error) {
      return; // a dead-letter topic's business
    }
    Map<Place, Counts> sums = new HashMap<>();
    for (ResourceMetrics resource : data.getResourceMetricsList()) {
      String service = find(resource.getResource().getAttributesList(), "service");
      for (var scope : resource.getScopeMetricsList()) {
        for (Metric metric : scope.getMetricsList()) take(metric, service, sums);
      }
    }
    sums.forEach((place, counts) -> forward(place, counts));
  }

  private void take(Metric metric, String service, Map<Place, Counts> sums) {
    boolean requests = metric.getName().equals("req");
    if (!requests && !metric.getName().equals("err")) return;
    for (NumberDataPoint point : metric.getSum().getDataPointsList()) {
      String arm = find(point.getAttributesList(), "v");
      Place place = new Place(service + "/" + arm, point.getTimeUnixNano() / 1_000_000);
      long value = point.getAsInt();
      Counts counts = requests ? new Counts(value, 0, 1) : new Counts(0, value, 1);
      if (combine) {
        sums.merge(place, counts, Counts::plus);
      } else {
        forward(place, counts);
      }
    }
  }

  private void forward(Place place, Counts counts) {
    context.forward(new Record<>(place.key, counts, place.timeMs));
  }

  private static String find(List<KeyValue> attributes, String key) {
    for (KeyValue attribute : attributes) {
      if (attribute.getKey().equals(key)) return attribute.getValue().getStringValue();
    }
    return "";
  }
}
