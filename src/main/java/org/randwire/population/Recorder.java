// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what becomes of members into one journal, and waits where the disk is full: a sweep
 * pauses, it loses nothing. Thread-safe.
 */
final class Recorder implements AutoCloseable {

  private static final Logger LOGGER = LoggerFactory.getLogger(Recorder.class);
  private static final long FIRST_PAUSE_MILLIS = 500;
  private static final long LONGEST_PAUSE_MILLIS = 10_000;

  private final SweepFolder folder;
  private final SweepSettings settings;
  private final RunStore store;
  private final Journal journal;
  private final Consumer<String> notes;
  private volatile boolean closed;

  /** Threads that wait for room on the disk. */
  private final Set<Thread> waiting = ConcurrentHashMap.newKeySet();

  /** An action that writes files. */
  interface Writing<T> {
    T write() throws IOException;
  }

  /**
   * @param notes takes the line that says that the sweep waits, and the one that it goes on
   */
  Recorder(SweepFolder folder, SweepSettings settings, RunStore store, Consumer<String> notes) {
    this.folder = folder;
    this.settings = settings;
    this.store = store;
    this.notes = notes;
    Owner owner = Owner.current();
    String host = Owner.hostName().replaceAll("[^A-Za-z0-9-]", "_");
    this.journal =
        new Journal(
            folder.store(),
            "%s-%d-%s".formatted(host, owner.pid(), UUID.randomUUID().toString().substring(0, 8)));
  }

  /** Whether an exception says that there is no room. */
  static boolean isDiskFull(@Nullable Throwable error) {
    if (error instanceof UncheckedIOException unchecked) {
      return isDiskFull(unchecked.getCause());
    }
    if (!(error instanceof IOException)) {
      return false;
    }
    String message = String.valueOf(error.getMessage()).toLowerCase(Locale.ROOT);
    return message.contains("no space left")
        || message.contains("quota exceeded")
        || isDiskFull(error.getCause());
  }

  /** Does something until the disk has room for it. */
  <T> T patiently(Writing<T> action) throws IOException {
    long pause = FIRST_PAUSE_MILLIS;
    boolean waited = false;
    while (true) {
      try {
        T result = action.write();
        if (waited) {
          notes.accept("going on: there is room on the disk again");
        }
        return result;
      } catch (IOException | UncheckedIOException e) {
        if (!isDiskFull(e) || closed) {
          throw e;
        }
        if (!waited) {
          notes.accept(
              "paused: no space left on the disk of "
                  + folder.path()
                  + "; it goes on once there is");
          waited = true;
        }
        sleep(pause);
        pause = Math.min(LONGEST_PAUSE_MILLIS, 2 * pause);
      }
    }
  }

  private void sleep(long millis) throws IOException {
    waiting.add(Thread.currentThread());
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the disk was full", e);
    } finally {
      waiting.remove(Thread.currentThread());
    }
  }

  /** Whether a thread waits for room on the disk, and so makes no steps. */
  boolean isWaiting(Thread thread) {
    return waiting.contains(thread);
  }

  /** Appends a line of the coordinator. */
  void append(String kind, java.util.Map<String, ?> values) throws IOException {
    journal.append(kind, values);
  }

  /**
   * Records how a run ended, unless somebody else has, and clears away what is no longer needed.
   *
   * @return whether it was recorded here
   */
  boolean finish(SweepMember member, MemberTraining.Result result, Claims.Held held)
      throws IOException {
    return patiently(
        () -> {
          store.refresh();
          boolean mine = held.isMine() && !store.isFinished(member.number());
          if (mine) {
            int attempts = store.attempts(member.number()).size();
            journal.append(
                StoredRun.KIND,
                StoredRun.of(member, result, attempts, settings.marksOf(member.number())).toJson());
            store.refresh();
          }
          if (store.isFinished(member.number())) {
            clear(member);
            held.finish();
          }
          return mine;
        });
  }

  private void clear(SweepMember member) {
    if (settings.keep() == SweepSettings.Keep.NONE) {
      try {
        SweepFolder.deleteTree(folder.run(member));
      } catch (IOException e) {
        LOGGER.warn("{}: cannot be removed: {}", folder.run(member), e.toString());
      }
    }
  }

  /** Records that an attempt failed, and the end of the member if it was the last. */
  void attempt(SweepMember member, Claims.Lease lease, Cause cause, String message)
      throws IOException {
    patiently(
        () -> {
          journal.append(
              Attempt.KIND,
              new Attempt(
                      member.number(), lease.token(), cause, message, lease.alone(), lease.step())
                  .toJson());
          store.refresh();
          return true;
        });
  }

  /**
   * Ends a member that was tried often enough.
   *
   * @return whether it has its record now
   */
  boolean giveUp(SweepMember member, Claims.Held held) throws IOException {
    Optional<Attempt> verdict = store.verdict(member.number(), settings.attempts());
    if (verdict.isEmpty()) {
      return false;
    }
    finish(member, MemberTraining.Result.failed(verdict.get()), held);
    return true;
  }

  @Override
  public void close() throws IOException {
    closed = true;
    journal.close();
  }
}
