// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import com.fasterxml.jackson.annotation.Nulls;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The bytes of a checkpoint file, format version 1. All numbers are little-endian.
 *
 * <pre>
 * 0   magic 'RWCK'                     4 bytes
 * 4   format version                   int32
 * 8   header length h, multiple of 8   int32
 * 12  CRC32C of the header             int32
 * 16  header: JSON in UTF-8, padded with spaces
 * 16+h  sections in header order, each padded with zeros to a multiple of 8 bytes
 * end-8  CRC32C of all bytes before    int32
 * end-4  end marker 'KCWR'             4 bytes
 * </pre>
 *
 * <p>The header gives each section's name, type (f32, f64, i64), shape, offset from 16+h, bytes and
 * CRC32C. A reader allocates only what the length of the file can back.
 */
final class CheckpointFormat {
  static final int VERSION = 1;
  static final int BUFFER_BYTES = 4 << 20;

  private static final int MAGIC = 0x4B435752; // 'RWCK'
  private static final int END_MARKER = 0x5257434B; // 'KCWR'
  private static final int PREFIX_BYTES = 16;
  private static final int TRAILER_BYTES = 8;
  private static final int MAX_HEADER_BYTES = 100_000_000;

  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
          .enable(
              DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES,
              DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES,
              DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES,
              DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES,
              DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .changeDefaultNullHandling(nulls -> nulls.withContentNulls(Nulls.FAIL))
          .build();

  private CheckpointFormat() {}

  /** The JSON header; its field names are part of the format. */
  private record Header(
      String network,
      long seed,
      int epoch,
      long step,
      long positionInEpoch,
      Map<String, String> extra,
      List<Entry> sections) {}

  private record Entry(
      String name, String type, List<Integer> shape, long offset, long bytes, long crc32c) {}

  /** A direct buffer in the byte order of the format. */
  static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Writes a whole checkpoint through a little-endian buffer of any multiple of 8 bytes from 16 on.
   *
   * <p>The sections are read and encoded twice, first for the checksums in the header: that costs
   * less than a second pass over the file, and keeps the output a plain stream and one section at a
   * time in memory.
   */
  static void write(Checkpoint checkpoint, WritableByteChannel out, ByteBuffer buffer)
      throws IOException {
    byte[] header = encodeHeader(checkpoint, buffer);
    CRC32C fileCrc = new CRC32C();
    buffer.clear();
    buffer.putInt(MAGIC).putInt(VERSION).putInt(header.length).putInt(crcOf(header)).flip();
    drain(buffer, out, fileCrc);
    drain(ByteBuffer.wrap(header), out, fileCrc);
    for (Checkpoint.Section section : checkpoint.sections().values()) {
      writeSection(section.loaded(), out, buffer, fileCrc);
    }
    buffer.clear();
    buffer.putInt((int) fileCrc.getValue()).putInt(END_MARKER).flip();
    drain(buffer, out, fileCrc);
  }

  private static byte[] encodeHeader(Checkpoint checkpoint, ByteBuffer buffer) {
    List<Entry> entries = new ArrayList<>();
    long offset = 0;
    for (Map.Entry<String, Checkpoint.Section> named : checkpoint.sections().entrySet()) {
      Checkpoint.Section section = named.getValue().loaded();
      Type type = Type.of(section);
      long bytes = (long) section.count() * type.bytes;
      long crc = crcOf(section, type, buffer);
      entries.add(new Entry(named.getKey(), type.label, section.shape(), offset, bytes, crc));
      offset += padded(bytes);
    }
    byte[] json =
        JSON.writeValueAsBytes(
            new Header(
                checkpoint.network(),
                checkpoint.seed(),
                checkpoint.epoch(),
                checkpoint.step(),
                checkpoint.positionInEpoch(),
                checkpoint.extra(),
                entries));
    if (json.length > MAX_HEADER_BYTES) {
      throw new IllegalArgumentException("checkpoint header of " + json.length + " bytes");
    }
    byte[] header = Arrays.copyOf(json, (int) padded(json.length));
    Arrays.fill(header, json.length, header.length, (byte) ' ');
    return header;
  }

  private static long crcOf(Checkpoint.Section section, Type type, ByteBuffer buffer) {
    CRC32C crc = new CRC32C();
    int perChunk = buffer.capacity() / type.bytes;
    for (int from = 0; from < section.count(); from += perChunk) {
      int count = Math.min(perChunk, section.count() - from);
      encode(section, from, count, buffer.clear());
      crc.update(buffer.limit(count * type.bytes));
    }
    return crc.getValue();
  }

  private static void writeSection(
      Checkpoint.Section section, WritableByteChannel out, ByteBuffer buffer, CRC32C fileCrc)
      throws IOException {
    Type type = Type.of(section);
    int perChunk = buffer.capacity() / type.bytes;
    for (int from = 0; from < section.count(); from += perChunk) {
      int count = Math.min(perChunk, section.count() - from);
      encode(section, from, count, buffer.clear());
      int bytes = count * type.bytes;
      buffer.position(bytes);
      while (buffer.position() % 8 != 0) { // only after the last chunk: the capacity divides by 8
        buffer.put((byte) 0);
      }
      drain(buffer.flip(), out, fileCrc);
    }
  }

  private static void drain(ByteBuffer source, WritableByteChannel out, CRC32C crc)
      throws IOException {
    crc.update(source.duplicate());
    while (source.hasRemaining()) {
      out.write(source);
    }
  }

  /** Reads and verifies a whole file; every fault is a one-line {@code file: reason}. */
  static Checkpoint read(Path file) {
    return read(file, BUFFER_BYTES);
  }

  /** As {@link #read(Path)}, in pieces of at most a multiple of 8 bytes, from 16 on. */
  static Checkpoint read(Path file, int bufferBytes) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long useful = Math.max(PREFIX_BYTES, padded(channel.size()));
      ByteBuffer buffer = buffer((int) Math.min(bufferBytes, useful));
      return new Reader(file, channel, buffer).read();
    } catch (NoSuchFileException e) {
      throw new CheckpointException(file, "no such file");
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e, e);
    }
  }

  /** One pass over a file in its own order, checksumming as it goes. */
  private static final class Reader {
    private final Path file;
    private final FileChannel channel;
    private final ByteBuffer buffer;
    private final CRC32C fileCrc = new CRC32C();

    Reader(Path file, FileChannel channel, ByteBuffer buffer) {
      this.file = file;
      this.channel = channel;
      this.buffer = buffer;
    }

    Checkpoint read() throws IOException {
      long size = channel.size();
      require(size >= PREFIX_BYTES + TRAILER_BYTES, "truncated to " + size + " bytes");
      Header header = readHeader(size);
      Map<String, Checkpoint.Section> sections = new LinkedHashMap<>();
      for (Entry entry : header.sections) {
        sections.put(entry.name, readSection(entry));
      }
      int crc = (int) fileCrc.getValue();
      ByteBuffer trailer = next(TRAILER_BYTES);
      require(trailer.getInt() == crc, "damaged: the checksum of the file does not match");
      require(trailer.getInt() == END_MARKER, "damaged: no end marker");
      return toCheckpoint(header, sections);
    }

    private Header readHeader(long size) throws IOException {
      ByteBuffer prefix = next(PREFIX_BYTES);
      require(prefix.getInt() == MAGIC, "not a checkpoint: it does not start with RWCK");
      int version = prefix.getInt();
      require(
          version <= VERSION,
          "format version " + version + " is newer than " + VERSION + ", which this program reads");
      require(version >= 1, "damaged: format version " + version);
      int length = prefix.getInt();
      int crc = prefix.getInt();
      require(
          length > 0
              && length <= MAX_HEADER_BYTES
              && length % 8 == 0
              && length <= size - PREFIX_BYTES - TRAILER_BYTES,
          "truncated or damaged: header of " + length + " bytes in a file of " + size);
      byte[] json = readBytes(length);
      require(crcOf(json) == crc, "damaged: the checksum of the header does not match");
      Header header = parse(json);
      checkSections(header.sections, size - PREFIX_BYTES - TRAILER_BYTES - length);
      return header;
    }

    private Header parse(byte[] json) {
      try {
        return JSON.readValue(new String(json, StandardCharsets.UTF_8), Header.class);
      } catch (JacksonException e) {
        throw new CheckpointException(
            file, "damaged header: " + e.getOriginalMessage().replaceAll("\\p{Cntrl}+", " "));
      }
    }

    /** Sections must lie one after the other, fit their shapes and fill the file exactly. */
    private void checkSections(List<Entry> entries, long available) {
      long offset = 0;
      for (Entry entry : entries) {
        Type type = Type.named(entry.type);
        require(type != null, "section '" + entry.name + "' has the unknown type " + entry.type);
        long count = Checkpoint.countOf(entry.shape);
        require(
            count >= 0 && entry.bytes == count * type.bytes && entry.offset == offset,
            "section '" + entry.name + "' does not fit its place or shape " + entry.shape);
        offset += padded(entry.bytes);
      }
      require(
          offset == available,
          "truncated or damaged: " + available + " bytes of sections, not " + offset);
      long names = entries.stream().map(Entry::name).distinct().count();
      require(names == entries.size(), "two sections share a name");
    }

    private Checkpoint.Section readSection(Entry entry) throws IOException {
      Type type = Objects.requireNonNull(Type.named(entry.type)); // checkSections has seen it
      Checkpoint.Section section = type.allocate(entry.shape);
      CRC32C crc = new CRC32C();
      int perChunk = buffer.capacity() / type.bytes;
      for (int from = 0; from < section.count(); from += perChunk) {
        int count = Math.min(perChunk, section.count() - from);
        int bytes = count * type.bytes;
        ByteBuffer chunk = next((int) padded(bytes));
        crc.update(chunk.duplicate().limit(bytes));
        decode(chunk, section, from, count);
      }
      require(
          crc.getValue() == entry.crc32c,
          "damaged: the checksum of section '" + entry.name + "' does not match");
      return section;
    }

    private Checkpoint toCheckpoint(Header h, Map<String, Checkpoint.Section> sections) {
      try {
        return new Checkpoint(
            h.network, h.seed, h.epoch, h.step, h.positionInEpoch, h.extra, sections);
      } catch (IllegalArgumentException e) {
        throw new CheckpointException(file, e.getMessage());
      }
    }

    private byte[] readBytes(int length) throws IOException {
      byte[] bytes = new byte[length];
      for (int from = 0; from < length; ) {
        int count = Math.min(buffer.capacity(), length - from);
        next(count).get(bytes, from, count);
        from += count;
      }
      return bytes;
    }

    /** The next bytes of the file, in the buffer from 0 to its limit. */
    private ByteBuffer next(int bytes) throws IOException {
      buffer.clear().limit(bytes);
      while (buffer.hasRemaining()) {
        require(channel.read(buffer) >= 0, "truncated while it was read");
      }
      buffer.flip();
      fileCrc.update(buffer.duplicate());
      return buffer;
    }

    private void require(boolean condition, String reason) {
      if (!condition) {
        throw new CheckpointException(file, reason);
      }
    }
  }

  private enum Type {
    F32("f32", 4),
    F64("f64", 8),
    I64("i64", 8);

    final String label;
    final int bytes;

    Type(String label, int bytes) {
      this.label = label;
      this.bytes = bytes;
    }

    static Type of(Checkpoint.Section section) {
      if (section instanceof Checkpoint.Floats) {
        return F32;
      }
      return section instanceof Checkpoint.Doubles ? F64 : I64;
    }

    static @Nullable Type named(String label) {
      for (Type type : values()) {
        if (type.label.equals(label)) {
          return type;
        }
      }
      return null;
    }

    Checkpoint.Section allocate(List<Integer> shape) {
      int count = (int) Checkpoint.countOf(shape);
      return switch (this) {
        case F32 -> new Checkpoint.Floats(shape, new float[count]);
        case F64 -> new Checkpoint.Doubles(shape, new double[count]);
        case I64 -> new Checkpoint.Longs(shape, new long[count]);
      };
    }
  }

  private static void encode(Checkpoint.Section section, int from, int count, ByteBuffer target) {
    if (section instanceof Checkpoint.Floats floats) {
      target.asFloatBuffer().put(floats.values(), from, count);
    } else if (section instanceof Checkpoint.Doubles doubles) {
      target.asDoubleBuffer().put(doubles.values(), from, count);
    } else if (section instanceof Checkpoint.Longs longs) {
      target.asLongBuffer().put(longs.values(), from, count);
    }
  }

  private static void decode(ByteBuffer source, Checkpoint.Section section, int from, int count) {
    if (section instanceof Checkpoint.Floats floats) {
      source.asFloatBuffer().get(floats.values(), from, count);
    } else if (section instanceof Checkpoint.Doubles doubles) {
      source.asDoubleBuffer().get(doubles.values(), from, count);
    } else if (section instanceof Checkpoint.Longs longs) {
      source.asLongBuffer().get(longs.values(), from, count);
    }
  }

  private static int crcOf(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  private static long padded(long bytes) {
    return (bytes + 7) & -8L;
  }
}
