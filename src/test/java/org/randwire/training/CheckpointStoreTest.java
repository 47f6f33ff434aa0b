// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointStoreTest {
  private static final String NETWORK = "randwire-small sha256:5f";

  @TempDir Path folder;

  /**
   * A checkpoint whose every value follows from its step, so that a reader can tell it is whole.
   */
  static Checkpoint checkpoint(long step, int values) {
    Random random = new Random(step);
    float[] weights = new float[values];
    for (int i = 0; i < values; i++) {
      weights[i] = Float.intBitsToFloat(random.nextInt());
    }
    Map<String, Checkpoint.Section> sections = new LinkedHashMap<>();
    sections.put("weights", new Checkpoint.Floats(weights));
    sections.put("sums", new Checkpoint.Doubles(random.doubles(33).toArray()));
    sections.put("counters", new Checkpoint.Longs(List.of(3, 1), random.longs(3).toArray()));
    sections.put("none", new Checkpoint.Floats(new float[0]));
    return new Checkpoint(NETWORK, 1L << 60, 2, step, 0, Map.of("best", "0.25"), sections);
  }

  static void assertSame(Checkpoint expected, Checkpoint actual) {
    assertEquals(expected.step(), actual.step());
    assertEquals(expected.network(), actual.network());
    assertEquals(expected.seed(), actual.seed());
    assertEquals(expected.epoch(), actual.epoch());
    assertEquals(expected.positionInEpoch(), actual.positionInEpoch());
    assertEquals(expected.extra(), actual.extra());
    assertEquals(
        List.copyOf(expected.sections().keySet()), List.copyOf(actual.sections().keySet()));
    assertArrayEquals(bits(expected.floats("weights")), bits(actual.floats("weights")));
    assertArrayEquals(expected.doubles("sums"), actual.doubles("sums"));
    assertArrayEquals(expected.longs("counters"), actual.longs("counters"));
    assertEquals(List.of(3, 1), actual.sections().get("counters").shape());
    assertEquals(0, actual.floats("none").length);
  }

  @Test
  void readsBackTheBitsItSaved() {
    Checkpoint saved = checkpoint(100, CheckpointFormat.BUFFER_BYTES / 4 + 5); // two buffers
    Path file = CheckpointStore.open(folder).save(saved);
    assertSame(saved, CheckpointStore.read(file));
    CheckpointStore.Restored restored = CheckpointStore.newest(folder, NETWORK).orElseThrow();
    assertSame(saved, restored.checkpoint());
    assertEquals(file, restored.file());
    assertEquals(List.of(), restored.skipped());
  }

  @Test
  void sectionsThatAreReadWhenTheyAreWrittenGiveTheSameBytesOneAtATime() throws IOException {
    Checkpoint arrays = checkpoint(3, 1_001);
    List<String> read = new ArrayList<>();
    Map<String, Checkpoint.Section> deferred = new LinkedHashMap<>();
    arrays
        .sections()
        .forEach(
            (name, section) ->
                deferred.put(
                    name,
                    new Checkpoint.Deferred(
                        section.shape(),
                        () -> {
                          read.add(name);
                          return section;
                        })));
    Checkpoint same = new Checkpoint(NETWORK, 1L << 60, 2, 3, 0, Map.of("best", "0.25"), deferred);
    assertEquals(List.of(), read);
    Path whole = CheckpointStore.open(folder.resolve("arrays")).save(arrays);
    Path file = CheckpointStore.open(folder.resolve("deferred")).save(same);
    assertEquals(-1, Files.mismatch(whole, file));
    List<String> names = List.copyOf(deferred.keySet());
    assertEquals(Stream.concat(names.stream(), names.stream()).toList(), read);
    assertSame(arrays, same);
    assertSame(arrays, same.loaded());
    var other = new Checkpoint.Deferred(List.of(2), () -> new Checkpoint.Longs(new long[3]));
    assertThrows(IllegalStateException.class, other::loaded);
  }

  @Test
  void writesTheSameBytesThroughABufferOfAnySize() throws IOException {
    Checkpoint checkpoint = checkpoint(3, 1_001);
    Path whole = CheckpointStore.open(folder).save(checkpoint);
    for (int size : new int[] {16, 24, 104, 4096}) {
      ByteBuffer buffer = CheckpointFormat.buffer(size);
      Path file = folder.resolve("small");
      try (var out = Channels.newChannel(Files.newOutputStream(file))) {
        CheckpointFormat.write(checkpoint, out, buffer);
      }
      assertEquals(-1, Files.mismatch(whole, file), "buffer of " + size);
      assertSame(checkpoint, CheckpointFormat.read(file, size));
    }
  }

  /** checkpoint-v1.rwck was built in Python from the format's description, with its own CRC32C. */
  @Test
  void readsTheFixtureOfFormatVersionOne() throws Exception {
    Checkpoint c =
        CheckpointStore.read(Path.of(getClass().getResource("checkpoint-v1.rwck").toURI()));
    assertEquals("fixture sha256:00ff", c.network());
    assertEquals(
        List.of(-7L, 3L, 1200L, 44L),
        List.of(c.seed(), (long) c.epoch(), c.step(), c.positionInEpoch()));
    assertEquals(Map.of("best", "0.125"), c.extra());
    assertArrayEquals(new float[] {1.5f, -0.0f, 3.25f}, c.floats("weights"));
    assertArrayEquals(new double[] {0.1, Double.POSITIVE_INFINITY}, c.doubles("bestErrors"));
    assertEquals(List.of(2, 1), c.sections().get("bestErrors").shape());
    assertArrayEquals(new long[] {Long.MIN_VALUE}, c.longs("counters"));
  }

  @Test
  void namesTheSectionsWhenAnotherIsAskedFor() {
    Checkpoint checkpoint = checkpoint(1, 4);
    IllegalArgumentException absent =
        assertThrows(IllegalArgumentException.class, () -> checkpoint.floats("momenta"));
    assertTrue(absent.getMessage().contains("[weights, sums, counters, none]"));
    IllegalArgumentException other =
        assertThrows(IllegalArgumentException.class, () -> checkpoint.floats("sums"));
    assertTrue(other.getMessage().contains("Doubles"), other.getMessage());
  }

  @Test
  void keepsTheTwoNewestAndTheBest() throws IOException {
    CheckpointStore store = CheckpointStore.open(folder);
    store.saveBest(checkpoint(1, 8));
    for (long step : new long[] {1, 2, 999_999_999_999L, 1_000_000_000_000L}) {
      store.save(checkpoint(step, 8));
    }
    assertEquals(
        List.of(
            CheckpointStore.BEST_FILE,
            "checkpoint-1000000000000.rwck",
            "checkpoint-999999999999.rwck"),
        names());
    assertEquals(1_000_000_000_000L, newestStep());
    assertSame(checkpoint(1, 8), CheckpointStore.read(folder.resolve(CheckpointStore.BEST_FILE)));
  }

  @Test
  void namesFilesWithPlainDigitsInAnyLocale() throws IOException {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
    try {
      CheckpointStore.open(folder).save(checkpoint(12, 8));
    } finally {
      Locale.setDefault(before);
    }
    assertEquals(List.of("checkpoint-000000000012.rwck"), names());
  }

  @Test
  void findsNothingInAnAbsentOrEmptyFolder() {
    assertTrue(CheckpointStore.newest(folder).isEmpty());
    assertTrue(CheckpointStore.newest(folder.resolve("absent")).isEmpty());
  }

  @Test
  void removesWhatAKilledSaveLeft() throws IOException {
    CheckpointStore.open(folder).save(checkpoint(1, 8));
    Files.writeString(folder.resolve("checkpoint-000000000002.rwck.tmp"), "RWCK");
    Files.writeString(folder.resolve("notes.txt"), "kept");
    CheckpointStore.open(folder);
    assertEquals(List.of("checkpoint-000000000001.rwck", "notes.txt"), names());
  }

  @Test
  void refusesTheCheckpointOfAnotherNetworkAndNamesBoth() {
    CheckpointStore.open(folder).save(checkpoint(1, 8));
    CheckpointException e =
        assertThrows(
            CheckpointException.class, () -> CheckpointStore.newest(folder, "resnet-56 sha256:0"));
    assertTrue(e.getMessage().contains(NETWORK), e.getMessage());
    assertTrue(e.getMessage().contains("resnet-56 sha256:0"), e.getMessage());
  }

  @Test
  void fallsBackFromANewerFormatVersionAndSaysSo() throws IOException {
    CheckpointStore store = CheckpointStore.open(folder);
    store.save(checkpoint(1, 8));
    Path newer = store.save(checkpoint(2, 8));
    byte[] bytes = Files.readAllBytes(newer);
    bytes[4] = 2;
    Files.write(newer, bytes);
    CheckpointStore.Restored restored = CheckpointStore.newest(folder).orElseThrow();
    assertSame(checkpoint(1, 8), restored.checkpoint());
    assertEquals(
        List.of(newer + ": format version 2 is newer than 1, which this program reads"),
        restored.skipped());
  }

  @Test
  void refusesWhenNoCheckpointCanBeReadAndSaysWhyForEach() throws IOException {
    CheckpointStore store = CheckpointStore.open(folder);
    Path first = store.save(checkpoint(1, 8));
    Path second = store.save(checkpoint(2, 8));
    Files.write(first, new byte[3]);
    Files.write(second, new byte[300]);
    CheckpointException e =
        assertThrows(CheckpointException.class, () -> CheckpointStore.newest(folder));
    assertTrue(e.getMessage().contains(first + ": truncated to 3 bytes"), e.getMessage());
    assertTrue(e.getMessage().contains(second + ": not a checkpoint"), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }

  @Test
  void fallsBackForATruncationAtEveryByte() throws IOException {
    CheckpointStore store = CheckpointStore.open(folder);
    store.save(checkpoint(1, 8));
    Path newest = store.save(checkpoint(2, 8));
    byte[] whole = Files.readAllBytes(newest);
    for (int length = 0; length < whole.length; length++) {
      Files.write(newest, Arrays.copyOf(whole, length));
      assertEquals(1, newestStep(), "cut at " + length);
      byte[] zeroed = Arrays.copyOf(Arrays.copyOf(whole, length), whole.length);
      if (!Arrays.equals(zeroed, whole)) { // a cut within zeros changes nothing
        Files.write(newest, zeroed);
        assertEquals(1, newestStep(), "zeros from " + length);
      }
    }
    Files.write(newest, Arrays.copyOf(whole, whole.length + 1));
    assertEquals(1, newestStep(), "a byte too many");
  }

  @Test
  void detectsEveryOneOfAThousandBitFlips() throws IOException {
    CheckpointStore store = CheckpointStore.open(folder);
    store.save(checkpoint(1, 500));
    Path newest = store.save(checkpoint(2, 500));
    byte[] whole = Files.readAllBytes(newest);
    Random random = new Random(6);
    for (int i = 0; i < 1_000; i++) {
      int bit = random.nextInt(whole.length * 8);
      byte[] damaged = whole.clone();
      damaged[bit / 8] ^= (byte) (1 << bit % 8);
      Files.write(newest, damaged);
      CheckpointStore.Restored restored = CheckpointStore.newest(folder).orElseThrow();
      assertEquals(1, restored.checkpoint().step(), "bit " + bit);
      assertEquals(1, restored.skipped().size(), "bit " + bit);
      assertEquals(1, restored.skipped().get(0).lines().count(), "bit " + bit);
    }
  }

  /** After a fallback the damaged file must not shadow what the resumed run saves. */
  @Test
  void setsLaterCheckpointsAsideWhenARunResumesFromAnEarlierOne() throws IOException {
    CheckpointStore store = CheckpointStore.open(folder);
    store.save(checkpoint(100, 8));
    Files.write(store.save(checkpoint(200, 8)), new byte[300]);
    store.save(checkpoint(150, 8));
    assertEquals(
        List.of(
            "checkpoint-000000000100.rwck",
            "checkpoint-000000000150.rwck",
            "checkpoint-000000000200.rwck.abandoned"),
        names());
    assertEquals(150, newestStep());
  }

  @Test
  void leavesThePreviousCheckpointAndNoOtherFileWhenTheDiskIsFull() throws IOException {
    Checkpoint next = checkpoint(2, 2_000);
    CheckpointStore.open(folder).save(checkpoint(1, 2_000));
    long size = Files.size(folder.resolve("checkpoint-000000000001.rwck"));
    List<String> before = names();
    for (int point = 0; point < 50; point++) {
      long room = size * point / 50;
      CheckpointStore store = new CheckpointStore(folder, new FullDisk(room));
      UncheckedIOException e =
          assertThrows(UncheckedIOException.class, () -> store.save(next), "room " + room);
      assertTrue(e.getMessage().endsWith("No space left on device"), e.getMessage());
      assertThrows(UncheckedIOException.class, () -> store.saveBest(next), "room " + room);
      assertEquals(before, names(), "room " + room);
      assertSame(checkpoint(1, 2_000), CheckpointStore.newest(folder).orElseThrow().checkpoint());
    }
    new CheckpointStore(folder, new FullDisk(size)).save(next);
    assertEquals(2, newestStep());
  }

  /** A disk with room for so many bytes per file, which takes what fits before it fails. */
  private static final class FullDisk extends Disk {
    private final long room;

    FullDisk(long room) {
      this.room = room;
    }

    @Override
    Output create(Path file) throws IOException {
      Output real = super.create(file);
      return new Output() {
        private long left = room;

        @Override
        public int write(ByteBuffer source) throws IOException {
          if (left == 0) {
            throw new IOException("No space left on device");
          }
          int count = (int) Math.min(left, source.remaining());
          ByteBuffer fitting = source.duplicate().limit(source.position() + count);
          int written = real.write(fitting);
          source.position(source.position() + written);
          left -= written;
          return written;
        }

        @Override
        public void force() throws IOException {
          real.force();
        }

        @Override
        public boolean isOpen() {
          return real.isOpen();
        }

        @Override
        public void close() throws IOException {
          real.close();
        }
      };
    }
  }

  private long newestStep() {
    return CheckpointStore.newest(folder).orElseThrow().checkpoint().step();
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(values[i]);
    }
    return bits;
  }
}
