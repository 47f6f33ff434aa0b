// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Who trains which member: files on a folder that all workers share, whatever started them.
 *
 * <p>The lease of a member is the file {@code MEMBER.GENERATION} of the highest generation. Taking
 * one over is making the next generation's file, which the file system grants to one process only;
 * no file that another might have is ever replaced or moved. The owner renews its lease by writing
 * it anew, sees from a later generation that it lost it, and frees it by making the next generation
 * with nobody in it. Files go away only after the member's record is on the medium; whoever comes
 * later reads the journals before it starts.
 *
 * <p>A lease is dead if its process runs no more on this machine, or if its file was not renewed
 * for a time, by the clock of the one who watches: clocks of machines need not agree.
 */
public final class Claims {

  private static final Pattern NAME = Pattern.compile("(\\d{8,10})\\.(\\d{1,9})");
  private static final String TEMPORARY = ".tmp";

  private final Path folder;
  private final long staleNanos;
  private final AtomicLong temporaries = new AtomicLong();
  private final String process = UUID.randomUUID().toString().substring(0, 8);
  private final Map<Path, Seen> seen = new HashMap<>();

  private record Seen(long modified, long firstSeenNanos) {}

  /**
   * What a lease file says.
   *
   * @param token empty if nobody has it
   * @param supervisor the coordinator that watches the owner; null if none does
   * @param alone whether the owner trains nothing else
   * @param error of the newest evaluation; NaN before the first
   */
  record Lease(
      int member,
      int generation,
      String token,
      Owner owner,
      @Nullable Owner supervisor,
      boolean alone,
      long step,
      int epoch,
      int epochs,
      double error) {

    boolean isFree() {
      return token.isEmpty();
    }
  }

  Claims(Path folder, double staleSeconds) {
    this.folder = folder;
    this.staleNanos = (long) (staleSeconds * 1e9);
  }

