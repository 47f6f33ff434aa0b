// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Counts the examples of an epoch that could not be read, batch by batch, and ends the work where
 * they are more than {@link Dataset#unreadableShare}. As batches come in the order of the epoch,
 * neither the count nor the example that is named depends on threads.
 */
public final class UnreadableExamples {
  private final Dataset data;
  private int count;
  private @Nullable String first;

  public UnreadableExamples(Dataset data) {
    this.data = data;
  }

  /**
   * Counts those of a batch.
   *
   * @throws DataException naming the first one once they are too many
   */
  public void add(Batch batch) {
    for (int i = 0; i < batch.size(); i++) {
      String reason = batch.unreadable(i);
      if (reason != null) {
        count++;
        first = first == null ? reason : first;
      }
    }
    if (count > data.unreadableShare() * data.size()) {
      throw new DataException(
          String.format(
              Locale.ROOT,
              "%s: %d of %d examples could not be read so far, more than a share of %s; the first: %s",
              data.name(),
              count,
              data.size(),
              data.unreadableShare(),
              first));
    }
  }

  /** How many could not be read. */
  public int count() {
    return count;
  }

  /** Starts again, as if so many had been counted before. */
  public void reset(int count) {
    this.count = count;
    first = null;
  }
}
