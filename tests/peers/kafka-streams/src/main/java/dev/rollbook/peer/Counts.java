package dev.rollbook.peer;

import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;

/** Requests and errors of a service's arm, and from how many points they come. */
record Counts(long requests, long errors, long points) {
  static final Counts NONE = new Counts(0, 0, 0);

  Counts plus(Counts more) {
    return new Counts(requests + more.requests, errors + more.errors, points + more.points);
  }

  double errorRatio() {
    return requests == 0 ? 0 : (double) errors / requests;
  }

  static Serde<Counts> serde() {
    Serializer<Counts> write =
        (topic, counts) ->
            counts == null
                ? null
                : ByteBuffer.allocate(24)
                    .putLong(counts.requests)
                    .putLong(counts.errors)
                    .putLong(counts.points)
                    .array();
    Deserializer<Counts> read =
        (topic, bytes) -> {
          if (bytes == null) return null;
          ByteBuffer buffer = ByteBuffer.wrap(bytes);
          return new Counts(buffer.getLong(), buffer.getLong(), buffer.getLong());
        };
    return Serdes.serdeFrom(write, read);
  }
}
