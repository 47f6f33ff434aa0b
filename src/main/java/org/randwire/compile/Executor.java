// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.Backend;

/**
 * One team of threads that runs execution plans. A worker takes the next ticket, waits until every
 * ticket of the regions before is done, and runs the task; there is no other synchronisation, so a
 * barrier costs one counter and a worker that the system has descheduled holds nobody up unless it
 * is in the middle of a task. Which worker runs a task never changes a result. A plan that the
 * device has recorded as one command is run by that command, unless its tasks are to be measured.
 *
 * <p>A run allocates nothing. One thread at a time may call {@link #run}; it works as worker 0.
 */
final class Executor implements AutoCloseable {

  /** Spins before a waiting thread offers its core to others: about 20 microseconds. */
  private static final int SPINS_BEFORE_YIELD = 500;

  /** Yields before an idle worker sleeps until the next run. */
  private static final int YIELDS_BEFORE_PARK = 50;

  private static final VarHandle COUNTERS = MethodHandles.arrayElementVarHandle(int[].class);

  /** Counters, each on a cache line of its own. */
  private static final int NEXT = 32;

  private static final int DONE = 64;
  private static final int INSIDE = 96;

  private final int[] counters = new int[128];
  private final Thread[] threads;
  private volatile int generation;
  private volatile boolean open;
  private volatile boolean closed;
  private volatile @Nullable Throwable failure;
  private @Nullable ExecutionPlan plan;
  private @Nullable Profile profile;

  Executor(Backend backend) {
    backend.prepareWorker();
    threads = new Thread[backend.workers() - 1];
    for (int i = 0; i < threads.length; i++) {
      int worker = i + 1;
      threads[i] =
          new Thread(
              () -> {
                backend.prepareWorker();
                serve(worker);
              },
              "randwire-worker-" + worker);
      threads[i].setDaemon(true);
      threads[i].start();
    }
  }

  /**
   * Runs a plan to its end; an exception of a task is thrown here after all workers have stopped.
   */
  void run(ExecutionPlan newPlan, @Nullable Profile newProfile) {
    if (closed) {
      throw new IllegalStateException("the executor is closed");
    }
    if (newProfile == null && newPlan.runRecorded()) {
      return;
    }
    plan = newPlan;
    profile = newProfile;
    failure = null;
    COUNTERS.setVolatile(counters, NEXT, 0);
    COUNTERS.setVolatile(counters, DONE, 0);
    if (newProfile != null) {
      newProfile.begin();
    }
    open = true;
    generation = generation + 1; // Written by the one thread that runs plans, read by all.
    for (Thread thread : threads) {
      LockSupport.unpark(thread);
    }
    work(0);
    open = false;
    int spins = 0;
    while ((int) COUNTERS.getVolatile(counters, INSIDE) != 0) {
      spins = pause(spins);
    }
    plan = null;
    profile = null;
    Throwable thrown = failure;
    if (thrown != null) {
      failure = null;
      throw new IllegalStateException("a kernel failed: " + thrown.getMessage(), thrown);
    }
  }

  private void serve(int worker) {
    int seen = 0;
    while (!closed) {
      seen = awaitGeneration(seen);
      COUNTERS.getAndAdd(counters, INSIDE, 1);
      // Only now may the worker look at the run: run() does not return while anybody is inside.
      if (open && !closed) {
        work(worker);
      }
      COUNTERS.getAndAdd(counters, INSIDE, -1);
    }
  }

  private int awaitGeneration(int seen) {
    int spins = 0;
    while (generation == seen && !closed) {
      if (spins < SPINS_BEFORE_YIELD + YIELDS_BEFORE_PARK) {
        spins = pause(spins);
      } else {
        LockSupport.park(this);
      }
    }
    return generation;
  }

  private void work(int worker) {
    ExecutionPlan running = plan;
    Profile recording = profile;
    int tickets = running.tickets();
    int call = 0;
    for (int ticket = (int) COUNTERS.getAndAdd(counters, NEXT, 1);
        ticket < tickets;
        ticket = (int) COUNTERS.getAndAdd(counters, NEXT, 1)) {
      call = running.callOf(ticket, call);
      awaitDone(running.barrier(call));
      try {
        if (recording == null) {
          running.run(ticket, call, worker);
        } else {
          long start = System.nanoTime();
          running.run(ticket, call, worker);
          recording.record(ticket, call, worker, start);
        }
      } catch (RuntimeException | Error e) {
        failure = e;
      }
      COUNTERS.getAndAdd(counters, DONE, 1);
    }
    if (worker == 0) {
      awaitDone(tickets);
    }
  }

  private void awaitDone(int tickets) {
    int spins = 0;
    while ((int) COUNTERS.getVolatile(counters, DONE) < tickets) {
      spins = pause(spins);
    }
  }

  private static int pause(int spins) {
    if (spins < SPINS_BEFORE_YIELD) {
      Thread.onSpinWait();
    } else {
      Thread.yield();
    }
    return Math.min(spins + 1, SPINS_BEFORE_YIELD + YIELDS_BEFORE_PARK);
  }

  /** Ends the threads and waits for them. */
  @Override
  public void close() {
    closed = true;
    for (Thread thread : threads) {
      LockSupport.unpark(thread);
    }
    boolean interrupted = false;
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
