// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.OutOfDeviceMemoryException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Claims members, trains them, records them, until nothing is left. The same worker runs under a
 * local coordinator, in a batch system's array, or in a task of a cluster: what they share is the
 * folder. {@link #requestStop} may be called from any thread.
 */
public final class Worker {

  /** How the work ended. */
  public enum Ending {
    /** Every member has its record. */
    FINISHED,
    /** What is left others are at. */
    NOTHING_LEFT,
    STOPPED
  }

  /**
   * How a worker is embedded.
   *
   * @param coordinator process number of the coordinator that watches this process; 0 for none
   * @param waits whether it stays while others still train, to take over what they leave
   * @param notes takes lines for a person: a pause, a takeover
   * @param end ends this process at once, since a training thread hangs; must not return
   */
  public record Embedding(long coordinator, boolean waits, Consumer<String> notes, Runnable end) {}

  private static final Logger LOGGER = LoggerFactory.getLogger(Worker.class);
  private static final long POLL_MILLIS = 200;
  private static final double LONGEST_BEAT_SECONDS = 2;
  private static final long PATIENCE_WITH_OTHERS_MILLIS = 10_000;

  private final SweepFolder folder;
  private final List<SweepMember> members;
  private final SweepSettings settings;
  private final MemberTraining training;
  private final Embedding embedding;
  private final @Nullable Owner supervisor;
  private final RunStore store;
  private final Claims claims;
  private final Recorder recorder;
  private final Map<Integer, Slot> running = new HashMap<>();
  private final Map<Integer, Long> lockedUntil = new HashMap<>();
  private final int limit;
  private boolean exclusive;
  private volatile boolean stopping;
  private @Nullable Throwable failure;
  private double @Nullable [] medians;

  /**
   * @param members the whole population
   */
  public Worker(
      SweepFolder folder,
      List<SweepMember> members,
      SweepSettings settings,
      MemberTraining training,
      Embedding embedding) {
    this.folder = folder;
    this.members = members;
    this.settings = settings;
    this.training = training;
    this.embedding = embedding;
    this.supervisor = embedding.coordinator > 0 ? Owner.of(embedding.coordinator) : null;
    int pilot = settings.stopping() == null ? 0 : settings.stopping().pilot();
    this.store = new RunStore(folder.store(), pilot);
    this.claims = new Claims(folder.claims(), settings.leaseSeconds());
    this.recorder = new Recorder(folder, settings, store, embedding.notes);
    this.limit = settings.budget().members(members.size());
  }

  /**
   * Works until nothing is left.
   *
   * @throws IOException if the folder cannot be used
   * @throws org.randwire.data.DataException if the data cannot be read
   */
  public Ending work() throws IOException {
    Thread keeper = new Thread(this::keep, "sweep-keeper");
    keeper.setDaemon(true);
    keeper.start();
    List<Thread> slots = new ArrayList<>();
    try {
      for (int i = 0; i < settings.pack(); i++) {
        Thread slot = new Thread(this::slot, "sweep-slot-" + i);
        slots.add(slot);
        slot.start();
      }
      for (Thread slot : slots) {
        join(slot);
      }
    } finally {
      keeper.interrupt();
      recorder.close();
    }
    rethrow();
    store.refresh();
    return store.finishedBelow(limit) == limit
        ? Ending.FINISHED
        : stopping ? Ending.STOPPED : Ending.NOTHING_LEFT;
  }

  private static void join(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void rethrow() throws IOException {
    if (failure instanceof IOException e) {
      throw e;
    }
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    if (failure instanceof Error e) {
      throw e;
    }
  }

  /** Asks all runs of this process to end with a checkpoint. */
  public void requestStop() {
    stopping = true;
    List<Slot> slots;
    synchronized (this) {
      slots = List.copyOf(running.values());
      notifyAll();
    }
    slots.forEach(Slot::stop);
  }

  private void slot() {
    try {
      for (Slot next = next(); next != null; next = next()) {
        try (Slot slot = next) {
          train(slot);
        } finally {
          done(next);
        }
      }
    } catch (IOException | RuntimeException | Error e) {
      synchronized (this) {
        failure = failure == null ? e : failure;
      }
      requestStop();
    }
  }

  private synchronized void done(Slot slot) {
    running.remove(slot.member.number());
    exclusive = false;
    notifyAll();
  }

  // Which member is next

  /** The next member, waited for if need be; null if there is nothing left for this worker. */
  private synchronized @Nullable Slot next() throws IOException {
    while (!stopping) {
      boolean[] worthWaiting = new boolean[1];
      Slot slot = recorder.patiently(() -> claim(worthWaiting));
      if (slot != null) {
        running.put(slot.member.number(), slot);
        exclusive = slot.held.lease().alone() && settings.pack() > 1;
        return slot;
      }
      if (!worthWaiting[0]) {
        return null;
      }
      try {
        wait(POLL_MILLIS);
      } catch (InterruptedException e) {
        stopping = true;
      }
    }
    return null;
  }

  private @Nullable Slot claim(boolean[] worthWaiting) throws IOException {
    store.refresh();
    if (exclusive) {
      worthWaiting[0] = true;
      return null;
    }
    int end = limit;
    MedianStopping stopping = settings.stopping();
    if (stopping != null
        && store.finishedBelow(Math.min(stopping.pilot(), limit))
            < Math.min(stopping.pilot(), limit)) {
      end = Math.min(stopping.pilot(), limit);
      worthWaiting[0] = end < limit; // for the pilot, whoever trains it
    }
    Map<Integer, Claims.Lease> leases = claims.current();
    for (int n = store.nextUnfinished(0); n < end; n = store.nextUnfinished(n + 1)) {
      boolean suspect = settings.pack() > 1 && store.isSuspect(n);
      if (running.containsKey(n)) {
        continue;
      }
      if (suspect && !running.isEmpty()
          || System.nanoTime() < lockedUntil.getOrDefault(n, Long.MIN_VALUE)) {
        worthWaiting[0] = true;
        continue;
      }
      Claims.Lease lease = leases.get(n);
      if (lease != null && !lease.isFree() && !claims.isDead(lease)) {
        worthWaiting[0] |= embedding.waits;
        continue;
      }
      Optional<Claims.Held> held =
          claims.take(n, lease, suspect || settings.pack() == 1, supervisor);
      if (held.isPresent() && starts(members.get(n), held.get(), lease)) {
        return new Slot(members.get(n), held.get());
      }
    }
    return null;
  }

  /** Whether a member that was claimed is to be trained. */
  private boolean starts(SweepMember member, Claims.Held held, Claims.@Nullable Lease before)
      throws IOException {
    store.refresh();
    if (store.isFinished(member.number())) {
      held.finish();
      return false;
    }
    if (before != null && !before.isFree()) {
      String who = "process " + before.owner().pid() + " is gone";
      recorder.attempt(member, before, Cause.LOST, who);
      LOGGER.info("{}: taken over, {}", member.name(), who);
    }
    return !recorder.giveUp(member, held);
  }

  // Training one

  private void train(Slot slot) throws IOException {
    MemberTraining.Result result;
    try {
      result = recorder.patiently(() -> trainOnce(slot));
    } catch (MemberTraining.RunLockedException e) {
      synchronized (this) {
        lockedUntil.put(slot.member.number(), System.nanoTime() + 1_000_000_000L);
      }
      slot.held.release();
      return;
    } catch (OutOfDeviceMemoryException e) {
      failed(slot, Cause.DEVICE_MEMORY, String.valueOf(e.getMessage()));
      return;
    } catch (OutOfMemoryError e) {
      failed(slot, Cause.HEAP, String.valueOf(e.getMessage()));
      throw e;
    } catch (UncheckedIOException | IOException | org.randwire.data.DataException e) {
      slot.held.release(); // no network's fault
      throw e;
    } catch (RuntimeException | LinkageError e) {
      LOGGER.error("{}", slot.member.name(), e);
      failed(slot, Cause.EXCEPTION, e.toString().lines().findFirst().orElse(""));
      return;
    }
    if (result.state() == RunState.INTERRUPTED) {
      slot.held.release();
    } else {
      recorder.finish(slot.member, result, slot.held);
    }
  }

  /** A try that a full disk may end, to be made again from the newest checkpoint. */
  private MemberTraining.Result trainOnce(Slot slot) throws IOException {
    slot.touch();
    try {
      return training.train(slot.member, slot);
    } finally {
      slot.touch();
      slot.stopAction = () -> {};
    }
  }

  private void failed(Slot slot, Cause cause, String message) throws IOException {
    slot.renew(); // the attempt is recorded with the step it came to
    recorder.attempt(slot.member, slot.held.lease(), cause, message);
    boolean ended = recorder.giveUp(slot.member, slot.held);
    if (!ended) {
      slot.held.release();
    }
    embedding.notes.accept(
        "%s: %s, %s"
            .formatted(
                slot.member.name(),
                message,
                ended ? "recorded as " + cause.state() : "to be tried again"));
  }

  private synchronized double[] medians() throws IOException {
    MedianStopping stopping = settings.stopping();
    if (medians == null && stopping != null) {
      store.refresh();
      medians = stopping.medians(store.pilotRuns());
    }
    return medians == null ? new double[0] : medians;
  }

  /** A member being trained. */
  private final class Slot implements MemberTraining.Run, AutoCloseable {
    final SweepMember member;
    final Claims.Held held;
    final Thread thread = Thread.currentThread();
    private volatile Runnable stopAction = () -> {};
    private volatile long progressNanos = System.nanoTime();
    private volatile long step;
    private volatile int epoch;
    private volatile int epochs;
    private volatile double error = Double.NaN;
    private SweepFolder.@Nullable Lock lock;
    private volatile boolean stopped;

    Slot(SweepMember member, Claims.Held held) {
      this.member = member;
      this.held = held;
    }

    void touch() {
      progressNanos = System.nanoTime();
    }

    void stop() {
      stopped = true;
      stopAction.run();
    }

    @Override
    public Path folder() throws IOException {
      Path path = folder.run(member);
      if (lock == null) {
        Files.createDirectories(path);
        lock =
            SweepFolder.Lock.of(path.resolve("lock"))
                .orElseThrow(() -> new MemberTraining.RunLockedException(path));
      }
      return path;
    }

    @Override
    public void onStop(Runnable stop) {
      stopAction = stop;
      if (stopped || stopping) {
        stop.run();
      }
    }

    @Override
    public void progress(long step, int epoch, int epochs, double error) {
      boolean first = this.epochs == 0;
      this.step = step;
      this.epoch = epoch;
      this.epochs = epochs;
      this.error = error;
      touch();
      if (first && step > 0) {
        renew(); // where it goes on from, should it die at once
      }
    }

    @Override
    public boolean stopsAfter(int epoch, double testError) {
      MedianStopping rule = settings.stopping();
      try {
        return rule != null
            && member.number() >= rule.pilot()
            && rule.stops(medians(), epoch, testError);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public boolean alone() {
      return held.lease().alone();
    }

    void renew() {
      try {
        held.renew(step, epoch, epochs, error);
      } catch (IOException e) {
        LOGGER.warn("{}: the lease cannot be renewed: {}", member.name(), e.toString());
      }
    }

    @Override
    public void close() throws IOException {
      if (lock != null) {
        lock.close();
        lock = null;
      }
    }
  }

  // The keeper of leases

  private void keep() {
    double beat = Math.min(LONGEST_BEAT_SECONDS, settings.leaseSeconds() / 5);
    Set<Slot> hung = new HashSet<>();
    while (!Thread.currentThread().isInterrupted()) {
      try {
        Thread.sleep(Math.max(1, (long) (1000 * beat)));
      } catch (InterruptedException e) {
        return;
      }
      List<Slot> slots;
      synchronized (this) {
        slots = List.copyOf(running.values());
      }
      for (Slot slot : slots) {
        if (recorder.isWaiting(slot.thread)) {
          slot.touch(); // a full disk is no hang
        }
        if (!slot.held.isMine()) {
          slot.stop();
        } else if (System.nanoTime() - slot.progressNanos > settings.hangSeconds() * 1e9) {
          hung.add(slot);
        } else {
          slot.renew();
        }
      }
      if (!hung.isEmpty()) {
        endHung(hung);
        return;
      }
    }
  }

  /** A thread that hangs, perhaps in native code, cannot be ended but with its process. */
  private void endHung(Set<Slot> hung) {
    try {
      for (Slot slot : hung) {
        String message = "no step for %.0f s".formatted(settings.hangSeconds());
        failed(slot, Cause.HANG, message);
      }
      requestStop();
      long deadline = System.currentTimeMillis() + PATIENCE_WITH_OTHERS_MILLIS;
      while (System.currentTimeMillis() < deadline && othersRun(hung)) {
        Thread.sleep(POLL_MILLIS);
      }
    } catch (IOException | InterruptedException e) {
      LOGGER.warn("a hung run is not recorded: {}", e.toString());
    } finally {
      embedding.end.run();
    }
  }

  private synchronized boolean othersRun(Set<Slot> hung) {
    return running.values().stream().anyMatch(slot -> !hung.contains(slot));
  }
}
