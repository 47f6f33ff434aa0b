// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.mnist;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.data.DataException;
import org.randwire.data.DataSplit;
import org.randwire.data.Dataset;
import org.randwire.data.Normalization;
import org.randwire.data.PixelDataset;
import org.randwire.data.TestData;

class MnistTest {
  private static final String IMAGES = "train-images-idx3-ubyte";
  private static final String LABELS = "train-labels-idx1-ubyte";
  private static final int COUNT = 3;

  @TempDir Path folder;

  /** Sums and counts computed from the published files by a separate script. */
  @Test
  void readsTheBundledFiles() {
    DataSplit mnist = Mnist.load(Path.of("src/main/data/mnist"));
    Dataset train = mnist.train();
    Dataset test = mnist.test();

    assertEquals(60_000, train.size());
    assertEquals(10_000, test.size());
    assertArrayEquals(new int[] {5, 0, 4, 1, 9, 2, 1, 3, 1, 4}, TestData.firstLabels(train));
    assertArrayEquals(new int[] {7, 2, 1, 0, 4, 1, 4, 9, 5, 9}, TestData.firstLabels(test));
    assertArrayEquals(
        new int[] {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949},
        TestData.labelCounts(train));
    assertEquals(1_567_298_545L, TestData.pixelSum(train));
    assertEquals(264_923_200L, TestData.pixelSum(test));
    Normalization measured = TestData.measure(train);
    assertEquals(Mnist.NORMALIZATION.mean().get(0), measured.mean().get(0), 5e-5);
    assertEquals(
        Mnist.NORMALIZATION.standardDeviation().get(0), measured.standardDeviation().get(0), 5e-5);
  }

  @Test
  void readsPlainFilesAndKeepsRowOrder() throws IOException {
    writeValidFolder();

    PixelDataset train = (PixelDataset) Mnist.load(folder).train();
    byte[] pixels = new byte[28 * 28];
    train.pixels(2, pixels);

    assertEquals(2, train.label(2));
    assertArrayEquals(Arrays.copyOfRange(images(COUNT), 16 + 2 * 784, 16 + 3 * 784), pixels);
  }

  @Test
  void namesTheFolderThatIsMissing() {
    Path missing = folder.resolve("nowhere");

    DataException e = assertThrows(DataException.class, () -> Mnist.load(missing));

    assertOneLine(e, missing.toString(), "no folder");
  }

  @Test
  void namesTheFileThatIsMissing() throws IOException {
    writeValidFolder();
    Files.delete(folder.resolve(LABELS));

    DataException e = assertThrows(DataException.class, () -> Mnist.load(folder));

    assertOneLine(e, folder.toString(), "train-labels-idx1-ubyte.gz or train-labels-idx1-ubyte");
  }

  static Arguments[] damagedFiles() {
    byte[] compressed = TestData.gzip(images(COUNT));
    byte[] flipped = compressed.clone();
    flipped[flipped.length - 6] ^= 1;
    return new Arguments[] {
      Arguments.of(IMAGES, new byte[0], "a header of 16 bytes, found 0 bytes"),
      Arguments.of(IMAGES, Arrays.copyOf(images(COUNT), 15), "16 bytes, found 15 bytes"),
      Arguments.of(IMAGES, labels(COUNT), "a header of 16 bytes, found 11 bytes"),
      Arguments.of(LABELS, images(COUNT), "number 0x00000801, found 0x00000803"),
      Arguments.of(IMAGES, Arrays.copyOf(images(COUNT), 2000), "2368 bytes for the 3 of its"),
      Arguments.of(IMAGES, Arrays.copyOf(images(COUNT), 2369), "found 2369 bytes"),
      Arguments.of(IMAGES, images(0), "at least one example"),
      Arguments.of(IMAGES, patched(images(COUNT), 4, -1), "for the 4294967295 of its header"),
      Arguments.of(IMAGES, patched(images(COUNT), 8, 32), "28 x 28, found 32 x 28"),
      Arguments.of(LABELS, labels(COUNT + 1), "3 labels as there are images, found 4"),
      Arguments.of(
          LABELS, patched(labels(COUNT), 7, COUNT << 24 | 10 << 16), "label 0 in 0..9, found 10"),
      Arguments.of(IMAGES, Arrays.copyOf(compressed, 100), "cut short"),
      Arguments.of(IMAGES, Arrays.copyOf(compressed, 5), "cut short"),
      Arguments.of(IMAGES, flipped, "an intact gzip file, found damage")
    };
  }

  @ParameterizedTest
  @MethodSource("damagedFiles")
  void refusesADamagedFileWithOneLine(String file, byte[] content, String message)
      throws IOException {
    writeValidFolder();
    Files.write(folder.resolve(file), content);

    DataException e = assertThrows(DataException.class, () -> Mnist.load(folder));

    assertOneLine(e, folder.resolve(file).toString(), message);
  }

  private void writeValidFolder() throws IOException {
    Files.write(folder.resolve(IMAGES), images(COUNT));
    Files.write(folder.resolve(LABELS), labels(COUNT));
    Files.write(folder.resolve("t10k-images-idx3-ubyte"), images(1));
    Files.write(folder.resolve("t10k-labels-idx1-ubyte"), labels(1));
  }

  private static byte[] images(int count) {
    ByteBuffer file = ByteBuffer.allocate(16 + count * 784);
    file.putInt(0x803).putInt(count).putInt(28).putInt(28);
    while (file.hasRemaining()) {
      file.put((byte) (file.position() * 31));
    }
    return file.array();
  }

  private static byte[] labels(int count) {
    ByteBuffer file = ByteBuffer.allocate(8 + count).putInt(0x801).putInt(count);
    for (int i = 0; i < count; i++) {
      file.put((byte) i);
    }
    return file.array();
  }

  private static byte[] patched(byte[] file, int position, int word) {
    ByteBuffer.wrap(file).putInt(position, word);
    return file;
  }

  private static void assertOneLine(DataException e, String place, String part) {
    assertTrue(e.getMessage().startsWith(place), e.getMessage());
    assertTrue(e.getMessage().contains(part), e.getMessage());
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
  }
}
