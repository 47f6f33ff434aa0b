// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.cifar;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.opentest4j.TestAbortedException;
import org.randwire.data.DataException;
import org.randwire.data.DataFile;
import org.randwire.data.DataSplit;
import org.randwire.data.Dataset;
import org.randwire.data.PixelDataset;
import org.randwire.data.TestData;

class Cifar10Test {
  private static final int FULL = 10_000 * Records.BYTES;

  /** Of the 50,000 training images, in exact arithmetic by a separate script. */
  private static final List<Double> MEAN =
      List.of(0.49139967861519607, 0.48215840839460783, 0.44653091444546567);

  private static final List<Double> STANDARD_DEVIATION =
      List.of(0.24703223246328201, 0.24348512800005553, 0.2615878417279645);

  @TempDir Path folder;

  /** Sums computed from the same files by a separate script. */
  @Test
  void readsCompressedFilesOfTheCallersChoice() {
    DataSplit mini = mini();

    assertEquals(2000, mini.train().size());
    assertEquals(1000, mini.test().size());
    assertArrayEquals(new int[] {6, 9, 9, 4, 1, 1, 2, 7, 8, 3}, TestData.firstLabels(mini.train()));
    assertArrayEquals(new int[] {3, 8, 8, 0, 6, 6, 1, 6, 3, 1}, TestData.firstLabels(mini.test()));
    assertEquals(742_506_465L, TestData.pixelSum(mini.train()));
    assertEquals(374_560_331L, TestData.pixelSum(mini.test()));
  }

  /** Facts of the 60,000 published images; the test data keep them compressed by xz. */
  @Test
  void readsTheWholeDataSet() throws Exception {
    Path packed = TestData.require("cifar10/data_batch_1.bin.xz").getParent();
    for (String file : fullFiles().keySet()) {
      unpack(packed.resolve(file + ".xz"), folder.resolve(file));
    }
    DataSplit cifar = Cifar10.load(folder);
    var measured = TestData.measure(cifar.train());

    assertArrayEquals(allEqual(5000), TestData.labelCounts(cifar.train()));
    assertArrayEquals(allEqual(1000), TestData.labelCounts(cifar.test()));
    assertEquals(
        3718380578L + 3712041194L + 3690028756L + 3708459093L + 3711772382L,
        TestData.pixelSum(cifar.train()));
    assertEquals(3733375634L, TestData.pixelSum(cifar.test()));
    assertClose(MEAN, measured.mean(), 1e-12);
    assertClose(STANDARD_DEVIATION, measured.standardDeviation(), 1e-12);
  }

  private static void unpack(Path packed, Path to) throws Exception {
    Process xz;
    try {
      xz = new ProcessBuilder("xz", "-dc", packed.toString()).redirectOutput(to.toFile()).start();
    } catch (IOException e) {
      throw new TestAbortedException("no xz command to unpack the data set with", e);
    }
    assertEquals(0, xz.waitFor(), "xz -dc " + packed);
  }

  /** The published constants carry four digits of a value in 0..255. */
  @Test
  void normalizationIsThatOfTheRealImages() {
    assertClose(MEAN, Cifar10.NORMALIZATION.mean(), 2.5e-4);
    assertClose(STANDARD_DEVIATION, Cifar10.NORMALIZATION.standardDeviation(), 2.5e-4);
  }

  @Test
  void readsTheArchiveInPlaceFromAFileOrItsFolder() throws IOException {
    DataSplit mini = mini();
    Map<String, byte[]> files = fullFiles();
    byte[] train = bytes("cifar10/mini_train_2000.bin.gz");
    byte[] test = bytes("cifar10/mini_test_1000.bin.gz");
    System.arraycopy(train, 0, files.get("data_batch_1.bin"), 0, train.length);
    System.arraycopy(test, 0, files.get("test_batch.bin"), 0, test.length);
    files.get("data_batch_3.bin")[0] = 7;
    Path archive = folder.resolve(Cifar10.ARCHIVE);
    writeArchive(archive, files);

    for (Path place : List.of(archive, folder)) {
      DataSplit read = Cifar10.load(place);
      assertEquals(50_000, read.train().size());
      assertEquals(10_000, read.test().size());
      assertSameExamples(mini.train(), read.train());
      assertSameExamples(mini.test(), read.test());
      assertEquals(7, read.train().label(20_000));
      assertEquals(742_506_465L, TestData.pixelSum(read.train()));
    }
    assertEquals(List.of(archive), Files.list(folder).toList(), "nothing is unpacked");
  }

