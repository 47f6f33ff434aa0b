// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.mnist;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.randwire.data.DataException;
import org.randwire.data.DataFile;
import org.randwire.data.DataSplit;
import org.randwire.data.InMemoryDataset;
import org.randwire.data.Normalization;
import org.randwire.data.augment.Augmentation;

/**
 * MNIST: 60,000 training and 10,000 test images of handwritten digits, [1, 28, 28], 10 classes.
 *
 * <p>Files are in the IDX format: big-endian words magic, count and for images rows and columns,
 * then one byte per value. Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied
 * to document recognition" (1998); any data set of the same format, classes and size is read too.
 */
public final class Mnist {
  /** Shift by up to two pixels; digits are not mirrored. */
  public static final Augmentation AUGMENTATION = new Augmentation(2, 0);

  /** Mean 0.1307 and standard deviation 0.3081 of the training images. */
  public static final Normalization NORMALIZATION = Normalization.uniform(1, 0.1307, 0.3081);

  private static final int SIDE = 28;
  private static final int CLASSES = 10;
  private static final int IMAGES_MAGIC = 0x803;
  private static final int LABELS_MAGIC = 0x801;
  private static final int IMAGES_HEADER_BYTES = 16;
  private static final int LABELS_HEADER_BYTES = 8;
  private static final int MAX_COUNT = 1_000_000;

  private Mnist() {}

  /**
   * Reads both halves from a folder that holds {@code train-images-idx3-ubyte}, {@code
   * train-labels-idx1-ubyte}, {@code t10k-images-idx3-ubyte} and {@code t10k-labels-idx1-ubyte},
   * each plain or with {@code .gz}.
   *
   * @throws DataException if a file is missing or not what it should be
   */
  public static DataSplit load(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw DataException.mismatch(folder, "a folder with the MNIST files", "no folder");
    }
    return new DataSplit(
        load("mnist/train", find(folder, "train-images-idx3"), find(folder, "train-labels-idx1")),
        load("mnist/test", find(folder, "t10k-images-idx3"), find(folder, "t10k-labels-idx1")),
        AUGMENTATION);
  }

  private static InMemoryDataset load(String name, Path images, Path labels) {
    byte[] pixels = readImages(images);
    byte[] classes = readLabels(labels);
    int count = pixels.length / (SIDE * SIDE);
    if (classes.length != count) {
      throw DataException.mismatch(
          labels, count + " labels as there are images", String.valueOf(classes.length));
    }
    return new InMemoryDataset(name, 1, SIDE, SIDE, CLASSES, NORMALIZATION, pixels, classes);
  }

  private static Path find(Path folder, String stem) {
    String name = stem + "-ubyte";
    return List.of(name, name + ".gz").stream()
        .map(folder::resolve)
        .filter(Files::isRegularFile)
        .findFirst()
        .orElseThrow(
            () -> DataException.mismatch(folder, name + ".gz or " + name, "neither of them"));
  }

  private static byte[] readImages(Path path) {
    byte[] file = read(path, IMAGES_MAGIC, IMAGES_HEADER_BYTES, SIDE * SIDE);
    ByteBuffer header = ByteBuffer.wrap(file);
    int rows = header.getInt(8);
    int columns = header.getInt(12);
    if (rows != SIDE || columns != SIDE) {
      throw DataException.mismatch(path, "images of 28 x 28", rows + " x " + columns);
    }
    return body(path, file, IMAGES_HEADER_BYTES, SIDE * SIDE);
  }

  private static byte[] readLabels(Path path) {
    byte[] file = read(path, LABELS_MAGIC, LABELS_HEADER_BYTES, 1);
    byte[] labels = body(path, file, LABELS_HEADER_BYTES, 1);
    for (int i = 0; i < labels.length; i++) {
      int label = Byte.toUnsignedInt(labels[i]);
      if (label >= CLASSES) {
        throw DataException.mismatch(path, "label " + i + " in 0..9", String.valueOf(label));
      }
    }
    return labels;
  }

  private static byte[] read(Path path, int magic, int headerBytes, int exampleBytes) {
    byte[] file = new DataFile(path).bytes(headerBytes + MAX_COUNT * exampleBytes);
    if (file.length < headerBytes) {
      throw DataException.mismatch(
          path, "a header of " + headerBytes + " bytes", file.length + " bytes");
    }
    int found = ByteBuffer.wrap(file).getInt(0);
    if (found != magic) {
      throw DataException.mismatch(
          path, "magic number 0x%08x".formatted(magic), "0x%08x".formatted(found));
    }
    return file;
  }

  private static byte[] body(Path path, byte[] file, int headerBytes, int exampleBytes) {
    long count = Integer.toUnsignedLong(ByteBuffer.wrap(file).getInt(4));
    long expected = headerBytes + count * exampleBytes;
    if (count == 0 || file.length != expected) {
      throw DataException.mismatch(
          path,
          "at least one example, and %d bytes for the %d of its header".formatted(expected, count),
          file.length + " bytes");
    }
    return Arrays.copyOfRange(file, headerBytes, file.length);
  }
}
