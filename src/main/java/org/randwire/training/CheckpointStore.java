// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of one run in one folder: the two newest, and the best one where asked for.
 *
 * <p>A save that returned survives a kill and a power loss; a save that did not leaves what was
 * there before. Reading verifies every byte and falls back to the checkpoint before. A store is the
 * only writer of its folder and serves one thread at a time; reading, all static, may go on beside
 * it.
 */
public final class CheckpointStore {
  /** The file that {@link #saveBest} writes. */
  public static final String BEST_FILE = "best.rwck";

  private static final Logger LOGGER = LoggerFactory.getLogger(CheckpointStore.class);
  private static final Pattern NUMBERED = Pattern.compile("checkpoint-(\\d{12,18})\\.rwck");
  private static final String TEMPORARY_SUFFIX = ".rwck.tmp";
  private static final int KEPT = 2;

  private final Path folder;
  private final Disk disk;
  private final ByteBuffer buffer = CheckpointFormat.buffer(CheckpointFormat.BUFFER_BYTES);

  CheckpointStore(Path folder, Disk disk) {
    this.folder = folder;
    this.disk = disk;
  }

  /**
   * A checkpoint that was read.
   *
   * @param file where it was
   * @param skipped one line for each newer checkpoint that could not be read, and why
   */
  public record Restored(Path file, Checkpoint checkpoint, List<String> skipped) {
    public Restored {
      skipped = List.copyOf(skipped);
    }
  }

  private record Numbered(long step, Path file) {}

  /** Opens a folder for writing; creates it where absent and removes what a killed save left. */
  public static CheckpointStore open(Path folder) {
    try {
      Files.createDirectories(folder);
      for (Path file : list(folder)) {
        if (file.getFileName().toString().endsWith(TEMPORARY_SUFFIX)) {
          Files.delete(file);
        }
      }
    } catch (IOException e) {
      throw failure(folder, "cannot be opened for checkpoints", e);
    }
    return new CheckpointStore(folder, new Disk());
  }

  /**
   * Makes a checkpoint durable under its step, then drops all but the two newest.
   *
   * <p>Checkpoints of later steps are those a resumed run did not start from: they are renamed to
   * {@code *.abandoned}, so that they are neither mistaken for the newest nor lost.
   *
   * @return the file
   * @throws UncheckedIOException if it cannot be written; earlier checkpoints are intact
   */
  public Path save(Checkpoint checkpoint) {
    try {
      for (Numbered other : numbered(folder)) {
        if (other.step > checkpoint.step()) {
          disk.move(other.file, other.file.resolveSibling(other.file.getFileName() + ".abandoned"));
        }
      }
      Path file = write(checkpoint, fileName(checkpoint.step()));
      dropOld();
      return file;
    } catch (IOException e) {
      throw failure(folder, "step " + checkpoint.step() + " cannot be saved", e);
    }
  }

  /** Makes a checkpoint durable as {@link #BEST_FILE}, in place of the best one before. */
  public Path saveBest(Checkpoint checkpoint) {
    try {
      return write(checkpoint, BEST_FILE);
    } catch (IOException e) {
      throw failure(folder, BEST_FILE + " cannot be saved", e);
    }
  }

  /**
   * Reads the newest checkpoint that is whole.
   *
   * @return empty where the folder is absent or holds no checkpoint
   * @throws CheckpointException if there are checkpoints and none can be read
   */
  public static Optional<Restored> newest(Path folder) {
    List<String> skipped = new ArrayList<>();
    for (Numbered candidate : candidates(folder)) {
      try {
        Checkpoint checkpoint = CheckpointFormat.read(candidate.file);
        return Optional.of(new Restored(candidate.file, checkpoint, skipped));
      } catch (CheckpointException | UncheckedIOException e) {
        skipped.add(e.getMessage());
      }
    }
    if (skipped.isEmpty()) {
      return Optional.empty();
    }
    throw new CheckpointException(
        folder, "no checkpoint can be read: " + String.join("; ", skipped));
  }

  /**
   * As {@link #newest(Path)}, for a run that trains the given network.
   *
   * @throws CheckpointException also if the newest checkpoint belongs to another network
   */
  public static Optional<Restored> newest(Path folder, String network) {
    Optional<Restored> restored = newest(folder);
    restored.ifPresent(found -> found.checkpoint.requireNetwork(found.file, network));
    return restored;
  }

  /**
   * Reads one checkpoint file and verifies every byte of it.
   *
   * @throws CheckpointException if it is absent, damaged or of a newer format version
   */
  public static Checkpoint read(Path file) {
    return CheckpointFormat.read(file);
  }

  private Path write(Checkpoint checkpoint, String name) throws IOException {
    Path file = folder.resolve(name);
    Path temporary = folder.resolve(name.replace(".rwck", TEMPORARY_SUFFIX));
    try {
      try (Disk.Output output = disk.create(temporary)) {
        CheckpointFormat.write(checkpoint, output, buffer);
        output.force();
      }
      disk.move(temporary, file);
    } catch (IOException | RuntimeException e) {
      removeAfter(e, temporary);
      throw e;
    }
    disk.forceFolder(folder);
    return file;
  }

  private void removeAfter(Exception cause, Path temporary) {
    try {
      disk.delete(temporary);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  /** The new checkpoint is safe by now, so a file that cannot be removed must not end the run. */
  private void dropOld() throws IOException {
    List<Numbered> all = numbered(folder);
    for (Numbered old : all.subList(Math.min(KEPT, all.size()), all.size())) {
      try {
        disk.delete(old.file);
      } catch (IOException e) {
        LOGGER.warn("{}: cannot be removed: {}", old.file, e.getMessage());
      }
    }
  }

  private static List<Numbered> candidates(Path folder) {
    try {
      return Files.isDirectory(folder) ? numbered(folder) : List.of();
    } catch (IOException e) {
      throw failure(folder, "cannot be listed", e);
    }
  }

  /** The numbered checkpoints, newest first. */
  private static List<Numbered> numbered(Path folder) throws IOException {
    List<Numbered> result = new ArrayList<>();
    for (Path file : list(folder)) {
      Matcher matcher = NUMBERED.matcher(file.getFileName().toString());
      if (matcher.matches()) {
        result.add(new Numbered(Long.parseLong(matcher.group(1)), file));
      }
    }
    result.sort(Comparator.comparingLong(Numbered::step).reversed());
    return result;
  }

  private static List<Path> list(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  private static String fileName(long step) {
    return String.format(Locale.ROOT, "checkpoint-%012d.rwck", step);
  }

  private static UncheckedIOException failure(Path place, String what, IOException cause) {
    return new UncheckedIOException(place + ": " + what + ": " + cause, cause);
  }
}
