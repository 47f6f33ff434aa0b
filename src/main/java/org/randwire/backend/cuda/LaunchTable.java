// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.randwire.backend.cuda.binding.Device;
import org.randwire.backend.cuda.binding.KernelModule;

/**
 * The launches of a plan put together: those of a region that are the same kernel become one launch
 * whose third grid dimension picks an entry of a table of argument structs. Nodes of one level of
 * the random graph share a region, so a level is a launch for each kind of kernel. Calls of
 * libraries follow the launches of their region.
 */
final class LaunchTable {

  /** Entries of one launch; the third dimension of a grid has 16 bits. */
  private static final int MOST_ENTRIES = 65_535;

  /** Table entries of a launch begin at multiples of this. */
  private static final int ALIGNMENT = 16;

  /** Launches of one region that run as one. */
  record Batch(KernelModule module, List<Launch> launches) {
    long blocks() {
      return launches.stream().mapToLong(Launch::blocks).max().orElseThrow();
    }

    int sharedBytes() {
      return launches.stream().mapToInt(Launch::sharedBytes).max().orElseThrow();
    }
  }

  private final List<Batch> batches = new ArrayList<>();
  private final List<Integer> offsets = new ArrayList<>();

  /** Library calls behind so many batches. */
  private final Map<Integer, List<Device.LibraryCall>> calls = new HashMap<>();

  private final int structBytes;
  private final int sizeBytes;

  private LaunchTable(List<List<Work>> regions, boolean bfloat16) {
    for (List<Work> region : regions) {
      Map<KernelModule, List<Launch>> alike = new LinkedHashMap<>();
      List<Device.LibraryCall> libraries = new ArrayList<>();
      for (Work work : region) {
        if (work instanceof Launch launch) {
          alike.computeIfAbsent(launch.module(bfloat16), m -> new ArrayList<>()).add(launch);
        } else if (work instanceof Work.Library library) {
          libraries.add(library.call());
        }
      }
      alike.forEach(
          (module, launches) -> {
            for (int from = 0; from < launches.size(); from += MOST_ENTRIES) {
              int to = Math.min(launches.size(), from + MOST_ENTRIES);
              batches.add(new Batch(module, List.copyOf(launches.subList(from, to))));
            }
          });
      calls.computeIfAbsent(batches.size(), n -> new ArrayList<>()).addAll(libraries);
    }
    int next = 0;
    int arrays = 0;
    for (Batch batch : batches) {
      offsets.add(next);
      int bytes = batch.launches().size() * batch.module().argumentBytes();
      next = Math.addExact(next, Math.floorDiv(bytes + ALIGNMENT - 1, ALIGNMENT) * ALIGNMENT);
      for (Launch launch : batch.launches()) {
        arrays = Math.addExact(arrays, launch.arguments().arrayBytes());
      }
    }
    structBytes = next;
    sizeBytes = Math.max(ALIGNMENT, Math.addExact(next, arrays));
  }

  /** The table of a plan; a barrier stands between one region and the next. */
  static LaunchTable of(List<List<Work>> regions, boolean bfloat16) {
    return new LaunchTable(regions, bfloat16);
  }

  List<Batch> batches() {
    return List.copyOf(batches);
  }

  int sizeBytes() {
    return sizeBytes;
  }

  /** What lies in device memory from {@code base} on. */
  ByteBuffer image(long base) {
    ByteBuffer image = ByteBuffer.allocateDirect(sizeBytes).order(ByteOrder.nativeOrder());
    int tail = structBytes;
    for (int i = 0; i < batches.size(); i++) {
      Batch batch = batches.get(i);
      int at = offsets.get(i);
      for (Launch launch : batch.launches()) {
        tail = launch.arguments().write(image, at, tail, base);
        at += batch.module().argumentBytes();
      }
    }
    return image;
  }

  /** The commands, with the table at {@code base}. */
  List<Device.Command> commands(long base) {
    List<Device.Command> commands = new ArrayList<>(calls.getOrDefault(0, List.of()));
    for (int i = 0; i < batches.size(); i++) {
      Batch batch = batches.get(i);
      commands.add(
          new Device.KernelLaunch(
              batch.module(),
              batch.blocks(),
              batch.launches().size(),
              batch.sharedBytes(),
              base + offsets.get(i)));
      commands.addAll(calls.getOrDefault(i + 1, List.of()));
    }
    return commands;
  }
}
