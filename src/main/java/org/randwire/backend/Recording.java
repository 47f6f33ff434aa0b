// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

/**
 * A whole plan that a device has recorded and runs by one command; closing it frees what it holds.
 */
public interface Recording extends AutoCloseable {

  /**
   * Runs the plan. The device may return before the work is done; reading a buffer waits for it.
   */
  void run();

  @Override
  void close();
}
