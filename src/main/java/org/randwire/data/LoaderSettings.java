// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

/**
 * How a {@link BatchLoader} goes through a data set.
 *
 * @param batchSize examples of a batch, at least 1
 * @param threads threads that prepare batches, at least 1; the batches are the same for any number
 * @param shuffled whether every epoch has a random order of its own; otherwise by index
 * @param dropLast whether examples that do not fill a last batch are left out of the epoch
 * @param layout where the values go
 * @param images whether images are prepared; without them a batch says which examples it has, for a
 *     device that holds the data set
 */
public record LoaderSettings(
    int batchSize,
    int threads,
    boolean shuffled,
    boolean dropLast,
    BatchLayout layout,
    boolean images) {
  public LoaderSettings {
    if (batchSize < 1 || threads < 1) {
      throw new IllegalArgumentException(
          "batchSize and threads must be at least 1, got %d and %d".formatted(batchSize, threads));
    }
  }

  /** Shuffled, full batches only. */
  public static LoaderSettings training(int batchSize, int threads, BatchLayout layout) {
    return new LoaderSettings(batchSize, threads, true, true, layout, true);
  }

  /** By index, every example once, the last batch smaller where the size does not divide. */
  public static LoaderSettings evaluation(int batchSize, int threads, BatchLayout layout) {
    return new LoaderSettings(batchSize, threads, false, false, layout, true);
  }

  /** The same with another {@code dropLast}. */
  public LoaderSettings withDropLast(boolean value) {
    return new LoaderSettings(batchSize, threads, shuffled, value, layout, images);
  }

  /** The same batches by their examples and labels alone; one thread is enough for that. */
  public LoaderSettings withoutImages() {
    return new LoaderSettings(batchSize, 1, shuffled, dropLast, layout, false);
  }
}
