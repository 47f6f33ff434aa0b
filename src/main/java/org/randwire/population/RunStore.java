// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What the journals of a sweep say, all writers' together. {@link #refresh} reads what has been
 * appended since; of finished runs only what decides about others is kept in memory. Reading never
 * disturbs a writer. Thread-safe.
 */
public final class RunStore {

  /** So many deaths in a row that are nobody's fault, without a step between them, end a run. */
  static final int FRUITLESS_DEATHS = 20;

  private static final int CHUNK = 1 << 20;

  /** A line in the middle of a journal that is damaged. */
  public record Damage(Path journal, long offset) {
    @Override
    public String toString() {
      return journal + ": damaged line at byte " + offset + " is left out";
    }
  }

  private final Path folder;
  private final Map<Path, Long> offsets = new HashMap<>();
  private final BitSet finished = new BitSet();
  private final Map<RunState, Integer> states = new EnumMap<>(RunState.class);
  private final Map<String, Integer> causes = new TreeMap<>();
  private final Map<Integer, Map<String, Attempt>> attempts = new HashMap<>();
  private final Map<String, double[]> sessions = new HashMap<>();
  private final Map<Integer, StoredRun> pilot = new TreeMap<>();
  private final Set<Damage> damages = new HashSet<>();
  private final int pilotMembers;
  private double runSeconds;

  /**
   * @param folder that of the journals
   * @param pilotMembers of the first so many members the whole record is kept
   */
  public RunStore(Path folder, int pilotMembers) {
    this.folder = folder;
    this.pilotMembers = pilotMembers;
  }

  /** Reads what is new. */
  public synchronized void refresh() throws IOException {
    read(offsets, line -> {});
  }

  /** Reads what is new and hands on every line of it. */
  synchronized void refresh(Consumer<JsonNode> each) throws IOException {
    read(offsets, each);
  }

  /** How far every journal has been read, by its file name. */
  synchronized Map<String, Long> offsets() {
    Map<String, Long> read = new HashMap<>();
    offsets.forEach((journal, offset) -> read.put(journal.getFileName().toString(), offset));
    return read;
  }

  /** Takes from the index how far a journal has been read. */
  synchronized void resumeAt(String journal, long offset) {
    offsets.put(folder.resolve(journal), offset);
  }

  /** Finished runs of one state and cause. */
  record Finished(RunState state, @Nullable String cause, int runs, double seconds) {}

  /** Takes from the index the members that have their record, and the sums over these. */
  synchronized void addFinished(BitSet members, List<Finished> sums) {
    finished.or(members);
    sums.forEach(this::add);
  }

  private void add(Finished sum) {
    states.merge(sum.state, sum.runs, Integer::sum);
    if (sum.cause != null) {
      causes.merge(sum.cause, sum.runs, Integer::sum);
    }
    runSeconds += sum.seconds;
  }

  /** Takes from the index an attempt that failed. */
  synchronized void addAttempt(Attempt attempt) {
    attempts
        .computeIfAbsent(attempt.member(), m -> new LinkedHashMap<>())
        .putIfAbsent(attempt.lease(), attempt);
  }

  /**
   * Reads all records again, in no order; of two of one member, which a writer that was taken for
   * dead may have left, the one of the journal whose name comes first.
   */
  public synchronized Map<Integer, StoredRun> runs() throws IOException {
    Map<Integer, StoredRun> runs = new TreeMap<>();
    new RunStore(folder, 0)
        .read(
            new HashMap<>(),
            line -> {
              if (line.path("kind").asString().equals(StoredRun.KIND)) {
                StoredRun run = StoredRun.of(line);
                runs.putIfAbsent(run.member(), run);
              }
            });
    return runs;
  }

