// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The metrics of a run: an append-only file with one JSON object a line, {@code step} first.
 *
 * <p>Numbers are written with all the digits a double needs. JSON has no NaN and no infinity: such
 * a value is written as null, and a last member tells which it was, {@code
 * {"step":7,"loss":null,"nonFinite":{"loss":"NaN"}}}. pandas reads null as NaN; {@link #read} gives
 * the value back.
 *
 * <p>Each line reaches the operating system in one write, so a kill loses none. Before a checkpoint
 * call {@link #force}; then all lines up to its step survive a power loss too, and {@link #resume}
 * at that place brings the file back to what it was there. One writer, one thread.
 */
public final class MetricsLog implements AutoCloseable {
  /** The member that marks the line of an epoch's end: how many epochs have ended. */
  public static final String EPOCHS_DONE = "epochsDone";

  private static final String STEP = "step";
  private static final String NON_FINITE = "nonFinite";

  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final Path file;
  private final FileChannel channel;
  private long lastStep = -1;

  private MetricsLog(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /** Starts the log of a new run; a file that is already there is refused. */
  public static MetricsLog create(Path file) {
    return open(file, StandardOpenOption.CREATE_NEW);
  }

  /**
   * Continues the log of a run from a checkpoint: as {@link #truncateAfter}, then ready to append.
   */
  public static MetricsLog resume(Path file, long step, int epochsDone) {
    MetricsLog log = open(file, StandardOpenOption.CREATE);
    try {
      log.truncateAfter(step, epochsDone);
      return log;
    } catch (RuntimeException e) {
      log.close();
      throw e;
    }
  }

  private static MetricsLog open(Path file, StandardOpenOption creation) {
    try {
      FileChannel channel = FileChannel.open(file, creation, StandardOpenOption.WRITE);
      new Disk().forceFolder(file.toAbsolutePath().getParent());
      return new MetricsLog(file, channel);
    } catch (FileAlreadyExistsException e) {
      throw new UncheckedIOException(
          file + ": is there already; resume its run or choose another folder", e);
    } catch (IOException e) {
      throw failure(file, "cannot be opened", e);
    }
  }

  /**
   * Appends one line.
   *
   * @param step updates done, at least that of the line before
   * @param values numbers, texts, booleans and nulls, in the order to be written; a Float is
   *     written as the double of the same value
   * @throws UncheckedIOException if it cannot be written; the file then ends with the line before
   */
  public void append(long step, Map<String, ?> values) {
    if (step < Math.max(0, lastStep)) {
      throw new IllegalArgumentException(file + ": step " + step + " after step " + lastStep);
    }
    byte[] line =
        (JSON.writeValueAsString(encode(step, values)) + "\n").getBytes(StandardCharsets.UTF_8);
    try {
      writeLine(line);
    } catch (IOException e) {
      throw failure(file, "step " + step + " cannot be written", e);
    }
    lastStep = step;
  }

  /** Returns once all lines are on the medium. */
  public void force() {
    try {
      channel.force(true);
    } catch (IOException e) {
      throw failure(file, "cannot be forced", e);
    }
  }

  /**
   * Drops all lines of steps above the given one and of ends of epochs above the given number, and
   * what a killed or powerless machine left of a last line. The step alone would not do: a run that
   * is stopped after an epoch's last step has a checkpoint of that step with the epoch's end, and
   * its line of the same step, still to come.
   *
   * @param epochsDone how many epochs have ended; lines with a larger {@link #EPOCHS_DONE} go
   * @return how many lines, whole or torn, were dropped
   * @throws IllegalStateException if a line that cannot be read, or one of a later step, comes
   *     before one that is to be kept
   */
  public int truncateAfter(long step, int epochsDone) {
    try {
      Scan scan = scan(step, epochsDone);
      channel.truncate(scan.keptBytes);
      channel.position(scan.keptBytes);
      if (scan.missesLineEnd) {
        writeLine(new byte[] {'\n'});
      }
      lastStep = scan.lastKept;
      return scan.dropped;
    } catch (IOException e) {
      throw failure(file, "cannot be truncated after step " + step, e);
    }
  }

  /**
   * Reads a file, which may be that of a run in progress: a torn last line is left out.
   *
   * @return per line its members in order: Long, Double, String, Boolean or null
   * @throws IllegalStateException if a line other than the last cannot be read
   */
  public static List<Map<String, @Nullable Object>> read(Path file) {
    List<Map<String, @Nullable Object>> lines = new ArrayList<>();
    try (Lines source = new Lines(file)) {
      int number = 0;
      for (byte[] line = source.next(); line != null; line = source.next()) {
        number++;
        ObjectNode parsed = parse(line);
        if (parsed == null) {
          if (source.next() != null) {
            throw new IllegalStateException(file + ":" + number + ": not a line of metrics");
          }
          break;
        }
        lines.add(decode(parsed));
      }
    } catch (IOException e) {
      throw failure(file, "cannot be read", e);
    }
    return lines;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw failure(file, "cannot be closed", e);
    }
  }

  private void writeLine(byte[] line) throws IOException {
    long start = channel.position();
    try {
      ByteBuffer source = ByteBuffer.wrap(line);
      while (source.hasRemaining()) {
        channel.write(source);
      }
    } catch (IOException e) {
      channel.truncate(start); // a disk that filled up in mid-line must not leave half of it
      throw e;
    }
  }

  private static ObjectNode encode(long step, Map<String, ?> values) {
    ObjectNode line = JSON.createObjectNode().put(STEP, step);
    ObjectNode nonFinite = JSON.createObjectNode();
    for (Map.Entry<String, ?> member : values.entrySet()) {
      String name = member.getKey();
      if (name.equals(STEP) || name.equals(NON_FINITE)) {
        throw new IllegalArgumentException("a metric must not be named '" + name + "'");
      }
      put(line, nonFinite, name, member.getValue());
    }
    if (!nonFinite.isEmpty()) {
      line.set(NON_FINITE, nonFinite);
    }
    return line;
  }

  private static void put(
      ObjectNode line, ObjectNode nonFinite, String name, @Nullable Object value) {
    if (value == null) {
      line.putNull(name);
    } else if (value instanceof Double || value instanceof Float) {
      double number = ((Number) value).doubleValue();
      if (Double.isFinite(number)) {
        line.put(name, number);
      } else {
        line.putNull(name);
        nonFinite.put(name, Double.toString(number));
      }
    } else if (value instanceof Long || value instanceof Integer) {
      line.put(name, ((Number) value).longValue());
    } else if (value instanceof Boolean flag) {
      line.put(name, flag);
    } else if (value instanceof String text) {
      line.put(name, text);
    } else {
      throw new IllegalArgumentException("metric '" + name + "' is a " + value.getClass());
    }
  }

  private static Map<String, @Nullable Object> decode(ObjectNode line) {
    Map<String, @Nullable Object> members = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> member : line.properties()) {
      if (!member.getKey().equals(NON_FINITE)) {
        members.put(member.getKey(), scalar(member.getValue()));
      }
    }
    for (Map.Entry<String, JsonNode> member : line.path(NON_FINITE).properties()) {
      members.put(member.getKey(), Double.valueOf(member.getValue().asString()));
    }
    return Collections.unmodifiableMap(members);
  }

  private static @Nullable Object scalar(JsonNode value) {
    if (value.isIntegralNumber()) {
      return value.longValue();
    }
    if (value.isNumber()) {
      return value.doubleValue();
    }
    if (value.isBoolean()) {
      return value.booleanValue();
    }
    return value.isNull() ? null : value.asString();
  }

  /** What stays of a file: a prefix, whose last line may lack its end. */
  private static final class Scan {
    long keptBytes;
    long lastKept = -1;
    boolean missesLineEnd;
    int dropped;
  }

  private Scan scan(long step, int epochsDone) throws IOException {
    Scan scan = new Scan();
    try (Lines source = new Lines(file)) {
      int number = 0;
      for (byte[] line = source.next(); line != null; line = source.next()) {
        number++;
        ObjectNode parsed = parse(line);
        if (parsed == null
            || parsed.path(STEP).longValue() > step
            || parsed.path(EPOCHS_DONE).longValue(0) > epochsDone) {
          scan.dropped++;
          continue;
        }
        if (scan.dropped > 0) {
          throw new IllegalStateException(
              "%s:%d: step %d follows a line that is damaged or of a later step"
                  .formatted(file, number, parsed.path(STEP).longValue()));
        }
        scan.keptBytes = source.position;
        scan.lastKept = parsed.path(STEP).longValue();
        scan.missesLineEnd = !source.endedByNewline;
      }
    }
    return scan;
  }

  /** The object of a line, or null when it is not one that {@link #append} wrote in full. */
  private static @Nullable ObjectNode parse(byte[] line) {
    try {
      JsonNode node = JSON.readTree(new String(line, StandardCharsets.UTF_8));
      boolean whole = node instanceof ObjectNode && node.path(STEP).canConvertToLong();
      return whole && node.path(STEP).isIntegralNumber() ? (ObjectNode) node : null;
    } catch (JacksonException e) {
      return null;
    }
  }

  /** Splits a file at its line feeds and keeps count of the bytes. */
  private static final class Lines implements AutoCloseable {
    private final InputStream input;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    long position;
    boolean endedByNewline;

    Lines(Path file) throws IOException {
      input = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
    }

    /** The next line without its end, or null after the last. */
    byte @Nullable [] next() throws IOException {
      line.reset();
      endedByNewline = false;
      for (int next = input.read(); next >= 0; next = input.read()) {
        position++;
        if (next == '\n') {
          endedByNewline = true;
          return line.toByteArray();
        }
        line.write(next);
      }
      return line.size() > 0 ? line.toByteArray() : null;
    }

    @Override
    public void close() throws IOException {
      input.close();
    }
  }

  private static UncheckedIOException failure(Path file, String what, IOException cause) {
    return new UncheckedIOException(file + ": " + what + ": " + cause, cause);
  }
}