  @Test
  void readsTheFolderOfTheUnpackedArchive() throws IOException {
    Path inner = Files.createDirectory(folder.resolve("cifar-10-batches-bin"));
    for (var file : fullFiles().entrySet()) {
      file.getValue()[1] = (byte) 200;
      Files.write(inner.resolve(file.getKey()), file.getValue());
    }

    DataSplit read = Cifar10.load(folder);

    assertEquals(5 * 200, TestData.pixelSum(read.train()));
    assertEquals(200, TestData.pixelSum(read.test()));
  }

  @Test
  void refusesAFileOfTheStandardSetThatIsTooShort() throws IOException {
    for (var file : fullFiles().entrySet()) {
      Files.write(folder.resolve(file.getKey()), file.getValue());
    }
    Path shorter = folder.resolve("data_batch_4.bin");
    Files.write(shorter, new byte[9_999 * Records.BYTES]);

    assertRefused(shorter, "expected 10000 records of 3073 bytes, found 9999", folder);
  }

  @Test
  void namesTheStandardFileThatIsMissing() throws IOException {
    Files.write(folder.resolve("data_batch_1.bin"), new byte[FULL]);

    assertRefused(folder.resolve("data_batch_2.bin"), "no such file", folder);
  }

  @Test
  void listsWhatItLookedFor() {
    assertRefused(folder, "cifar-10-batches-bin/, cifar-10-binary.tar.gz, found none", folder);
    Path missing = folder.resolve("nowhere");
    assertRefused(missing, "found no such file or folder", missing);
  }

  @Test
  void saysHowToUnpackXzFiles() throws IOException {
    Path packed = Files.createFile(folder.resolve("data_batch_1.bin.xz"));

    assertRefused(packed, "xz -dk", folder);
  }

  static Arguments[] damagedFiles() {
    byte[] wrongLabel = new byte[3 * Records.BYTES];
    wrongLabel[2 * Records.BYTES] = 10;
    byte[] compressed = TestData.gzip(new byte[5 * Records.BYTES]);
    return new Arguments[] {
      Arguments.of(
          new byte[0], "a positive multiple of 3073 bytes (1 label, 3072 pixels), found 0"),
      Arguments.of(new byte[Records.BYTES + 1], "found 3074"),
      Arguments.of(new byte[FULL + 1], "at most 30730000 bytes, found more"),
      Arguments.of(wrongLabel, "a label in 0..9 in record 2, found 10"),
      Arguments.of(Arrays.copyOf(compressed, compressed.length / 2), "one that is cut short")
    };
  }

  @ParameterizedTest
  @MethodSource("damagedFiles")
  void refusesADamagedFileWithOneLine(byte[] content, String message) throws IOException {
    Path good = Files.write(folder.resolve("good.bin"), new byte[Records.BYTES]);
    Path bad = Files.write(folder.resolve("bad.bin"), content);

    DataException e =
        assertThrows(DataException.class, () -> Cifar10.load(List.of(good, bad), List.of(good)));

    assertOneLine(e, bad.toString(), message);
  }

  @Test
  void refusesAnArchiveWithoutOneOfTheFiles() throws IOException {
    Map<String, byte[]> files = fullFiles();
    files.remove("test_batch.bin");
    Path archive = folder.resolve("a.tar.gz");
    writeArchive(archive, files);

    assertRefused(archive, "an entry test_batch.bin", archive);
  }

  @Test
  void refusesAnArchiveWithAFileOfTheWrongSize() throws IOException {
    Map<String, byte[]> files = fullFiles();
    files.put("data_batch_1.bin", new byte[10 * Records.BYTES]);
    Path archive = folder.resolve("a.tar.gz");
    writeArchive(archive, files);

    assertRefused(archive, "data_batch_1.bin: expected 10000 records", archive);
  }

