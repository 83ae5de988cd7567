package dev.rollbook.peer;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.WindowStore;

/**
 * The error ratio of each service's arm over windows of five minutes from a topic of OTLP metrics,
 * and a decision where it is above 1 % of at least 100 requests: what a guard of Rollbook does, as
 * one would write it with Kafka Streams.
 *
 * <p>Arguments: bootstrap, topic of metrics, topic of decisions, points to wait for, state
 * directory, and perhaps {@code --combine}. Prints what it took, from the first message on.
 */
public final class ErrorRatios {
  private final AtomicLong aggregated = new AtomicLong();
  private final CountDownLatch first = new CountDownLatch(1), last = new CountDownLatch(1);
  private final long points;

  private ErrorRatios(long points) {
    this.points = points;
  }

  private Topology topology(String metrics, String decisions, boolean combine) {
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(metrics, Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
        .process(() -> new Explode(combine))
        .groupByKey(Grouped.with(Serdes.String(), Counts.serde()))
        .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMinutes(5), Duration.ofSeconds(10)))
        .aggregate(
            () -> Counts.NONE,
            (key, more, sum) -> add(more, sum),
            Materialized.<String, Counts, WindowStore<Bytes, byte[]>>as("ratios")
                .withKeySerde(Serdes.String())
                .withValueSerde(Counts.serde()))
        .toStream()
        .filter((window, counts) -> counts.requests() >= 100 && counts.errorRatio() > 0.01)
        .selectKey((window, counts) -> window.key())
        .mapValues(counts -> "roll back: " + 100 * counts.errorRatio() + " % errors")
        .to(decisions, Produced.with(Serdes.String(), Serdes.String()));
    return builder.build();
  }

  private Counts add(Counts more, Counts sum) {
    first.countDown();
    if (aggregated.addAndGet(more.points()) >= points) last.countDown();
    return sum.plus(more);
  }

  private static long peakKilobytes() throws Exception {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmHWM:")) return Long.parseLong(line.replaceAll("[^0-9]", ""));
    }
    throw new IllegalStateException("/proc/self/status has no VmHWM");
  }

  public static void main(String[] arguments) throws Exception {
    boolean combine = arguments.length > 5 && arguments[5].equals("--combine");
    Properties properties = new Properties();
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "peer-" + System.nanoTime());
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
    properties.put(StreamsConfig.STATE_DIR_CONFIG, arguments[4]);
    properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    properties.put("auto.offset.reset", "earliest");

    ErrorRatios ratios = new ErrorRatios(Long.parseLong(arguments[3]));
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    try (KafkaStreams streams =
        new KafkaStreams(ratios.topology(arguments[1], arguments[2], combine), properties)) {
      streams.setUncaughtExceptionHandler(
          error -> {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
            return null;
          });
      streams.start();
      ratios.first.await();
      long begin = System.nanoTime(), beginCpu = system.getProcessCpuTime();
      ratios.last.await();
      double seconds = (System.nanoTime() - begin) * 1e-9;
      double cpu = (system.getProcessCpuTime() - beginCpu) * 1e-9;
      System.out.printf(
          "{\"points\":%d,\"seconds\":%.3f,\"cpu_seconds\":%.3f,\"peak_kilobytes\":%d}%n",
          ratios.points, seconds, cpu, peakKilobytes());
    }
  }
}
