// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostMemoryTest {

  @TempDir Path root;

  private void write(String file, String text) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  @Test
  void withoutGroupsAllThatTheSystemCallsAvailableIsAvailable() throws IOException {
    write("proc/meminfo", "MemTotal:  100 kB\nMemFree:  10 kB\nMemAvailable:   80 kB\n");
    assertEquals(80 * 1024, new HostMemory(root).availableBytes());
  }

  @Test
  void theRestOfTheNarrowestGroupBoundsIt() throws IOException {
    write("proc/meminfo", "MemAvailable:   80 kB\n");
    write("proc/self/cgroup", "0::/outer/inner\n");
    write("sys/fs/cgroup/outer/inner/memory.max", "max\n");
    write("sys/fs/cgroup/outer/inner/memory.current", "4096\n");
    write("sys/fs/cgroup/outer/memory.max", "10000\n");
    write("sys/fs/cgroup/outer/memory.current", "6000\n");
    assertEquals(4000, new HostMemory(root).availableBytes());
  }

  @Test
  void groupsOfVersionOneBoundItToo() throws IOException {
    write("proc/meminfo", "MemAvailable:   80 kB\n");
    write("proc/self/cgroup", "5:cpu,cpuacct:/job\n4:memory:/job\n");
    write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "9000\n");
    write("sys/fs/cgroup/memory/job/memory.usage_in_bytes", "2000\n");
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    write("sys/fs/cgroup/memory/memory.usage_in_bytes", "2000\n");
    assertEquals(7000, new HostMemory(root).availableBytes());
  }

  @Test
  void aGroupOverItsLimitLeavesNothing() throws IOException {
    write("proc/meminfo", "MemAvailable:   80 kB\n");
    write("proc/self/cgroup", "0::/\n");
    write("sys/fs/cgroup/memory.max", "10\n");
    write("sys/fs/cgroup/memory.current", "11\n");
    assertEquals(0, new HostMemory(root).availableBytes());
  }

  @Test
  void anUnknownSystemHasNoBound() {
    assertEquals(Long.MAX_VALUE, new HostMemory(root).availableBytes());
  }
}
