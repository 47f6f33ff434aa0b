// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.cifar;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.randwire.data.DataException;
import org.randwire.data.DataFile;
import org.randwire.data.DataSplit;
import org.randwire.data.InMemoryDataset;
import org.randwire.data.Normalization;
import org.randwire.data.TarReader;
import org.randwire.data.augment.Augmentation;

/**
 * CIFAR-10: 50,000 training and 10,000 test photographs, [3, 32, 32] in RGB, 10 classes, in the
 * binary version its author publishes.
 *
 * <p>A record is one label byte and 3,072 pixel bytes: red, green and blue planes, row by row.
 * Source: Krizhevsky, "Learning multiple layers of features from tiny images" (2009).
 */
public final class Cifar10 {
  /** Mirroring with probability 0.5 and a crop from 4 pixels of padding, as both papers use. */
  public static final Augmentation AUGMENTATION = new Augmentation(4, 0.5);

  /** The constants of the design spaces papers, red, green, blue. */
  public static final Normalization NORMALIZATION =
      new Normalization(
          List.of(125.3 / 255, 123.0 / 255, 113.9 / 255),
          List.of(63.0 / 255, 62.1 / 255, 66.7 / 255));

  /** Name of the published archive. */
  public static final String ARCHIVE = "cifar-10-binary.tar.gz";

  private static final String SUBFOLDER = "cifar-10-batches-bin";
  private static final String TEST_FILE = "test_batch.bin";
  private static final List<String> TRAIN_FILES =
      IntStream.rangeClosed(1, 5).mapToObj("data_batch_%d.bin"::formatted).toList();
  private static final int RECORDS_PER_FILE = 10_000;

  private Cifar10() {}

  /**
   * Reads both halves from the published archive, in place, or from a folder that holds the
   * archive, the six {@code .bin} files or their folder {@code cifar-10-batches-bin}.
   *
   * @throws DataException if nothing of this is there, or it is not what it should be
   */
  public static DataSplit load(Path place) {
    if (Files.isRegularFile(place)) {
      return loadArchive(place);
    }
    for (Path folder : List.of(place, place.resolve(SUBFOLDER))) {
      if (Stream.concat(TRAIN_FILES.stream(), Stream.of(TEST_FILE))
          .anyMatch(name -> Files.isRegularFile(folder.resolve(name)))) {
        return loadFolder(folder);
      }
    }
    if (Files.isRegularFile(place.resolve(ARCHIVE))) {
      return loadArchive(place.resolve(ARCHIVE));
    }
    throw nothingFound(place);
  }

  /**
   * Reads files of records, plain or compressed by gzip, each with 1 to 10,000 records.
   *
   * @param train files of the training half, in order
   * @param test files of the test half, in order
   */
  public static DataSplit load(List<Path> train, List<Path> test) {
    return split(readFiles(train), readFiles(test));
  }

  private static DataSplit loadFolder(Path folder) {
    List<Records> train = TRAIN_FILES.stream().map(name -> readFull(folder.resolve(name))).toList();
    return split(train, List.of(readFull(folder.resolve(TEST_FILE))));
  }

  private static Records readFull(Path path) {
    return readFile(path).requireCount(path.toString(), RECORDS_PER_FILE);
  }

  private static List<Records> readFiles(List<Path> paths) {
    return paths.stream().map(Cifar10::readFile).toList();
  }

  private static Records readFile(Path path) {
    byte[] bytes = new DataFile(path).bytes(RECORDS_PER_FILE * Records.BYTES);
    return Records.parse(path.toString(), bytes);
  }

  private static DataSplit loadArchive(Path archive) {
    Map<String, Records> found = new HashMap<>();
    new DataFile(archive)
        .read(
            in -> {
              TarReader tar = new TarReader(archive, in);
              for (Optional<TarReader.Entry> next = tar.next();
                  next.isPresent();
                  next = tar.next()) {
                String name = next.get().fileName();
                if (name.equals(TEST_FILE) || TRAIN_FILES.contains(name)) {
                  readEntry(archive, tar, next.get(), found);
                }
              }
              // A compressed stream checks its sum only once it is read to its end.
              in.transferTo(OutputStream.nullOutputStream());
              return found;
            });
    List<Records> train =
        TRAIN_FILES.stream().map(name -> requireEntry(archive, found, name)).toList();
    return split(train, List.of(requireEntry(archive, found, TEST_FILE)));
  }

  private static void readEntry(
      Path archive, TarReader tar, TarReader.Entry entry, Map<String, Records> found)
      throws IOException {
    String place = archive + "!" + entry.name();
    Records records =
        Records.parse(place, tar.content(RECORDS_PER_FILE * Records.BYTES))
            .requireCount(place, RECORDS_PER_FILE);
    if (found.put(entry.fileName(), records) != null) {
      throw new DataException(place + ": a file of this name is in the archive twice");
    }
  }

  private static Records requireEntry(Path archive, Map<String, Records> found, String name) {
    Records records = found.get(name);
    if (records == null) {
      throw DataException.mismatch(archive, "an entry " + name, "only " + found.keySet());
    }
    return records;
  }

  private static DataSplit split(List<Records> train, List<Records> test) {
    return new DataSplit(
        dataset("cifar10/train", train), dataset("cifar10/test", test), AUGMENTATION);
  }

  private static InMemoryDataset dataset(String name, List<Records> files) {
    Records all = Records.concatenate(files);
    return new InMemoryDataset(
        name,
        Records.CHANNELS,
        Records.SIDE,
        Records.SIDE,
        Records.CLASSES,
        NORMALIZATION,
        all.pixels(),
        all.labels());
  }

  private static DataException nothingFound(Path place) {
    Path packed = place.resolve(TRAIN_FILES.get(0) + ".xz");
    if (Files.isRegularFile(packed)) {
      return new DataException(
          packed + ": xz files are not read; unpack them first: xz -dk " + place + "/*.bin.xz");
    }
    List<String> looked = new ArrayList<>();
    looked.add(TRAIN_FILES.get(0) + " to " + TEST_FILE);
    looked.add(SUBFOLDER + "/");
    looked.add(ARCHIVE);
    return DataException.mismatch(
        place,
        "one of " + String.join(", ", looked),
        Files.isDirectory(place) ? "none of them" : "no such file or folder");
  }
}
