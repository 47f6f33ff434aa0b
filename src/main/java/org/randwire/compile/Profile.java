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

  /**
   * What one worker did of one call, from its first task of it to the end of its last. A worker
   * does one call after the other, so its spans never overlap.
   *
   * @param node the network node that the call belongs to
   * @param operation what the call computes, or is a part of where the kernel needs several calls
   * @param tasks done by this worker
   * @param callTasks done by all workers
   * @param bytes of the operands of the operation, as {@link Traffic} counts them
   */
  public record Span(
      String kernel,
      String node,
      String operation,
      int worker,
      long startNanos,
      long endNanos,
      int tasks,
      int callTasks,
      long bytes) {}

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
      Schedule.Entry entry = plan.entry(call[ticket]);
      events.add(
          new Event(
              entry.kernel().name(),
              entry.instruction().label(),
              worker[ticket],
              start[ticket],
              end[ticket]));
    }
    return events;
  }

  /** The spans of all workers, in the order of their calls. */
  public List<Span> spans() {
    List<Span> spans = new ArrayList<>();
    int from = 0;
    while (from < start.length) {
      int to = from + plan.tasks(call[from]);
      Map<Integer, List<Integer>> byWorker = new TreeMap<>();
      for (int ticket = from; ticket < to; ticket++) {
        byWorker.computeIfAbsent(worker[ticket], w -> new ArrayList<>()).add(ticket);
      }
      byWorker.values().forEach(tickets -> spans.add(span(tickets)));
      from = to;
    }
    return spans;
  }

  /** The span of a worker's tickets of one call, which it took in ascending order. */
  private Span span(List<Integer> tickets) {
    int first = tickets.get(0);
    Schedule.Entry entry = plan.entry(call[first]);
    return new Span(
        entry.kernel().name(),
        entry.instruction().node(),
        entry.instruction().primitive().label(),
        worker[first],
        start[first],
        end[tickets.get(tickets.size() - 1)],
        tickets.size(),
        plan.tasks(call[first]),
        Traffic.bytes(entry.instruction()));
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
