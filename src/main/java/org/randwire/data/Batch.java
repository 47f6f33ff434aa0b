// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Some examples of an epoch. The arrays belong to the {@link BatchLoader}: they are not to be
 * changed and hold this batch until the loader is asked for the next one. They always have the full
 * batch size; what lies behind {@link #size} is zero.
 */
public final class Batch {
  private final float[] images;
  private final int[] labels;
  private final int[] examples;
  private final @Nullable String[] unreadable;
  private long epoch;
  private int index;
  private int size;

  Batch(int batchSize, int exampleFloats) {
    images = new float[Math.multiplyExact(batchSize, exampleFloats)];
    labels = new int[batchSize];
    examples = new int[batchSize];
    unreadable = new @Nullable String[batchSize];
  }

  /** Normalised values in the layout of the loader; empty if it prepares none. */
  public float[] images() {
    return images;
  }

  /** The class of each example. */
  public int[] labels() {
    return labels;
  }

  /** The index in the data set of each example. */
  public int[] examples() {
    return examples;
  }

  /**
   * Why the example that belongs at a position could not be read; null if it could. The one that
   * stands there then is the next readable one by index.
   */
  public @Nullable String unreadable(int position) {
    return unreadable[position];
  }

  void replaced(int position, String reason) {
    unreadable[position] = reason;
  }

  /** Number of examples, from 1 to the batch size. */
  public int size() {
    return size;
  }

  /** Position of the batch in its epoch, from 0. */
  public int index() {
    return index;
  }

  /** The epoch it belongs to. */
  public long epoch() {
    return epoch;
  }

  void begin(long epoch, int index, int size) {
    this.epoch = epoch;
    this.index = index;
    this.size = size;
    int exampleFloats = images.length / labels.length;
    Arrays.fill(images, size * exampleFloats, images.length, 0);
    Arrays.fill(unreadable, null);
    Arrays.fill(labels, size, labels.length, 0);
    Arrays.fill(examples, size, examples.length, 0);
  }
}
