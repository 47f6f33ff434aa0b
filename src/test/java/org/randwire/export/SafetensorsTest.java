// SPDX-License-Identifier: Apache-2.0
package org.randwire.export;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.tensor.NamedTensor;

class SafetensorsTest {
  private static final String ONE_FLOAT = "{'dtype':'F32','shape':[1],'data_offsets':[0,4]}";

  @TempDir Path folder;

  /**
   * reference.safetensors was written by safetensors.numpy.save_file (Python safetensors 0.8.0,
   * numpy 2.4.6) from F32, F64, F16, I64 and BOOL arrays with the values below.
   */
  @Test
  void readsAFileOfTheReferenceImplementation() throws Exception {
    Path file = Path.of(getClass().getResource("reference.safetensors").toURI());
    Safetensors.Contents contents = Safetensors.read(file);
    assertEquals(Map.of("format", "pt", "made by", "safetensors 0.8.0"), contents.metadata());
    assertEquals(List.of("bn.num_batches_tracked", "mask"), contents.ignored());
    float inf = Float.POSITIVE_INFINITY;
    assertEquals(
        List.of(
            new NamedTensor("head.bias", List.of(3), new float[] {0.1f, -inf, 2.5f}),
            new NamedTensor("empty", List.of(0, 3), new float[0]),
            new NamedTensor("scalar", List.of(), new float[] {2.5f}),
            new NamedTensor(
                "stem.weight",
                List.of(2, 3),
                new float[] {1.5f, -2.25f, 3e-8f, inf, -0.0f, 1f / 3}),
            new NamedTensor(
                "half",
                List.of(6),
                // 6e-8, 6.1e-5 and 0.333 in binary16: one and 1023 smallest steps, 1364 * 2^-12
                new float[] {1, -65504, 0x1p-24f, 1023 * 0x1p-24f, inf, 1364 * 0x1p-12f})),
        List.copyOf(contents.tensors().values()));
  }

  @Test
  void readsBackTheBitsItWrote() {
    Random random = new Random(1);
    float[] large = new float[(1 << 18) + 3]; // more than one buffer
    for (int i = 0; i < large.length; i++) {
      large[i] = Float.intBitsToFloat(random.nextInt());
    }
    List<NamedTensor> tensors =
        List.of(
            new NamedTensor("z \"quoted\" \n é", List.of(2, 1), new float[] {Float.NaN, -0.0f}),
            new NamedTensor("none", List.of(4, 0), new float[0]),
            new NamedTensor("a", List.of(large.length), large));
    Path file = folder.resolve("out.safetensors");
    Safetensors.write(file, tensors, Map.of("seed", "1"));
    Safetensors.Contents contents = Safetensors.read(file);
    assertEquals(tensors, List.copyOf(contents.tensors().values()));
    assertArrayEquals(bits(large), bits(contents.tensors().get("a").values()));
    assertEquals(Map.of("seed", "1"), contents.metadata());
  }

  @Test
  void startsTheTensorsAtAMultipleOfEightBytes() throws IOException {
    Path file = folder.resolve("out.safetensors");
    for (int length = 1; length <= 16; length++) {
      NamedTensor tensor = new NamedTensor("n".repeat(length), List.of(1), new float[1]);
      Safetensors.write(file, List.of(tensor), Map.of());
      assertEquals(0, (Files.size(file) - Float.BYTES) % 8, "name of " + length);
    }
  }