  private void read(Map<Path, Long> from, Consumer<JsonNode> each) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    List<Path> journals = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + Journal.ENDING)) {
      files.forEach(journals::add);
    }
    journals.sort(null);
    for (Path journal : journals) {
      try {
        from.put(journal, read(journal, from.getOrDefault(journal, 0L), each));
      } catch (NoSuchFileException e) {
        from.remove(journal); // a folder being copied or cleared
      }
    }
  }

  /** Reads the whole lines behind an offset and gives the offset behind the last of them. */
  private long read(Path journal, long offset, Consumer<JsonNode> each) throws IOException {
    if (Files.size(journal) <= offset) {
      return offset;
    }
    try (FileChannel channel = FileChannel.open(journal, StandardOpenOption.READ)) {
      long at = offset;
      byte[] bytes = new byte[(int) Math.min(CHUNK, channel.size() - offset)];
      while (true) {
        int length = fill(channel, bytes, at);
        int start = 0;
        for (int i = 0; i < length; i++) {
          if (bytes[i] == '\n') {
            line(journal, at + start, bytes, start, i, each);
            start = i + 1;
          }
        }
        at += start;
        if (length < bytes.length) {
          return at;
        }
        bytes = start == 0 ? new byte[2 * bytes.length] : bytes;
      }
    }
  }

  private static int fill(FileChannel channel, byte[] bytes, long at) throws IOException {
    ByteBuffer into = ByteBuffer.wrap(bytes);
    while (into.hasRemaining()) {
      if (channel.read(into, at + into.position()) < 0) {
        break;
      }
    }
    return into.position();
  }

  private void line(
      Path journal, long offset, byte[] bytes, int from, int to, Consumer<JsonNode> each) {
    JsonNode line = JournalLine.decode(bytes, from, to);
    if (line == null) {
      damages.add(new Damage(journal, offset));
      return;
    }
    if (line.path("format").asInt() > JournalLine.FORMAT) {
      throw new PopulationException(
          journal + ": byte " + offset,
          "was written in format %d by a newer version; this one reads up to %d"
              .formatted(line.path("format").asInt(), JournalLine.FORMAT));
    }
    take(line);
    each.accept(line);
  }

  private void take(JsonNode line) {
    switch (line.path("kind").asString()) {
      case StoredRun.KIND -> finished(line);
      case Attempt.KIND -> addAttempt(Attempt.of(line));
      case Session.KIND ->
          sessions.put(
              line.path("session").asString(),
              new double[] {
                line.path("seconds").asDouble(0), line.path("joules").asDouble(Double.NaN)
              });
      default -> {
        // a kind that a later version of the same format has added
      }
    }
  }

  private void finished(JsonNode line) {
    int member = line.path("member").asInt();
    if (finished.get(member)) {
      return;
    }
    finished.set(member);
    add(
        new Finished(
            RunState.valueOf(line.path("state").asString()),
            line.path("causeKind").isString() ? line.path("causeKind").asString() : null,
            1,
            line.path("seconds").asDouble(0)));
    if (member < pilotMembers) {
      pilot.put(member, StoredRun.of(line));
    }
  }

  /** The kind of line in which a coordinator says how long it has run. */
  static final class Session {
    static final String KIND = "session";

    private Session() {}
  }

  /** Whether a member has its record. */
  public synchronized boolean isFinished(int member) {
    return finished.get(member);
  }

  /** How many members have their record. */
  public synchronized int finishedCount() {
    return finished.cardinality();
  }

  /** How many of the first {@code members} have their record. */
  public synchronized int finishedBelow(int members) {
    return finished.get(0, members).cardinality();
  }

  /** The first member at or behind {@code from} without a record. */
  public synchronized int nextUnfinished(int from) {
    return finished.nextClearBit(from);
  }

  public synchronized Map<RunState, Integer> states() {
    return new EnumMap<>(states);
  }

  /** How many finished runs failed of which cause. */
  public synchronized Map<String, Integer> causes() {
    return new TreeMap<>(causes);
  }

  /** Seconds of all finished runs. */
  public synchronized double runSeconds() {
    return runSeconds;
  }

  /** Seconds that coordinators have run, but for a session of the given id. */
  synchronized double sessionSeconds(String but) {
    return sessions.entrySet().stream()
        .filter(e -> !e.getKey().equals(but))
        .mapToDouble(e -> e.getValue()[0])
        .sum();
  }

  /** Joules that were counted, but for a session of the given id. */
  synchronized double sessionJoules(String but) {
    return sessions.entrySet().stream()
        .filter(e -> !e.getKey().equals(but))
        .mapToDouble(e -> e.getValue()[1])
        .filter(Double::isFinite)
        .sum();
  }

  /** The records of the pilot, those there are. */
  synchronized List<StoredRun> pilotRuns() {
    return List.copyOf(pilot.values());
  }

  /** Lines in the middle of journals that cannot be read; their runs are trained again. */
  public synchronized Set<Damage> damages() {
    return Set.copyOf(damages);
  }

  /** Attempts of a member that failed. */
  synchronized List<Attempt> attempts(int member) {
    return List.copyOf(attempts.getOrDefault(member, Map.of()).values());
  }

  /** How many attempts failed in all. */
  public synchronized int attemptCount() {
    return attempts.values().stream().mapToInt(Map::size).sum();
  }

  /** Whether a member may have ended a process that trained others too; it is tried alone. */
  synchronized boolean isSuspect(int member) {
    return attempts.getOrDefault(member, Map.of()).values().stream()
        .anyMatch(attempt -> attempt.cause().blamesRun());
  }

  /** The cause that ends a member for good, once it has been tried often enough. */
  synchronized Optional<Attempt> verdict(int member, int most) {
    int own = 0;
    int fruitless = 0;
    long furthest = -1;
    Attempt last = null;
    for (Attempt attempt : attempts.getOrDefault(member, Map.of()).values()) {
      if (attempt.cause().blamesRun()) {
        own += attempt.alone() ? 1 : 0;
      } else {
        fruitless = attempt.step() > furthest ? 0 : fruitless + 1;
      }
      furthest = Math.max(furthest, attempt.step());
      last = attempt.cause().blamesRun() && !attempt.alone() ? last : attempt;
    }
    return own >= most || fruitless >= FRUITLESS_DEATHS
        ? Optional.ofNullable(last)
        : Optional.empty();
  }
}
