// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.randwire.backend.cuda.binding.Device;

class LaunchTableTest {

  private static final long BASE = 1L << 32;

  private static Launch launch(String kernel, int rows, long blocks, int shared, Long... list) {
    Arguments a = Launch.arguments(blocks).real(1.5).addresses(List.of(list)).integer(7);
    return new Launch(kernel, rows, blocks, shared, a);
  }

  @Test
  void launchesOfARegionThatAreAlikeBecomeOne() {
    LaunchTable table =
        LaunchTable.of(
            List.of(
                List.of(
                    launch("a", 0, 3, 100),
                    launch("b", 0, 1, 0),
                    launch("a", 0, 9, 40),
                    launch("a", 64, 2, 0)),
                List.of(launch("a", 0, 5, 0))),
            false);
    List<Device.KernelLaunch> commands =
        table.commands(BASE).stream().map(command -> (Device.KernelLaunch) command).toList();
    assertEquals(
        List.of("a", "b", "a", "a"), commands.stream().map(c -> c.module().name()).toList());
    assertEquals(List.of(2, 1, 1, 1), commands.stream().map(Device.KernelLaunch::entries).toList());
    assertEquals(
        List.of(9L, 1L, 2L, 5L), commands.stream().map(Device.KernelLaunch::blocks).toList());
    assertEquals(100, commands.get(0).sharedBytes());
  }

  @Test
  void structsLieOneAfterTheOtherAndPointToTheirArrays() {
    LaunchTable table =
        LaunchTable.of(
            List.of(List.of(launch("a", 0, 3, 0, 11L, 12L), launch("a", 0, 4, 0, 21L))), true);
    ByteBuffer image = table.image(BASE).order(java.nio.ByteOrder.nativeOrder());
    int struct = table.batches().get(0).module().argumentBytes();
    assertEquals(32, struct); // blocks, a float and its gap, a pointer, an int and its gap
    for (int entry = 0; entry < 2; entry++) {
      int at = entry * struct;
      assertEquals(3 + entry, image.getLong(at));
      assertEquals(1.5f, image.getFloat(at + 8));
      assertEquals(7, image.getInt(at + 24));
      int array = (int) (image.getLong(at + 16) - BASE);
      assertEquals(entry == 0 ? 11 : 21, image.getLong(array));
      assertEquals(0, array % 8);
    }
    assertEquals(table.sizeBytes(), 2 * struct + 3 * 8);
  }

  @Test
  void argumentsGrowAndKeepTheirFields() {
    Arguments a = Launch.arguments(1);
    for (int i = 0; i < 100; i++) {
      a.integer(i).wide(-i);
    }
    ByteBuffer table = ByteBuffer.allocate(a.structBytes()).order(java.nio.ByteOrder.nativeOrder());
    a.write(table, 0, a.structBytes(), BASE);
    for (int i = 0; i < 100; i++) {
      assertEquals(i, table.getInt(8 + 16 * i));
      assertEquals(-i, table.getLong(16 + 16 * i));
    }
  }
}
