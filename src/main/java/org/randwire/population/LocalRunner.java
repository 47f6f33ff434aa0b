// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The coordinator of a sweep on one machine: starts worker processes, sees how they end, records
 * what became of the members they had, starts others in their place. It trains nothing and may be
 * killed at any time: its workers end with it, and the next one goes on.
 */
public final class LocalRunner implements AutoCloseable {

  /** How the sweep ended, or this part of it. */
  public enum Ending {
    FINISHED,
    /** Hours or joules are used up. */
    BUDGET,
    STOPPED
  }

  /** Starts worker processes. */
  public interface Launch {
    /**
     * The command of a worker that runs {@link Worker#work} with this process as its coordinator,
     * waits for others, stops when its standard input ends, prints notes on standard output, and
     * ends with status {@link #hungStatus} where a run hangs.
     *
     * @param crashReport where the Java runtime shall write if it crashes
     */
    List<String> command(int worker, Path crashReport);
  }

  /** Takes what is to be shown; called on the coordinator's thread. */
  public interface View {
    void show(SweepStatus status);

    /** A line that is to stay. */
    void note(String line);
  }

  /** A worker ended with an error that is no run's fault, such as data that cannot be read. */
  public static final class WorkerException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final int status;

    WorkerException(int status, String message) {
      super(message);
      this.status = status;
    }

