// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How much memory this process could still take: what the system calls available, bounded by the
 * limit of the control group, version 1 or 2, and of the groups around it.
 *
 * @param root where {@code proc} and {@code sys} are, {@code /} but in tests
 */
record HostMemory(Path root) {

  /** Bytes, or {@link Long#MAX_VALUE} where the system does not say. */
  long availableBytes() {
    long available = Long.MAX_VALUE;
    for (String line : lines("proc/meminfo")) {
      if (line.startsWith("MemAvailable:")) {
        available = Long.parseLong(line.replaceAll("\\D", "")) * 1024;
      }
    }
    for (String line : lines("proc/self/cgroup")) {
      String[] fields = line.split(":", 3);
      if (fields.length == 3 && fields[1].isEmpty()) {
        available =
            Math.min(available, unused("sys/fs/cgroup", fields[2], "memory.max", "memory.current"));
      } else if (fields.length == 3 && List.of(fields[1].split(",")).contains("memory")) {
        available =
            Math.min(
                available,
                unused(
                    "sys/fs/cgroup/memory",
                    fields[2],
                    "memory.limit_in_bytes",
                    "memory.usage_in_bytes"));
      }
    }
    return available;
  }

  /** The smallest rest among a group and its ancestors. */
  private long unused(String mount, String group, String limitFile, String usageFile) {
    Path top = root.resolve(mount);
    Path folder = top.resolve(group.substring(group.startsWith("/") ? 1 : 0)).normalize();
    long rest = Long.MAX_VALUE;
    while (folder != null && folder.startsWith(top)) {
      long limit = number(folder.resolve(limitFile));
      long usage = number(folder.resolve(usageFile));
      if (limit != Long.MAX_VALUE && usage != Long.MAX_VALUE) {
        rest = Math.min(rest, Math.max(0, limit - usage));
      }
      folder = folder.getParent();
    }
    return rest;
  }

  /** The number a file holds; {@link Long#MAX_VALUE} for {@code max} or no such file. */
  private static long number(Path file) {
    try {
      String text = Files.readString(file).strip();
      return text.equals("max") ? Long.MAX_VALUE : Long.parseLong(text);
    } catch (IOException | NumberFormatException e) {
      return Long.MAX_VALUE;
    }
  }

  private List<String> lines(String file) {
    try {
      return Files.readAllLines(root.resolve(file));
    } catch (IOException e) {
      return List.of();
    }
  }
}
