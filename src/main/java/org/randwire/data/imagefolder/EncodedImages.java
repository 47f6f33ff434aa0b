// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.imagefolder;

import java.util.Locale;
import java.util.Set;

/** The labelled files of one half of a data set, wherever their bytes lie. */
interface EncodedImages {
  /** Largest file that is read: no photograph is larger, and it must fit in memory. */
  int MAX_BYTES = 1 << 27;

  Set<String> EXTENSIONS = Set.of("jpg", "jpeg", "png");

  int size();

  int label(int image);

  /**
   * The bytes of a file.
   *
   * @throws org.randwire.data.DataException naming the file if it cannot be read
   */
  byte[] read(int image);

  /** The file's name within this half, wherever that lies. */
  String name(int image);

  /** Where the file is, for messages. */
  String place(int image);

  /** One more than the largest label. */
  int classes();

  /**
   * Whether this half has the classes of the training half.
   *
   * @throws org.randwire.data.DataException naming a class that one has and the other lacks
   */
  void requireClassesOf(EncodedImages train);

  /** Whether a file is a picture by its name. */
  static boolean isImage(String fileName) {
    int dot = fileName.lastIndexOf('.');
    return dot > 0 && EXTENSIONS.contains(fileName.substring(dot + 1).toLowerCase(Locale.ROOT));
  }
}