  /** The lease of every member that has one. */
  Map<Integer, Lease> current() throws IOException {
    Map<Integer, Integer> generations = new HashMap<>();
    if (!Files.isDirectory(folder)) {
      return Map.of();
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        Matcher name = NAME.matcher(file.getFileName().toString());
        if (name.matches()) {
          generations.merge(
              Integer.parseInt(name.group(1)), Integer.parseInt(name.group(2)), Math::max);
        }
      }
    }
    forgetAllBut(generations);
    Map<Integer, Lease> leases = new LinkedHashMap<>();
    for (Map.Entry<Integer, Integer> entry : generations.entrySet()) {
      Lease lease = read(entry.getKey(), entry.getValue());
      if (lease != null) {
        leases.put(entry.getKey(), lease);
      }
    }
    return leases;
  }

  private synchronized void forgetAllBut(Map<Integer, Integer> generations) {
    seen.keySet()
        .removeIf(
            file -> {
              Matcher name = NAME.matcher(file.getFileName().toString());
              return !name.matches()
                  || !Integer.valueOf(Integer.parseInt(name.group(2)))
                      .equals(generations.get(Integer.parseInt(name.group(1))));
            });
  }

  private Path file(int member, int generation) {
    return folder.resolve("%08d.%d".formatted(member, generation));
  }

  /** Null if it has gone meanwhile. */
  private @Nullable Lease read(int member, int generation) throws IOException {
    try {
      JsonNode node = JsonMapper.shared().readTree(Files.readAllBytes(file(member, generation)));
      return new Lease(
          member,
          generation,
          node.path("token").asString(""),
          Owner.of(node.path("owner")),
          node.has("supervisor") ? Owner.of(node.path("supervisor")) : null,
          node.path("alone").asBoolean(false),
          node.path("step").asLong(0),
          node.path("epoch").asInt(0),
          node.path("epochs").asInt(0),
          node.path("error").isNumber() ? node.path("error").asDouble() : Double.NaN);
    } catch (NoSuchFileException e) {
      return null;
    } catch (JacksonException e) {
      // Where the file system has no links a lease is written in place: somebody is about to.
      return new Lease(
          member, generation, "unread", new Owner("", 0, 0), null, false, 0, 0, 0, Double.NaN);
    }
  }

  /** Whether the owner is gone; a supervisor that lives will say how. */
  boolean isDead(Lease lease) throws IOException {
    boolean gone = lease.owner.isDead() && (lease.supervisor == null || lease.supervisor.isDead());
    return gone || isStale(lease);
  }

  /** Whether a lease was not renewed for its time, as far as this process has watched. */
  synchronized boolean isStale(Lease lease) throws IOException {
    Path file = file(lease.member, lease.generation);
    long modified;
    try {
      modified = Files.getLastModifiedTime(file).toMillis();
    } catch (NoSuchFileException e) {
      seen.remove(file);
      return false;
    }
    long now = System.nanoTime();
    Seen before = seen.get(file);
    if (before == null || before.modified != modified) {
      seen.put(file, new Seen(modified, now));
      return false;
    }
    return now - before.firstSeenNanos > staleNanos;
  }

  /**
   * Takes a member that nobody has.
   *
   * @param before its lease as it was seen; null if it had none
   * @param supervisor the coordinator of this process, if there is one
   * @return empty if another was faster
   */
  Optional<Held> take(int member, @Nullable Lease before, boolean alone, @Nullable Owner supervisor)
      throws IOException {
    int generation = before == null ? 1 : before.generation + 1;
    Lease lease =
        new Lease(
            member,
            generation,
            UUID.randomUUID().toString(),
            Owner.current(),
            supervisor,
            alone,
            0,
            0,
            0,
            Double.NaN);
    return create(lease) ? Optional.of(new Held(lease)) : Optional.empty();
  }

  /** Frees the lease of a process that is gone; another may do so at the same time. */
  void free(Lease dead) throws IOException {
    create(
        new Lease(
            dead.member,
            dead.generation + 1,
            "",
            Owner.current(),
            null,
            false,
            dead.step,
            dead.epoch,
            dead.epochs,
            dead.error));
  }

  private boolean create(Lease lease) throws IOException {
    Path file = file(lease.member, lease.generation);
    Path temporary = write(lease);
    try {
      Files.createLink(file, temporary);
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    } catch (UnsupportedOperationException | java.nio.file.FileSystemException e) {
      return createInPlace(file, lease);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Without links a reader may see an empty file for a moment; it takes it for one in use. */
  private boolean createInPlace(Path file, Lease lease) throws IOException {
    try {
      Files.write(file, bytes(lease), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    }
  }

  private Path write(Lease lease) throws IOException {
    Files.createDirectories(folder);
    Path temporary =
        folder.resolve("." + process + "-" + temporaries.incrementAndGet() + TEMPORARY);
    try {
      Files.write(temporary, bytes(lease), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    } catch (IOException e) {
      Files.deleteIfExists(temporary); // which a full disk leaves empty
      throw e;
    }
    return temporary;
  }

  private static byte[] bytes(Lease lease) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("token", lease.token);
    values.put("owner", lease.owner);
    if (lease.supervisor != null) {
      values.put("supervisor", lease.supervisor);
    }
    values.put("alone", lease.alone);
    values.put("step", lease.step);
    values.put("epoch", lease.epoch);
    values.put("epochs", lease.epochs);
    values.put("error", JournalLine.finite(lease.error));
    return JsonMapper.shared().writeValueAsString(values).getBytes(StandardCharsets.UTF_8);
  }

  /** Removes what killed processes left half made, and leases of members that are finished. */
  void clean(RunStore store) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        String name = file.getFileName().toString();
        Matcher lease = NAME.matcher(name);
        if ((name.endsWith(TEMPORARY) && isOld(file))
            || (lease.matches() && store.isFinished(Integer.parseInt(lease.group(1))))) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  private static boolean isOld(Path file) {
    try {
      return Files.getLastModifiedTime(file).toMillis() < System.currentTimeMillis() - 60_000;
    } catch (IOException e) {
      return false; // gone by now
    }
  }

  /** A lease of this process. Thread-safe. */
  final class Held {
    private Lease lease;
    private boolean given;

    private Held(Lease lease) {
      this.lease = lease;
    }

    synchronized Lease lease() {
      return lease;
    }

    /** Whether nobody has taken it over. */
    synchronized boolean isMine() {
      return !given && !Files.exists(file(lease.member, lease.generation + 1));
    }

    /** Says that the run goes on, and how far it is. */
    synchronized void renew(long step, int epoch, int epochs, double error) throws IOException {
      if (!isMine()) {
        return;
      }
      lease =
          new Lease(
              lease.member,
              lease.generation,
              lease.token,
              lease.owner,
              lease.supervisor,
              lease.alone,
              step,
              epoch,
              epochs,
              error);
      Path file = file(lease.member, lease.generation);
      try {
        Path temporary = write(lease);
        Files.move(
            temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        // A full disk has room for a time.
        Files.setLastModifiedTime(file, FileTime.fromMillis(System.currentTimeMillis()));
      }
    }

    /** Gives it back before the member is finished. */
    synchronized void release() throws IOException {
      if (isMine()) {
        free(lease);
      }
      given = true;
    }

    /** Removes all leases of the member, whose record is in the store. */
    synchronized void finish() throws IOException {
      given = true;
      for (int generation = lease.generation; generation >= 1; generation--) {
        if (!Files.deleteIfExists(file(lease.member, generation))) {
          break;
        }
      }
    }
  }
}
