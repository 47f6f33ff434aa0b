// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

/**
 * One bound part of a kernel: tasks that may run at the same time on any workers. Results must not
 * depend on which worker runs which task, nor on their order.
 */
public interface Call extends AutoCloseable {

  /** The number of tasks; fixed by shapes alone, never by the number of workers. */
  int tasks();

  /** Runs one task; allocates nothing. */
  void run(int task, int worker);

  @Override
  default void close() {}
}
