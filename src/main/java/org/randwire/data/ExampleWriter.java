// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

/**
 * Turns single examples of a {@link Dataset} into normalised values in a batch: a pure function of
 * (master seed, epoch, example). For one thread, since it keeps its scratch space.
 */
public interface ExampleWriter extends AutoCloseable {
  /**
   * Writes an example as an epoch sees it.
   *
   * @param into values of a batch in the layout the writer was made for; pads are left alone
   * @param start position of the example's first value
   * @throws DataException if the example cannot be read; its values are then undefined
   */
  void write(long epoch, int example, float[] into, int start);

  @Override
  default void close() {}
}
