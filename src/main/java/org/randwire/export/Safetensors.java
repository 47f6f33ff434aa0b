// SPDX-License-Identifier: Apache-2.0
package org.randwire.export;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.randwire.tensor.NamedTensor;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads and writes weights as safetensors: the length of a header as a little-endian u64, the
 * header as a JSON object (name to type, shape and byte range; texts under {@code __metadata__}),
 * then the bytes of all tensors without holes or overlaps.
 *
 * <p>The reader is strict and allocates only what the bytes present can back: a damaged or hostile
 * file ends in a {@link FormatException}. Format: https://huggingface.co/docs/safetensors.
 */
public final class Safetensors {
  private static final int MAX_HEADER_BYTES = 100_000_000; // the limit of the format
  private static final int LENGTH_BYTES = 8;
  private static final int BUFFER_BYTES = 1 << 20;
  private static final String METADATA = "__metadata__";
  private static final Set<String> TENSOR_KEYS = Set.of("dtype", "shape", "data_offsets");

  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private Safetensors() {}

  /**
   * What a file holds.
   *
   * @param tensors floating-point tensors by name, in the order of the header
   * @param metadata the texts that came with them
   * @param ignored names of tensors of other types, such as the integer {@code num_batches_tracked}
   *     of a batch normalisation; their values are not read
   */
  public record Contents(
      Map<String, NamedTensor> tensors, Map<String, String> metadata, List<String> ignored) {
    public Contents {
      tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
      metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
      ignored = List.copyOf(ignored);
    }
  }

