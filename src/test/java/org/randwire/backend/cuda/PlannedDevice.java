// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.randwire.backend.OutOfDeviceMemoryException;
import org.randwire.backend.Recording;
import org.randwire.backend.cuda.binding.Algorithm;
import org.randwire.backend.cuda.binding.Device;
import org.randwire.backend.cuda.binding.LibraryProblem;

/** A device that runs nothing: it keeps what was written and what was recorded. */
public final class PlannedDevice implements Device {

  private static final long FIRST_ADDRESS = 1L << 40;

  private final int sharedBytes;
  private final long capacity;
  private final TreeMap<Long, byte[]> memory = new TreeMap<>();
  private final List<List<Command>> recordings = new ArrayList<>();
  private final Map<String, String> kept = new HashMap<>();
  private Function<LibraryProblem, List<Algorithm>> algorithms = problem -> List.of();
  private ToLongFunction<List<Command>> nanos = commands -> commands.size();
  private long next = FIRST_ADDRESS;
  private long used;

  /**
   * A device.
   *
   * @param sharedBytes shared memory of a block: 232448 on Hopper, 101376 on small Amperes
   * @param capacity bytes of memory
   */
  public PlannedDevice(int sharedBytes, long capacity) {
    this.sharedBytes = sharedBytes;
    this.capacity = capacity;
  }

  /** As large as Hopper's. */
  public static PlannedDevice hopper() {
    return new PlannedDevice(232_448, 1L << 30);
  }

  /** Every plan that was recorded, in order. */
  public List<List<Command>> recordings() {
    return recordings;
  }

  /** The kernel launches of a plan that was recorded. */
  public List<KernelLaunch> launches(int plan) {
    return recordings.get(plan).stream()
        .filter(command -> command instanceof KernelLaunch)
        .map(command -> (KernelLaunch) command)
        .toList();
  }

  /** Has libraries from now on. */
  public PlannedDevice offering(Function<LibraryProblem, List<Algorithm>> offered) {
    algorithms = offered;
    return this;
  }

  /** Takes as long for a recording as its commands say. */
  public PlannedDevice taking(ToLongFunction<List<Command>> time) {
    nanos = time;
    return this;
  }

  /** What it keeps, by key. */
  public Map<String, String> kept() {
    return kept;
  }

  public long usedBytes() {
    return used;
  }

  /** Whether a byte belongs to memory that was given out. */
  boolean owns(long address) {
    var below = memory.floorEntry(address);
    return below != null && address < below.getKey() + below.getValue().length;
  }

  @Override
  public String description() {
    return "planned";
  }

  @Override
  public int sharedBytes() {
    return sharedBytes;
  }

  @Override
  public long allocate(long sizeBytes) {
    if (sizeBytes > capacity - used) {
      throw new OutOfDeviceMemoryException("no memory for " + sizeBytes + " bytes");
    }
    long address = next;
    memory.put(address, new byte[Math.toIntExact(sizeBytes)]);
    next += Geometry.ceil(sizeBytes, 256) * 256 + 256;
    used += sizeBytes;
    return address;
  }

  @Override
  public void free(long address) {
    used -= memory.remove(address).length;
  }

  @Override
  public long availableBytes() {
    return capacity - used;
  }

  @Override
  public void write(long address, ByteBuffer source) {
    long base = memory.floorKey(address);
    source.get(memory.get(base), Math.toIntExact(address - base), source.remaining());
  }

  @Override
  public void read(long address, ByteBuffer target) {
    long base = memory.floorKey(address);
    target.put(memory.get(base), Math.toIntExact(address - base), target.remaining());
  }

  @Override
  public Recording record(List<Command> commands) {
    recordings.add(List.copyOf(commands));
    return new Planned(List.copyOf(commands));
  }

  private record Planned(List<Command> commands) implements Recording {
    @Override
    public void run() {}

    @Override
    public void close() {}
  }

  @Override
  public long nanosOf(Recording recording) {
    return nanos.applyAsLong(((Planned) recording).commands());
  }

  @Override
  public List<Algorithm> algorithms(LibraryProblem problem) {
    return algorithms.apply(problem);
  }

  @Override
  public Optional<String> kept(String key) {
    return Optional.ofNullable(kept.get(key));
  }

  @Override
  public void keep(String key, String value) {
    kept.put(key, value);
  }

  @Override
  public void close() {}
}