  @Test
  void refusesAnArchiveThatIsCutShort() throws IOException {
    Path archive = folder.resolve("a.tar.gz");
    writeArchive(archive, fullFiles());
    byte[] whole = Files.readAllBytes(archive);

    for (int length : new int[] {5, 100, whole.length / 2, whole.length - 9}) {
      Files.write(archive, Arrays.copyOf(whole, length));
      assertRefused(archive, "expected", archive);
    }
  }

  @Test
  void refusesAFileThatIsNoArchive() throws IOException {
    Path archive = folder.resolve("a.tar.gz");
    Files.write(archive, "<html>404 Not Found</html>".repeat(40).getBytes(StandardCharsets.UTF_8));

    assertRefused(archive, "expected a tar archive, found a header", archive);
  }

  private static DataSplit mini() {
    return Cifar10.load(
        List.of(TestData.require("cifar10/mini_train_2000.bin.gz")),
        List.of(TestData.require("cifar10/mini_test_1000.bin.gz")));
  }

  private static byte[] bytes(String name) {
    return new DataFile(TestData.require(name)).bytes(FULL);
  }

  private static Map<String, byte[]> fullFiles() {
    Map<String, byte[]> files = new LinkedHashMap<>();
    for (int i = 1; i <= 5; i++) {
      files.put("data_batch_" + i + ".bin", new byte[FULL]);
    }
    files.put("test_batch.bin", new byte[FULL]);
    return files;
  }

  /** Writes the entries the published archive has besides its data, too: a folder and a text. */
  private static void writeArchive(Path path, Map<String, byte[]> files) throws IOException {
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(path))) {
      writeEntry(out, '5', "cifar-10-batches-bin/", new byte[0]);
      writeEntry(out, '0', "cifar-10-batches-bin/readme.html", new byte[88]);
      for (var file : files.entrySet()) {
        writeEntry(out, '0', "cifar-10-batches-bin/" + file.getKey(), file.getValue());
      }
      out.write(new byte[1024]);
    }
  }

  private static void writeEntry(OutputStream out, char type, String name, byte[] content)
      throws IOException {
    byte[] header = new byte[512];
    put(header, 0, name);
    put(header, 100, "0000644\0");
    put(header, 124, "%011o\0".formatted(content.length));
    put(header, 148, "        ");
    header[156] = (byte) type;
    put(header, 257, "ustar\00000");
    int sum = 0;
    for (byte b : header) {
      sum += Byte.toUnsignedInt(b);
    }
    put(header, 148, "%06o\0 ".formatted(sum));
    out.write(header);
    out.write(content);
    out.write(new byte[-content.length & 511]);
  }

  private static void put(byte[] header, int position, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, header, position, bytes.length);
  }

  private static void assertSameExamples(Dataset expected, Dataset start) {
    PixelDataset one = (PixelDataset) expected;
    PixelDataset other = (PixelDataset) start;
    byte[] first = new byte[one.pixelCount()];
    byte[] second = new byte[one.pixelCount()];
    for (int i = 0; i < expected.size(); i++) {
      one.pixels(i, first);
      other.pixels(i, second);
      assertArrayEquals(first, second);
      assertEquals(expected.label(i), start.label(i));
    }
  }

  private static void assertClose(List<Double> expected, List<Double> actual, double tolerance) {
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i), actual.get(i), tolerance);
    }
  }

  private static int[] allEqual(int count) {
    int[] counts = new int[10];
    Arrays.fill(counts, count);
    return counts;
  }

  private static void assertRefused(Path named, String part, Path loaded) {
    DataException e = assertThrows(DataException.class, () -> Cifar10.load(loaded));
    assertOneLine(e, named.toString(), part);
  }

  private static void assertOneLine(DataException e, String place, String part) {
    assertTrue(e.getMessage().startsWith(place), e.getMessage());
    assertTrue(e.getMessage().contains(part), e.getMessage());
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
  }
}