  /**
   * Reads a file; F16 and BF16 widen exactly, F64 rounds to the nearest float.
   *
   * @throws FormatException if the file breaks the format
   * @throws UncheckedIOException if it cannot be read
   */
  public static Contents read(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return new Reader(file, channel).read();
    } catch (NoSuchFileException e) {
      throw new UncheckedIOException(file + ": no such file", e);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e, e);
    }
  }

  /**
   * Writes tensors as F32 in the given order. The file appears whole or not at all, and once this
   * returns it survives a power loss.
   *
   * @throws IllegalArgumentException if two tensors share a name, or one is {@code __metadata__}
   * @throws UncheckedIOException if it cannot be written
   */
  public static void write(
      Path file, Collection<NamedTensor> tensors, Map<String, String> metadata) {
    byte[] header = encodeHeader(tensors, metadata);
    WholeFile.write(
        file,
        channel -> {
          ByteBuffer buffer = buffer();
          WholeFile.drain(buffer.putLong(header.length).flip(), channel);
          WholeFile.drain(ByteBuffer.wrap(header), channel);
          for (NamedTensor tensor : tensors) {
            WholeFile.drain(tensor.values(), buffer, channel);
          }
        });
  }

  private static byte[] encodeHeader(
      Collection<NamedTensor> tensors, Map<String, String> metadata) {
    ObjectNode root = JSON.createObjectNode();
    if (!metadata.isEmpty()) {
      ObjectNode texts = root.putObject(METADATA);
      metadata.forEach(texts::put);
    }
    long offset = 0;
    for (NamedTensor tensor : tensors) {
      if (tensor.name().equals(METADATA) || root.has(tensor.name())) {
        throw new IllegalArgumentException("tensor name is taken: " + tensor.name());
      }
      long end = offset + (long) tensor.values().length * Float.BYTES;
      ObjectNode entry = root.putObject(tensor.name()).put("dtype", DataType.F32.name());
      tensor.shape().forEach(entry.putArray("shape")::add);
      entry.putArray("data_offsets").add(offset).add(end);
      offset = end;
    }
    return padded(JSON.writeValueAsBytes(root));
  }

  /** Pads with spaces, so that the tensors start at a multiple of 8 bytes. */
  private static byte[] padded(byte[] json) {
    byte[] header = Arrays.copyOf(json, (json.length + 7) & -8);
    Arrays.fill(header, json.length, header.length, (byte) ' ');
    if (header.length > MAX_HEADER_BYTES) {
      throw new IllegalArgumentException(
          "header of " + header.length + " bytes, the format allows " + MAX_HEADER_BYTES);
    }
    return header;
  }

  private static ByteBuffer buffer() {
    return ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** One tensor of a header; begin and end count bytes from the first tensor on. */
  private record Entry(String name, DataType type, List<Long> shape, long begin, long end) {}

  private static final class Reader {
    private final Path file;
    private final FileChannel channel;
    private final ByteBuffer buffer = buffer();
    private final List<Entry> entries = new ArrayList<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    Reader(Path file, FileChannel channel) {
      this.file = file;
      this.channel = channel;
    }

    Contents read() throws IOException {
      long size = channel.size();
      require(size >= LENGTH_BYTES, "truncated to %d bytes", size);
      long length = fill(0, LENGTH_BYTES).getLong();
      require(
          length >= 2 && length <= Math.min(MAX_HEADER_BYTES, size - LENGTH_BYTES),
          "header of %s bytes in a file of %d",
          Long.toUnsignedString(length),
          size);
      long dataStart = LENGTH_BYTES + length;
      parse(readHeader((int) length));
      checkRanges(size - dataStart);
      Map<String, NamedTensor> tensors = new LinkedHashMap<>();
      List<String> ignored = new ArrayList<>();
      for (Entry entry : entries) {
        if (entry.type.isFloat()) {
          tensors.put(entry.name, readTensor(entry, dataStart));
        } else {
          ignored.add(entry.name);
        }
      }
      return new Contents(tensors, metadata, ignored);
    }

    private byte[] readHeader(int length) throws IOException {
      byte[] header = new byte[length];
      for (int from = 0; from < length; from += BUFFER_BYTES) {
        int count = Math.min(BUFFER_BYTES, length - from);
        fill(LENGTH_BYTES + (long) from, count).get(header, from, count);
      }
      return header;
    }

    private void parse(byte[] header) {
      // Other first bytes, white space included, make polyglots possible; the format forbids them.
      require(header[0] == '{', "the header does not start with '{'");
      JsonNode root;
      try {
        // A decoder of our own refuses malformed UTF-8, and keeps Jackson from guessing UTF-16.
        root =
            JSON.readTree(
                new InputStreamReader(
                    new ByteArrayInputStream(header), StandardCharsets.UTF_8.newDecoder()));
      } catch (JacksonException e) {
        throw new FormatException(file, "the header is not JSON: " + e.getOriginalMessage());
      }
      require(root.isObject(), "the header is not a JSON object");
      for (Map.Entry<String, JsonNode> property : root.properties()) {
        if (property.getKey().equals(METADATA)) {
          parseMetadata(property.getValue());
        } else {
          entries.add(parseEntry(property.getKey(), property.getValue()));
        }
      }
    }

    private void parseMetadata(JsonNode node) {
      require(node.isObject(), "%s is not an object", METADATA);
      for (Map.Entry<String, JsonNode> text : node.properties()) {
        require(text.getValue().isString(), "%s.%s is not a text", METADATA, text.getKey());
        metadata.put(text.getKey(), text.getValue().stringValue());
      }
    }

    private Entry parseEntry(String name, JsonNode node) {
      require(!name.isBlank(), "a tensor has no name");
      require(node.isObject(), "tensor '%s' is not an object", name);
      for (Map.Entry<String, JsonNode> property : node.properties()) {
        String key = property.getKey();
        require(TENSOR_KEYS.contains(key), "tensor '%s' has the unknown key '%s'", name, key);
      }
      JsonNode label = node.path("dtype");
      DataType type = label.isString() ? DataType.named(label.stringValue()) : null;
      require(
          type != null,
          "tensor '%s' has type %s, known are %s",
          name,
          label,
          Arrays.toString(DataType.values()));
      List<Long> offsets = integers(name, node, "data_offsets");
      require(offsets.size() == 2, "tensor '%s' has %d offsets, not 2", name, offsets.size());
      return new Entry(name, type, integers(name, node, "shape"), offsets.get(0), offsets.get(1));
    }

    private List<Long> integers(String name, JsonNode node, String key) {
      JsonNode array = node.path(key);
      require(array.isArray(), "tensor '%s' has no list '%s'", name, key);
      List<Long> result = new ArrayList<>(array.size());
      for (JsonNode value : array) {
        require(
            value.isIntegralNumber() && value.canConvertToLong() && value.longValue() >= 0,
            "tensor '%s' has %s in '%s'",
            name,
            value,
            key);
        result.add(value.longValue());
      }
      return result;
    }

    /** Every range must fit its shape, and together they must cover the data exactly. */
    private void checkRanges(long available) {
      List<Entry> ordered = new ArrayList<>(entries);
      ordered.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
      long covered = 0;
      for (Entry entry : ordered) {
        require(
            entry.begin == covered && entry.end >= entry.begin,
            "tensor '%s' lies at [%d, %d), which leaves a hole or overlaps another; expected %d",
            entry.name,
            entry.begin,
            entry.end,
            covered);
        require(
            fits(entry),
            "tensor '%s' of type %s and shape %s does not have %d bytes",
            entry.name,
            entry.type,
            entry.shape,
            entry.end - entry.begin);
        covered = entry.end;
      }
      require(
          covered == available,
          "the tensors take %d bytes, the file has %d for them",
          covered,
          available);
    }

    private static boolean fits(Entry entry) {
      long bits = entry.type.bits;
      try {
        for (long size : entry.shape) {
          bits = Math.multiplyExact(bits, size);
        }
        return bits % 8 == 0 && bits / 8 == entry.end - entry.begin;
      } catch (ArithmeticException e) {
        return false;
      }
    }

    private NamedTensor readTensor(Entry entry, long dataStart) throws IOException {
      List<Integer> shape = new ArrayList<>();
      for (long size : entry.shape) {
        require(size <= Integer.MAX_VALUE, "tensor '%s' has a size of %d", entry.name, size);
        shape.add((int) size);
      }
      int valueBytes = entry.type.bits / 8;
      long count = (entry.end - entry.begin) / valueBytes;
      require(
          count <= Integer.MAX_VALUE - 8, // the longest array a JVM grants
          "tensor '%s' has %d values, more than one array holds",
          entry.name,
          count);
      float[] values = new float[(int) count];
      for (int from = 0; from < values.length; from += BUFFER_BYTES / valueBytes) {
        int n = Math.min(BUFFER_BYTES / valueBytes, values.length - from);
        long position = dataStart + entry.begin + (long) from * valueBytes;
        entry.type.decode(fill(position, n * valueBytes), values, from, n);
      }
      return new NamedTensor(entry.name, shape, values);
    }

    private ByteBuffer fill(long position, int bytes) throws IOException {
      buffer.clear().limit(bytes);
      while (buffer.hasRemaining()) {
        int count = channel.read(buffer, position + buffer.position());
        require(count >= 0, "truncated while it was read");
      }
      return buffer.flip();
    }

    private void require(boolean condition, String reason, Object... values) {
      if (!condition) {
        throw new FormatException(file, String.format(reason, values));
      }
    }
  }

  /** The types of the format, with the size of a value; those that are not read need it too. */
  private enum DataType {
    F64(64),
    F32(32),
    F16(16),
    BF16(16),
    C64(64),
    I64(64),
    I32(32),
    I16(16),
    I8(8),
    U64(64),
    U32(32),
    U16(16),
    U8(8),
    BOOL(8),
    F8_E5M2(8),
    F8_E4M3(8),
    F8_E8M0(8),
    F6_E2M3(6),
    F6_E3M2(6),
    F4(4);

    final int bits;

    DataType(int bits) {
      this.bits = bits;
    }

    static @Nullable DataType named(String label) {
      for (DataType type : values()) {
        if (type.name().equals(label)) {
          return type;
        }
      }
      return null;
    }

    boolean isFloat() {
      return this == F64 || this == F32 || this == F16 || this == BF16;
    }

    void decode(ByteBuffer source, float[] target, int from, int count) {
      switch (this) {
        case F32 -> source.asFloatBuffer().get(target, from, count);
        case F64 -> {
          for (int i = from; i < from + count; i++) {
            target[i] = (float) source.getDouble();
          }
        }
        case F16 -> {
          for (int i = from; i < from + count; i++) {
            target[i] = halfToFloat(source.getShort());
          }
        }
        case BF16 -> {
          for (int i = from; i < from + count; i++) {
            target[i] = Float.intBitsToFloat(source.getShort() << 16);
          }
        }
        default -> throw new IllegalStateException(this + " is not read");
      }
    }
  }

  /** Widens an IEEE 754 binary16; Java has this only from version 20 on. */
  static float halfToFloat(short half) {
    int sign = (half & 0x8000) << 16;
    int exponent = (half >> 10) & 0x1F;
    int fraction = half & 0x3FF;
    if (exponent == 0) { // zero or subnormal: fraction times 2^-24, exact in a float
      return Float.intBitsToFloat(sign | Float.floatToRawIntBits(fraction * 0x1p-24f));
    }
    int widened = exponent == 0x1F ? 0xFF : exponent - 15 + 127;
    return Float.intBitsToFloat(sign | widened << 23 | fraction << 13);
  }
}
