// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import java.util.ArrayList;
import java.util.List;

/** Which thread runs which task of a call, in which order. */
record Schedule(int workers, boolean reversed) {

  static final Schedule PLAIN = new Schedule(1, false);

  /** Schedules whose results must be the same bits. */
  static final List<Schedule> ALL =
      List.of(PLAIN, new Schedule(1, true), new Schedule(2, false), new Schedule(3, true));

  void run(Backend backend, Call call) {
    if (workers == 1) {
      backend.prepareWorker();
      runShare(call, 0);
      return;
    }
    List<Throwable> failures = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int worker = 0; worker < workers; worker++) {
      int index = worker;
      Thread thread =
          new Thread(
              () -> {
                backend.prepareWorker();
                runShare(call, index);
              });
      thread.setUncaughtExceptionHandler(
          (failed, failure) -> {
            synchronized (failures) {
              failures.add(failure);
            }
          });
      thread.start();
      threads.add(thread);
    }
    threads.forEach(Schedule::join);
    if (!failures.isEmpty()) {
      throw new AssertionError("a task failed", failures.get(0));
    }
  }

  private void runShare(Call call, int worker) {
    int tasks = call.tasks();
    for (int i = worker; i < tasks; i += workers) {
      call.run(reversed ? tasks - 1 - i : i, worker);
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