    /** The exit status of the worker. */
    public int status() {
      return status;
    }
  }

  /** Exit statuses by which a worker says itself what is wrong: usage, data, device. */
  private static final Set<Integer> EXPLAINED = Set.of(2, 3, 4);

  private static final Logger LOGGER = LoggerFactory.getLogger(LocalRunner.class);
  private static final long TICK_MILLIS = 100;
  private static final long SHOW_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
  private static final long SESSION_NANOS = TimeUnit.SECONDS.toNanos(30);
  private static final int START_FAILURES = 3;
  private static final long STOP_SECONDS = 60;
  private static final int OUTPUT_BYTES = 16 << 10;

  private final SweepFolder folder;
  private final List<SweepMember> members;
  private final SweepSettings settings;
  private final int workers;
  private final Launch launch;
  private final View view;
  private final SweepFolder.Lock lock;
  private final RunStore store;
  private final Claims claims;
  private final Recorder recorder;
  private final StoreIndex index;
  private final long[] work;
  private final int limit;
  private final List<Child> children = new ArrayList<>();
  private final Set<Long> frozen = new HashSet<>();
  private final String session = UUID.randomUUID().toString().substring(0, 8);
  private final long startedNanos = System.nanoTime();
  private final @Nullable EnergyMeter meter = EnergyMeter.find().orElse(null);
  private volatile boolean stopping;
  private int startFailures;
  private long shownNanos;
  private long sessionNanos = System.nanoTime();

  private record Child(
      int number, Process process, Path output, Path crashReport, long memoryKills, int before) {}

  private LocalRunner(
      SweepFolder folder,
      List<SweepMember> members,
      SweepSettings settings,
      int workers,
      Launch launch,
      View view,
      SweepFolder.Lock lock)
      throws IOException {
    this.folder = folder;
    this.members = members;
    this.settings = settings;
    this.workers = workers;
    this.launch = launch;
    this.view = view;
    this.lock = lock;
    int pilot = settings.stopping() == null ? 0 : settings.stopping().pilot();
    this.store = new RunStore(folder.store(), pilot);
    this.claims = new Claims(folder.claims(), settings.leaseSeconds());
    this.recorder = new Recorder(folder, settings, store, view::note);
    this.index = StoreIndex.open(folder, members);
    this.work = SweepStatus.work(members.stream().mapToLong(SweepMember::multiplyAdds).toArray());
    this.limit = settings.budget().members(members.size());
  }

  /**
   * Becomes the coordinator of a folder.
   *
   * @param workers processes, at least 1
   * @return empty if another process coordinates it
   */
  public static Optional<LocalRunner> open(
      SweepFolder folder,
      List<SweepMember> members,
      SweepSettings settings,
      int workers,
      Launch launch,
      View view)
      throws IOException {
    Optional<SweepFolder.Lock> lock =
        SweepFolder.Lock.of(folder.path().resolve("coordinator.lock"));
    if (lock.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new LocalRunner(folder, members, settings, workers, launch, view, lock.get()));
    } catch (IOException | RuntimeException e) {
      lock.get().close();
      throw e;
    }
  }

  /** The status with which a worker ends where a run hangs. */
  public static int hungStatus() {
    return WorkerExit.HUNG;
  }

  /** Whether there is a counter for a budget in joules. */
  public boolean hasEnergyMeter() {
    return meter != null;
  }

  /** Asks for an end with checkpoints; from any thread. */
  public void requestStop() {
    stopping = true;
  }

  /**
   * Runs until the population or the budget is at its end, or until asked to stop.
   *
   * @throws WorkerException if workers cannot work at all
   */
  public Ending run() throws IOException, InterruptedException {
    refresh();
    claims.clean(store);
    store.damages().forEach(damage -> view.note(damage.toString()));
    Ending ending = Ending.STOPPED;
    try {
      while (!stopping) {
        if (store.finishedBelow(limit) == limit) {
          ending = Ending.FINISHED;
          break;
        }
        if (isBudgetUsedUp()) {
          ending = Ending.BUDGET;
          break;
        }
        startMissing();
        TimeUnit.MILLISECONDS.sleep(TICK_MILLIS);
        tend();
        show(false);
      }
    } finally {
      end();
    }
    refresh();
    show(true);
    if (store.finishedBelow(limit) == limit) {
      ending = Ending.FINISHED;
      claims.clean(store);
      clearRuns();
    }
    return ending;
  }

  /** Folders that a kill between a record and its clearing left behind. */
  private void clearRuns() throws IOException {
    if (settings.keep() == SweepSettings.Keep.NONE && Files.isDirectory(folder.runs())) {
      for (int i = 0; i < limit; i++) {
        Path run = folder.run(members.get(i));
        if (Files.exists(run)) {
          SweepFolder.deleteTree(run);
        }
      }
    }
  }

  private void refresh() throws IOException {
    recorder.patiently(
        () -> {
          index.update(store);
          return true;
        });
  }

  // Workers

  private void startMissing() throws IOException {
    int wanted =
        Math.min(
            workers, (limit - store.finishedBelow(limit) + settings.pack() - 1) / settings.pack());
    for (int number = 0; number < workers && children.size() < wanted; number++) {
      int free = number;
      if (children.stream().noneMatch(child -> child.number == free)) {
        int worker = number;
        children.add(recorder.patiently(() -> start(worker)));
      }
    }
  }

  private Child start(int number) throws IOException {
    Files.createDirectories(folder.logs());
    Path output = folder.logs().resolve("worker-" + number + ".log");
    Path crashReport = folder.logs().resolve("worker-" + number + "-crash.log");
    Files.deleteIfExists(crashReport);
    Process process =
        new ProcessBuilder(launch.command(number, crashReport))
            .redirectError(output.toFile())
            .start();
    Thread notes = new Thread(() -> passNotes(number, process), "sweep-notes-" + number);
    notes.setDaemon(true);
    notes.start();
    return new Child(number, process, output, crashReport, WorkerExit.memoryKills(), progress());
  }

  private int progress() {
    return store.finishedCount() + store.attemptCount();
  }

  private void passNotes(int number, Process process) {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        view.note("worker " + number + ": " + line);
      }
    } catch (IOException e) {
      LOGGER.debug("worker {}: {}", number, e.toString());
    }
  }

  private void tend() throws IOException {
    refresh();
    killFrozen();
    for (Child child : List.copyOf(children)) {
      if (!child.process.isAlive()) {
        children.remove(child);
        ended(child);
      }
    }
    if (meter != null) {
      meter.joules(); // before the counter runs over
    }
    if (System.nanoTime() - sessionNanos > SESSION_NANOS) {
      recordSession();
    }
  }

  /** A process that is so stuck that not even its keeper renews its leases. */
  private void killFrozen() throws IOException {
    for (Claims.Lease lease : claims.current().values()) {
      if (!lease.isFree() && claims.isStale(lease)) {
        for (Child child : children) {
          if (lease.owner().equals(Owner.of(child.process.pid()))) {
            frozen.add(child.process.pid());
            child.process.destroyForcibly();
          }
        }
      }
    }
  }

  private void ended(Child child) throws IOException {
    int status = child.process.exitValue();
    refresh();
    List<Claims.Lease> left = new ArrayList<>();
    for (Claims.Lease lease : claims.current().values()) {
      if (!lease.isFree()
          && lease.owner().pid() == child.process.pid()
          && lease.owner().isDead()
          && !store.isFinished(lease.member())) {
        left.add(lease);
      }
    }
    String output = tail(child.output);
    if (left.isEmpty()) {
      endedIdle(child, status, output);
      return;
    }
    WorkerExit exit = classify(child, status, output);
    for (Claims.Lease lease : left) {
      fail(lease, exit);
    }
  }

  private WorkerExit classify(Child child, int status, String output) throws IOException {
    if (frozen.remove(child.process.pid())) {
      return new WorkerExit(
          Cause.HANG, "no sign of life for %.0f s".formatted(settings.leaseSeconds()));
    }
    String report = Files.exists(child.crashReport) ? tail(child.crashReport, true) : "";
    return WorkerExit.of(status, output, report, WorkerExit.memoryKills() > child.memoryKills);
  }

  private void fail(Claims.Lease lease, WorkerExit exit) throws IOException {
    SweepMember member = members.get(lease.member());
    Optional<Claims.Held> held =
        recorder.patiently(() -> claims.take(lease.member(), lease, true, null));
    if (held.isEmpty()) {
      return; // a worker elsewhere took it for stale
    }
    recorder.attempt(member, lease, exit.cause(), exit.message());
    boolean ended = recorder.giveUp(member, held.get());
    if (!ended) {
      held.get().release();
    }
    if (exit.cause().blamesRun()) {
      String what = ended ? "recorded as " + exit.cause().state() : "tried again";
      view.note(
          "%s: %s, %s%s"
              .formatted(
                  member.name(),
                  exit.message(),
                  what,
                  lease.alone() || ended ? "" : ", alone this time"));
    }
  }

  /** A worker that had nothing when it ended: at its work's end, or unable to work. */
  private void endedIdle(Child child, int status, String output) {
    boolean asked = stopping && (status == 130 || status == 143);
    if (status == 0 || status == WorkerExit.HUNG || asked) {
      return;
    }
    if (EXPLAINED.contains(status) && !output.contains("OutOfMemoryError")) {
      throw new WorkerException(status, lastLine(output, child));
    }
    startFailures = progress() > child.before ? 0 : startFailures + 1;
    if (startFailures >= START_FAILURES) {
      throw new WorkerException(
          status,
          "%d workers in a row ended before they did anything, the last with status %d: %s"
              .formatted(startFailures, status, lastLine(output, child)));
    }
  }

  private static String lastLine(String output, Child child) {
    return output
        .lines()
        .filter(line -> !line.isBlank())
        .reduce((a, b) -> b)
        .orElse("see " + child.output);
  }

  private static String tail(Path file) throws IOException {
    return tail(file, false);
  }

  private static String tail(Path file, boolean head) throws IOException {
    if (!Files.exists(file)) {
      return "";
    }
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      in.seek(head ? 0 : Math.max(0, in.length() - OUTPUT_BYTES));
      byte[] bytes = new byte[(int) Math.min(OUTPUT_BYTES, in.length())];
      in.readFully(bytes);
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }

  // Budget and view

  private boolean isBudgetUsedUp() {
    SweepSettings.Budget budget = settings.budget();
    double hours = (store.sessionSeconds(session) + seconds()) / 3600;
    double joules = store.sessionJoules(session) + (meter == null ? 0 : meter.joules());
    return (budget.hours() > 0 && hours >= budget.hours())
        || (budget.joules() > 0 && joules >= budget.joules());
  }

  private double seconds() {
    return (System.nanoTime() - startedNanos) / 1e9;
  }

  /** What this coordinator has used so far, so that the next one knows. */
  private void recordSession() throws IOException {
    sessionNanos = System.nanoTime();
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("session", session);
    line.put("seconds", seconds());
    line.put("joules", meter == null ? null : JournalLine.finite(meter.joules()));
    recorder.patiently(
        () -> {
          recorder.append(RunStore.Session.KIND, line);
          return true;
        });
  }

  private void show(boolean now) throws IOException {
    if (now || System.nanoTime() - shownNanos > SHOW_NANOS) {
      shownNanos = System.nanoTime();
      view.show(SweepStatus.of(limit, work, store, claims));
    }
  }

  // The end

  private void end() throws IOException, InterruptedException {
    stopping = true;
    for (Child child : children) {
      try {
        child.process.getOutputStream().close(); // a worker stops when its input ends
      } catch (IOException e) {
        LOGGER.debug("worker {}: {}", child.number, e.toString());
      }
    }
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(STOP_SECONDS);
    for (Child child : List.copyOf(children)) {
      long left = Math.max(0, deadline - System.nanoTime());
      if (!child.process.waitFor(left, TimeUnit.NANOSECONDS)) {
        child.process.destroyForcibly();
        child.process.waitFor();
      }
      children.remove(child);
      try {
        ended(child);
      } catch (WorkerException e) {
        LOGGER.debug("as the sweep ended: {}", e.getMessage());
      }
    }
    try {
      recordSession();
    } catch (IOException | UncheckedIOException e) {
      LOGGER.warn("the time used is not recorded: {}", e.toString());
    }
  }

  @Override
  public void close() throws IOException {
    recorder.close();
    index.close();
    lock.close();
  }
}
