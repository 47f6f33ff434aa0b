// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.Backend;
import org.randwire.backend.Binding;
import org.randwire.backend.Call;
import org.randwire.backend.Recording;
import org.randwire.backend.Slice;
import org.randwire.op.Value;

/**
 * Last pass: every kernel bound to its memory, as a flat list of calls in regions. Tasks are
 * numbered through from the first call to the last; the numbers ("tickets") are all an {@link
 * Executor} deals in.
 */
final class ExecutionPlan implements AutoCloseable {

  /** Memory of values and scratch. */
  interface Memory {
    Slice slice(Value value);

    Slice scratch(MemoryPlan.Block block);

    Slice workerScratch(int worker);
  }

  private final Call[] calls;

  /** For each call the instruction and kernel it is a part of. */
  private final Schedule.Entry[] entries;

  /** First ticket of each call, and the number of all tickets at the end. */
  private final int[] firstTicket;

  /** For each call the first ticket of its region: all before must be done when it starts. */
  private final int[] barrier;

  private final int[] regionEnd;
  private final List<List<Call>> regions;

  /** The whole plan as one command, where the device offers it. */
  private final @Nullable Recording recording;

  private ExecutionPlan(
      List<List<Call>> regions, List<List<Schedule.Entry>> entries, @Nullable Recording recording) {
    this.recording = recording;
    this.regions = List.copyOf(regions);
    this.regionEnd = new int[regions.size()];
    int count = regions.stream().mapToInt(List::size).sum();
    this.calls = new Call[count];
    this.entries = new Schedule.Entry[count];
    this.firstTicket = new int[count + 1];
    this.barrier = new int[count];
    int index = 0;
    for (int region = 0; region < regions.size(); region++) {
      int start = firstTicket[index];
      for (int i = 0; i < regions.get(region).size(); i++) {
        calls[index] = regions.get(region).get(i);
        this.entries[index] = entries.get(region).get(i);
        barrier[index] = start;
        firstTicket[index + 1] = Math.addExact(firstTicket[index], calls[index].tasks());
        index++;
      }
      regionEnd[region] = firstTicket[index];
    }
  }

  static ExecutionPlan bind(Schedule schedule, MemoryPlan plan, Memory memory, Backend backend) {
    return bind(schedule, plan, memory, backend.workers(), backend::record);
  }

  /** Runs its calls one by one. */
  static ExecutionPlan bind(Schedule schedule, MemoryPlan plan, Memory memory, int workers) {
    return bind(schedule, plan, memory, workers, regions -> Optional.empty());
  }

  private static ExecutionPlan bind(
      Schedule schedule,
      MemoryPlan plan,
      Memory memory,
      int workers,
      Function<List<List<Call>>, Optional<Recording>> record) {
    List<List<Call>> regions = new ArrayList<>();
    List<List<Schedule.Entry>> entries = new ArrayList<>();
    for (int i = 0; i < schedule.regions(); i++) {
      regions.add(new ArrayList<>());
      entries.add(new ArrayList<>());
    }
    try {
      bind(schedule, plan, memory, workers, regions, entries);
      return new ExecutionPlan(regions, entries, record.apply(regions).orElse(null));
    } catch (RuntimeException | Error e) {
      regions.forEach(calls -> calls.forEach(Call::close));
      throw e;
    }
  }

  private static void bind(
      Schedule schedule,
      MemoryPlan plan,
      Memory memory,
      int workers,
      List<List<Call>> regions,
      List<List<Schedule.Entry>> entries) {
    for (int i = 0; i < schedule.entries().size(); i++) {
      Schedule.Entry entry = schedule.entries().get(i);
      Slice scratch = memory.scratch(plan.scratch().get(i));
      List<Call> calls = entry.kernel().bind(new PlannedBinding(memory, scratch, workers));
      if (calls.size() != entry.kernel().regions()) {
        throw new IllegalStateException(
            entry.kernel().name()
                + " announced "
                + entry.kernel().regions()
                + " regions and bound "
                + calls.size());
      }
      for (int j = 0; j < calls.size(); j++) {
        regions.get(entry.first() + j).add(calls.get(j));
        entries.get(entry.first() + j).add(entry);
      }
    }
  }

  private record PlannedBinding(Memory memory, Slice scratch, int workers) implements Binding {
    @Override
    public Slice slice(Value value) {
      return memory.slice(value);
    }

    @Override
    public Slice workerScratch(int worker) {
      return memory.workerScratch(worker);
    }
  }

  /** Plans one behind the other as one command, where the device offers it. */
  static Optional<Recording> record(List<ExecutionPlan> plans, Backend backend) {
    List<List<Call>> all = new ArrayList<>();
    plans.forEach(plan -> all.addAll(plan.regions));
    return backend.record(all);
  }

  /** Runs the plan as one command; false if the device has none and the calls must be run. */
  boolean runRecorded() {
    if (recording == null) {
      return false;
    }
    recording.run();
    return true;
  }

  int calls() {
    return calls.length;
  }

  int regions() {
    return regionEnd.length;
  }

  int tickets() {
    return firstTicket[calls.length];
  }

  /** The first ticket behind a region. */
  int regionEnd(int region) {
    return regionEnd[region];
  }

  /** The instruction and kernel that a call is a part of. */
  Schedule.Entry entry(int call) {
    return entries[call];
  }

  /** The number of tasks of a call. */
  int tasks(int call) {
    return calls[call].tasks();
  }

  /** The call a ticket belongs to, searched from a call known not to be behind it. */
  int callOf(int ticket, int from) {
    int call = from;
    while (ticket >= firstTicket[call + 1]) {
      call++;
    }
    return call;
  }

  /** Tickets below this must be done before the call may start. */
  int barrier(int call) {
    return barrier[call];
  }

  void run(int ticket, int call, int worker) {
    calls[call].run(ticket - firstTicket[call], worker);
  }

  @Override
  public void close() {
    if (recording != null) {
      recording.close();
    }
    for (Call call : calls) {
      call.close();
    }
  }
}
