// SPDX-License-Identifier: Apache-2.0
package org.randwire.export;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * Scalars as TensorBoard reads them: a file of TFRecords (length, masked CRC-32C of the length,
 * data, masked CRC-32C of the data; all little-endian), each an {@code Event} of {@code
 * tensorflow/core/util/event.proto}. Each event reaches the operating system in one write. One
 * writer, one thread.
 *
 * <p>A file is never opened again. A run that goes on begins another, whose first event makes
 * TensorBoard forget what the files before it have of the steps to be done again.
 */
public final class EventFile implements AutoCloseable {

  private static final String PREFIX = "events.out.tfevents.";

  /** Fields of Event, Summary, Summary.Value and SessionLog. */
  private static final int WALL_TIME = 1;

  private static final int STEP = 2;
  private static final int FILE_VERSION = 3;
  private static final int SUMMARY = 5;
  private static final int SESSION_LOG = 7;
  private static final int VALUE = 1;
  private static final int TAG = 1;
  private static final int SIMPLE_VALUE = 2;
  private static final int STATUS = 1;

  private static final int SESSION_START = 1;
  private static final int MASK = 0xA282EAD8;

  private final Path file;
  private final FileChannel channel;

  private EventFile(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Begins a file in a folder, behind those that are there.
   *
   * @param firstStep the first step this file will have; what others have of it and of later ones
   *     no longer counts
   * @throws UncheckedIOException naming the file if it cannot be written
   */
  public static EventFile begin(Path folder, long firstStep) {
    Path file = folder.resolve(PREFIX + "?");
    try {
      // TensorBoard reads a folder's files in the order of their names.
      long time = Math.max(System.currentTimeMillis() / 1000, lastTime(folder) + 1);
      file = folder.resolve(String.format(Locale.ROOT, "%s%010d.randwire", PREFIX, time));
      EventFile events =
          new EventFile(
              file,
              FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
      events.append(event().text(FILE_VERSION, "brain.Event:2"));
      events.append(
          event()
              .number(STEP, firstStep)
              .message(SESSION_LOG, new Protobuf().number(STATUS, SESSION_START)));
      return events;
    } catch (IOException e) {
      throw failure(file, e);
    }
  }

  /** The largest time in the names of a folder's event files; 0 if there is none. */
  private static long lastTime(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.matches("events\\.out\\.tfevents\\.\\d{1,18}\\..*"))
          .mapToLong(name -> Long.parseLong(name.substring(PREFIX.length()).split("\\.", 2)[0]))
          .max()
          .orElse(0);
    }
  }

  /**
   * Appends one event.
   *
   * @param scalars by tag, such as {@code train/loss}; written in float32
   * @throws UncheckedIOException naming the file if it cannot be written
   */
  public void append(long step, Map<String, Double> scalars) {
    Protobuf summary = new Protobuf();
    scalars.forEach(
        (tag, value) ->
            summary.message(VALUE, new Protobuf().text(TAG, tag).float32(SIMPLE_VALUE, value)));
    try {
      append(event().number(STEP, step).message(SUMMARY, summary));
    } catch (IOException e) {
      throw failure(file, e);
    }
  }

  private static Protobuf event() {
    return new Protobuf().float64(WALL_TIME, System.currentTimeMillis() / 1e3);
  }

  private void append(Protobuf event) throws IOException {
    byte[] data = event.toByteArray();
    ByteBuffer record =
        ByteBuffer.allocate(Long.BYTES + Integer.BYTES + data.length + Integer.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    record.putLong(data.length);
    record.putInt(maskedCrc(record.array(), Long.BYTES));
    record.put(data).putInt(maskedCrc(data, data.length));
    WholeFile.drain(record.flip(), channel);
  }

  /** As TFRecords have it: rotated and shifted, so that a CRC over data with CRCs stays useful. */
  private static int maskedCrc(byte[] bytes, int count) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, count);
    return Integer.rotateRight((int) crc.getValue(), 15) + MASK;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw failure(file, e);
    }
  }

  private static UncheckedIOException failure(Path file, IOException cause) {
    return new UncheckedIOException(file + ": cannot be written: " + cause, cause);
  }
}
