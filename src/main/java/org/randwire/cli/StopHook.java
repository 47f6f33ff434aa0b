// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * While it is open, the end of the process (Ctrl-C, SIGTERM) asks the work for an orderly stop and
 * waits for it.
 */
final class StopHook implements AutoCloseable {

  private final CountDownLatch finished = new CountDownLatch(1);
  private final Thread thread;

  /**
   * Waits for the process to be told to end.
   *
   * @param requestStop asks the work to stop with its checkpoints
   * @param seconds the end of the process waits for that at most
   */
  StopHook(Runnable requestStop, long seconds) {
    thread = new Thread(() -> stopAndWait(requestStop, seconds), "randwire-stop");
    Runtime.getRuntime().addShutdownHook(thread);
  }

  private void stopAndWait(Runnable requestStop, long seconds) {
    requestStop.run();
    try {
      if (!finished.await(seconds, TimeUnit.SECONDS)) {
        Thread.currentThread().interrupt();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The work has ended. */
  @Override
  public void close() {
    finished.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(thread);
    } catch (IllegalStateException e) {
      // The process is ending already, which is what the hook was for.
    }
  }
}
