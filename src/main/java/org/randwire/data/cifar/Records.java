// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.cifar;

import java.util.List;
import org.randwire.data.DataException;

/** The labels and the pixels ([N, 3, 32, 32]) of one or more files of CIFAR-10 records. */
record Records(byte[] labels, byte[] pixels) {
  static final int CHANNELS = 3;
  static final int SIDE = 32;
  static final int CLASSES = 10;

  /** Bytes of one record: the label and the pixels. */
  static final int BYTES = 1 + CHANNELS * SIDE * SIDE;

  private static final int PIXELS = BYTES - 1;

  /** Splits the bytes of one file; {@code place} names it in messages. */
  static Records parse(String place, byte[] file) {
    if (file.length == 0 || file.length % BYTES != 0) {
      throw new DataException(
          "%s: expected a positive multiple of %d bytes (1 label, 3072 pixels), found %d"
              .formatted(place, BYTES, file.length));
    }
    int count = file.length / BYTES;
    Records records = new Records(new byte[count], new byte[count * PIXELS]);
    for (int i = 0; i < count; i++) {
      records.labels[i] = file[i * BYTES];
      requireLabel(place, i, Byte.toUnsignedInt(file[i * BYTES]));
      System.arraycopy(file, i * BYTES + 1, records.pixels, i * PIXELS, PIXELS);
    }
    return records;
  }

  static Records concatenate(List<Records> files) {
    int count = files.stream().mapToInt(file -> file.labels.length).sum();
    Records all = new Records(new byte[count], new byte[count * PIXELS]);
    int start = 0;
    for (Records file : files) {
      System.arraycopy(file.labels, 0, all.labels, start, file.labels.length);
      System.arraycopy(file.pixels, 0, all.pixels, start * PIXELS, file.pixels.length);
      start += file.labels.length;
    }
    return all;
  }

  Records requireCount(String place, int count) {
    if (labels.length != count) {
      throw new DataException(
          "%s: expected %d records of %d bytes, found %d"
              .formatted(place, count, BYTES, labels.length));
    }
    return this;
  }

  private static void requireLabel(String place, int record, int label) {
    if (label >= CLASSES) {
      throw new DataException(
          "%s: expected a label in 0..9 in record %d, found %d".formatted(place, record, label));
    }
  }
}
