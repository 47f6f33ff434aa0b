// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** A control group whose processes the kernel kills beyond a limit of memory. */
final class MemoryGroup {

  private static final String PREFIX = "randwire-test-";

  /** Where groups are made, and the file of the limit: version 1 and 2 of the interface. */
  private static final Map<Path, String> PLACES =
      Map.of(
          Path.of("/sys/fs/cgroup/memory"), "memory.limit_in_bytes",
          Path.of("/sys/fs/cgroup"), "memory.max");

  private MemoryGroup() {}

  /** Whether this process may make one. */
  static boolean canBeMade() {
    try {
      Optional<Path> group = make("probe-" + ProcessHandle.current().pid(), 1 << 30);
      if (group.isPresent()) {
        Files.delete(group.get());
      }
      return group.isPresent();
    } catch (IOException e) {
      return false;
    }
  }

  private static Optional<Path> make(String name, long bytes) throws IOException {
    for (Map.Entry<Path, String> place : PLACES.entrySet()) {
      if (Files.isWritable(place.getKey())
          && Files.exists(place.getKey().resolve("cgroup.procs"))) {
        Path group = Files.createDirectories(place.getKey().resolve(PREFIX + name));
        if (Files.exists(group.resolve(place.getValue()))) {
          Files.writeString(group.resolve(place.getValue()), Long.toString(bytes));
          return Optional.of(group);
        }
        Files.delete(group);
      }
    }
    return Optional.empty();
  }

  /** Puts this process into a group of its own; what it takes from now on counts. */
  static void enter(long bytes) throws IOException {
    String pid = Long.toString(ProcessHandle.current().pid());
    Path group = make(pid, bytes).orElseThrow();
    Files.writeString(group.resolve("cgroup.procs"), pid);
  }

  /** Removes the groups whose processes are gone. */
  static void removeEmpty() throws IOException {
    for (Path place : PLACES.keySet()) {
      if (Files.isDirectory(place)) {
        try (DirectoryStream<Path> groups = Files.newDirectoryStream(place, PREFIX + "*")) {
          for (Path group : groups) {
            if (Files.readString(group.resolve("cgroup.procs")).isBlank()) {
              Files.delete(group);
            }
          }
        }
      }
    }
  }
}