  @Test
  void leavesTheFormerFileAndNoOtherWhenItCannotWrite() throws IOException {
    Path file = Files.createDirectory(folder.resolve("taken"));
    Files.writeString(file.resolve("content"), "x"); // a folder with content cannot be replaced
    assertThrows(UncheckedIOException.class, () -> Safetensors.write(file, List.of(), Map.of()));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(file), files.toList());
    }
    assertEquals("x", Files.readString(file.resolve("content")));
  }

  @Test
  void refusesToWriteTwoTensorsOfOneName() {
    NamedTensor tensor = new NamedTensor("w", List.of(1), new float[1]);
    NamedTensor reserved = new NamedTensor("__metadata__", List.of(1), new float[1]);
    Path file = folder.resolve("out");
    assertThrows(
        IllegalArgumentException.class,
        () -> Safetensors.write(file, List.of(tensor, tensor), Map.of()));
    assertThrows(
        IllegalArgumentException.class, () -> Safetensors.write(file, List.of(reserved), Map.of()));
    assertFalse(Files.exists(file));
  }

  @Test
  void namesAMissingFile() {
    Path file = folder.resolve("missing");
    UncheckedIOException e = assertThrows(UncheckedIOException.class, () -> Safetensors.read(file));
    assertEquals(file + ": no such file", e.getMessage());
  }

  @Test
  void acceptsWhatTheFormatAllows() throws IOException {
    assertEquals(Map.of(), read("{}", 0).tensors());
    assertEquals(Map.of(), read("{}       ", 0).tensors());
    assertEquals(List.of("q"), read("{'q':" + entry("F4", "[2]", 0, 1) + "}", 1).ignored());
    // The order of the header is free.
    String swapped = "{'b':" + entry("F32", "[1]", 4, 8) + ",'a':" + ONE_FLOAT + "}";
    assertEquals(List.of("b", "a"), List.copyOf(read(swapped, 8).tensors().keySet()));
  }

  static Stream<List<Object>> brokenFiles() {
    String two = "{'a':" + ONE_FLOAT + ",'b':%s}";
    return Stream.of(
        List.of("hole", two.formatted(entry("F32", "[1]", 8, 12)), 12, "hole"),
        List.of("overlap", two.formatted(entry("F32", "[1]", 2, 6)), 6, "overlaps"),
        List.of("same place", two.formatted(ONE_FLOAT), 4, "overlaps"),
        List.of("data missing", "{'a':" + ONE_FLOAT + "}", 3, "take 4 bytes, the file has 3"),
        List.of("data left over", "{'a':" + ONE_FLOAT + "}", 5, "take 4 bytes, the file has 5"),
        List.of("duplicate key", "{'a':" + ONE_FLOAT + ",'a':" + ONE_FLOAT + "}", 4, "uplicate"),
        List.of("end first", "{'a':" + entry("F32", "[1]", 4, 0) + "}", 4, "'a'"),
        List.of("shape too big", "{'a':" + entry("F32", "[2]", 0, 4) + "}", 4, "shape [2]"),
        List.of(
            "shape overflows",
            "{'a':" + entry("F32", "[4294967296,4294967296]", 0, 0) + "}",
            0,
            "shape"),
        List.of("negative size", "{'a':" + entry("F32", "[-1,-1]", 0, 4) + "}", 4, "-1"),
        List.of("fraction", "{'a':" + entry("F32", "[1.0]", 0, 4) + "}", 4, "1.0"),
        List.of(
            "beyond long",
            "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,99999999999999999999]}}",
            4,
            "data_offsets"),
        List.of("one offset", "{'a':{'dtype':'F32','shape':[],'data_offsets':[0]}}", 4, "1 offs"),
        List.of("no shape", "{'a':{'dtype':'F32','data_offsets':[0,4]}}", 4, "'shape'"),
        List.of("no type", "{'a':{'shape':[1],'data_offsets':[0,4]}}", 4, "type"),
        List.of("unknown type", "{'a':" + entry("F99", "[1]", 0, 4) + "}", 4, "F99"),
        List.of("half a byte", "{'a':" + entry("F4", "[1]", 0, 0) + "}", 0, "F4"),
        List.of(
            "unknown key",
            "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4],'code':''}}",
            4,
            "'code'"),
        List.of("metadata not text", "{'__metadata__':{'a':1}}", 0, "__metadata__.a"),
        List.of("metadata list", "{'__metadata__':[]}", 0, "__metadata__"),
        List.of("no object", "[]", 0, "'{'"),
        List.of("leading space", " {}", 0, "'{'"),
        List.of("two documents", "{}{}", 0, "JSON"),
        List.of("not JSON", "{a:1}", 0, "JSON"),
        List.of("deep", "{'a':" + "[".repeat(100_000) + "}", 0, "JSON"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("brokenFiles")
  void refusesWithOneLineThatNamesTheFault(List<Object> broken) throws IOException {
    FormatException e =
        assertThrows(
            FormatException.class, () -> read((String) broken.get(1), (Integer) broken.get(2)));
    assertTrue(e.getMessage().contains((String) broken.get(3)), e.getMessage());
    assertTrue(e.getMessage().startsWith(folder.toString()), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }

  @Test
  void refusesHeaderLengthsThatTheFileCannotBack() throws IOException {
    for (long length : new long[] {0, 1, 3, 1L << 31, 1L << 62, -1, Long.MIN_VALUE}) {
      Path file = folder.resolve("length");
      byte[] bytes =
          ByteBuffer.allocate(10)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putLong(length)
              .put("{}".getBytes(StandardCharsets.UTF_8))
              .array();
      Files.write(file, bytes);
      assertThrows(FormatException.class, () -> Safetensors.read(file), "length " + length);
    }
  }

  @Test
  void refusesAHeaderAboveTheLimitOfTheFormat() throws IOException {
    Path file = folder.resolve("sparse");
    try (var channel =
        Files.newByteChannel(
            file,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE,
            StandardOpenOption.WRITE)) {
      channel.write(
          ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(100_000_001).flip());
      channel.position(200_000_000);
      channel.write(ByteBuffer.allocate(1));
    }
    assertThrows(FormatException.class, () -> Safetensors.read(file));
  }

  @Test
  void refusesUtf16AndMalformedUtf8() {
    assertThrows(FormatException.class, () -> read("{}".getBytes(StandardCharsets.UTF_16LE), 0));
    byte[] overlong = "{\"??\":1}".getBytes(StandardCharsets.UTF_8);
    overlong[2] = (byte) 0xC0;
    overlong[3] = (byte) 0x80;
    FormatException e = assertThrows(FormatException.class, () -> read(overlong, 0));
    assertTrue(e.getMessage().contains("JSON"), e.getMessage());
  }

  /** A reader of untrusted files may refuse, and nothing else. */
  @Test
  void endsInContentsOrAFormatExceptionForEveryMutation() throws Exception {
    byte[] original =
        Files.readAllBytes(Path.of(getClass().getResource("reference.safetensors").toURI()));
    Path file = folder.resolve("mutant");
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    // Loads the classes, which takes more than any file here.
    Files.write(file, original);
    Safetensors.read(file);
    Files.write(file, new byte[] {1});
    assertThrows(FormatException.class, () -> Safetensors.read(file));
    int refused = 0;
    for (int seed = 0; seed < 1_000; seed++) {
      Files.write(file, mutate(original, new Random(seed)));
      long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
      try {
        Safetensors.read(file);
      } catch (FormatException e) {
        assertEquals(1, e.getMessage().lines().count(), "seed " + seed);
        refused++;
      } catch (Throwable e) {
        fail("seed " + seed, e);
      }
      long allocated = threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
      // A file of 587 bytes needs some kilobytes.
      assertTrue(allocated < 8 << 20, "seed " + seed + " allocated " + allocated);
    }
    assertTrue(refused > 500, "only " + refused + " of 1000 mutants were refused");
  }

  private static byte[] mutate(byte[] original, Random random) {
    byte[] bytes =
        random.nextInt(4) == 0
            ? Arrays.copyOf(original, random.nextInt(original.length))
            : original.clone();
    int flips = 1 + random.nextInt(4);
    for (int i = 0; i < flips && bytes.length > 0; i++) {
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
    }
    return bytes;
  }

  @ParameterizedTest
  @CsvSource({
    "0x0000, 0x0p0",
    "0x8000, -0x0p0",
    "0x0001, 0x1p-24",
    "0x83ff, -0x1.ff8p-15",
    "0x0400, 0x1p-14",
    "0x3c00, 0x1p0",
    "0x7bff, 0x1.ffcp15",
    "0xfc00, -Infinity",
    "0x7e00, NaN"
  })
  void widensHalfPrecisionExactly(String half, String expected) {
    float value = Safetensors.halfToFloat(Integer.decode(half).shortValue());
    assertEquals(Float.valueOf(expected), value, 0f);
  }

  @Test
  void readsBrainFloatsAsTheUpperHalfOfAFloat() throws IOException {
    byte[] header = ("{'a':" + entry("BF16", "[2]", 0, 4) + "}").replace('\'', '"').getBytes();
    Path file = folder.resolve("bf16");
    Files.write(
        file,
        ByteBuffer.allocate(12 + header.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(header.length)
            .put(header)
            .putShort((short) 0x3FC0)
            .putShort((short) 0xC2F7)
            .array());
    assertArrayEquals(
        new float[] {1.5f, -123.5f}, Safetensors.read(file).tensors().get("a").values());
  }

  private static String entry(String type, String shape, long begin, long end) {
    Map<String, String> members = new LinkedHashMap<>();
    members.put("'dtype'", "'" + type + "'");
    members.put("'shape'", shape);
    members.put("'data_offsets'", "[" + begin + "," + end + "]");
    return members.toString().replace("'=", "':");
  }

  private Safetensors.Contents read(String header, int dataBytes) throws IOException {
    return read(header.replace('\'', '"').getBytes(StandardCharsets.UTF_8), dataBytes);
  }

  private Safetensors.Contents read(byte[] header, int dataBytes) throws IOException {
    Path file = folder.resolve("file");
    ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + dataBytes);
    bytes.order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).put(header);
    Files.write(file, bytes.array());
    return Safetensors.read(file);
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(values[i]);
    }
    return bits;
  }
}
