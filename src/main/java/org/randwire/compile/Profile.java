// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Start and end of every task of the last profiled run. */
public final class Profile {

  /** One task: kernel, instruction, worker, nanoseconds since the run began. */
  public record Event(
      String kernel, String instruction, int worker, long startNanos, long endNanos) {}

  private final ExecutionPlan plan;
  private final long[] start;
  private final long[] end;
  private final int[] worker;
  private final int[] call;
  private long origin;

  Profile(ExecutionPlan plan) {
    this.plan = plan;
    this.start = new long[plan.tickets()];
    this.end = new long[plan.tickets()];
    this.worker = new int[plan.tickets()];
    this.call = new int[plan.tickets()];
  }

  void begin() {
    origin = System.nanoTime();
  }

  void record(int ticket, int ofCall, int byWorker, long startNanos) {
    start[ticket] = startNanos - origin;
    end[ticket] = System.nanoTime() - origin;
    worker[ticket] = byWorker;
    call[ticket] = ofCall;
  }

  public List<Event> events() {
    List<Event> events = new ArrayList<>();
    for (int ticket = 0; ticket < start.length; ticket++) {
      String[] label = plan.label(call[ticket]).split("\t", 2);
      events.add(new Event(label[0], label[1], worker[ticket], start[ticket], end[ticket]));
    }
    return events;
  }

  /** Nanoseconds all workers together spent in each kernel. */
  public Map<String, Long> nanosByKernel() {
    Map<String, Long> nanos = new TreeMap<>();
    for (Event event : events()) {
      nanos.merge(event.kernel(), event.endNanos() - event.startNanos(), Long::sum);
    }
    return nanos;
  }
}
