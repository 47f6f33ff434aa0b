// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The folder of a sweep, which all its processes share: {@code sweep.yaml} (merged), {@code
 * population.jsonl} (all members) with its hash, {@code store/} (journals, the truth), {@code
 * claims/} (leases), {@code runs/} (checkpoints of runs under way), {@code logs/} of the workers;
 * and made from these, {@code index.sqlite}, {@code table.csv} and {@code report/}.
 */
public record SweepFolder(Path path) {

  public Path config() {
    return path.resolve("sweep.yaml");
  }

  public Path population() {
    return path.resolve("population.jsonl");
  }

  private Path populationHash() {
    return path.resolve("population.sha256");
  }

  public Path store() {
    return path.resolve("store");
  }

  Path claims() {
    return path.resolve("claims");
  }

  Path runs() {
    return path.resolve("runs");
  }

  /** The folder of one run. */
  public Path run(SweepMember member) {
    return runs().resolve(member.name());
  }

  public Path logs() {
    return path.resolve("logs");
  }

  public Path index() {
    return path.resolve("index.sqlite");
  }

  public Path table() {
    return path.resolve("table.csv");
  }

  public Path report() {
    return path.resolve("report");
  }

  /** Whether there is a sweep in the folder. */
  public static boolean isSweep(Path folder) {
    SweepFolder sweep = new SweepFolder(folder);
    return Files.isRegularFile(sweep.config()) && Files.isRegularFile(sweep.population());
  }

  /**
   * Draws the population and makes the folder; the configuration is written last and makes it
   * whole.
   *
   * @param config text of {@code sweep.yaml}
   * @param threads that draw
   */
  public static SweepFolder create(Path path, PopulationSpec spec, String config, int threads)
      throws IOException, InterruptedException {
    SweepFolder folder = new SweepFolder(path);
    Files.createDirectories(path);
    StringBuilder lines = new StringBuilder();
    for (Map<String, Object> line : spec.draw(threads)) {
      lines.append(JsonMapper.shared().writeValueAsString(line)).append('\n');
    }
    byte[] population = lines.toString().getBytes(StandardCharsets.UTF_8);
    replace(folder.population(), population);
    replace(
        folder.populationHash(),
        (sha256(population) + "  population.jsonl\n").getBytes(StandardCharsets.UTF_8));
    replace(folder.config(), config.getBytes(StandardCharsets.UTF_8));
    return folder;
  }

  /** Writes a file whole and forces it. */
  static void replace(Path file, byte[] bytes) throws IOException {
    Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
    try (FileChannel channel =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer source = ByteBuffer.wrap(bytes);
      while (source.hasRemaining()) {
        channel.write(source);
      }
      channel.force(true);
    }
    Files.move(
        temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Replaces the configuration, such as by one with other workers. */
  public void writeConfig(String text) throws IOException {
    replace(config(), text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Reads the population.
   *
   * @throws PopulationException if it is not what was drawn when the sweep began
   */
  public List<SweepMember> members() throws IOException {
    byte[] bytes = Files.readAllBytes(population());
    String told = Files.readString(populationHash()).split(" ", 2)[0];
    if (!sha256(bytes).equals(told)) {
      throw new PopulationException(
          population().toString(),
          "is not the population this sweep began with: its SHA-256 is not that of "
              + populationHash().getFileName());
    }
    List<SweepMember> members = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == '\n') {
        members.add(member(members.size(), Arrays.copyOfRange(bytes, start, i)));
        start = i + 1;
      }
    }
    return members;
  }

  private SweepMember member(int number, byte[] line) {
    try {
      return SweepMember.of(number, JsonMapper.shared().readTree(line));
    } catch (JacksonException e) {
      throw new PopulationException(
          population() + ":" + (number + 1), "no JSON: " + e.getOriginalMessage());
    }
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** A lock that its process holds until it is closed or ends, however that may be. */
  static final class Lock implements AutoCloseable {
    private final FileChannel channel;
    private final FileLock lock;

    private Lock(FileChannel channel, FileLock lock) {
      this.channel = channel;
      this.lock = lock;
    }

    /** Empty if another has it. */
    static Optional<Lock> of(Path file) throws IOException {
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      try {
        FileLock lock = channel.tryLock();
        if (lock != null) {
          return Optional.of(new Lock(channel, lock));
        }
      } catch (OverlappingFileLockException e) {
        // another thread of this process
      }
      channel.close();
      return Optional.empty();
    }

    @Override
    public void close() throws IOException {
      lock.release();
      channel.close();
    }
  }

  static void deleteTree(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
