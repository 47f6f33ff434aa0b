// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * All that is needed to continue a training run with the same bits: where it stands and its arrays.
 *
 * <p>Random streams are functions of (seed, epoch, example) and the learning rate is a function of
 * the step, so neither has a state of its own to save. Arrays are neither copied in nor out; some
 * are read when they are wanted only, see {@link Deferred}.
 *
 * @param network a text that is equal for equal networks only, such as a name with a digest; a
 *     checkpoint is refused by a run of another network
 * @param seed the master seed of the run
 * @param epoch the epoch in progress, from 0
 * @param step updates done since the start of the run, at least 0
 * @param positionInEpoch updates done since the start of the epoch, 0 to {@code step}
 * @param extra small texts that travel along, such as the best error so far
 * @param sections the arrays by name, in file order
 */
public record Checkpoint(
    String network,
    long seed,
    int epoch,
    long step,
    long positionInEpoch,
    Map<String, String> extra,
    Map<String, Section> sections) {

  public Checkpoint {
    if (epoch < 0 || positionInEpoch < 0 || step < positionInEpoch) {
      throw new IllegalArgumentException(
          "no such place in a run: epoch %d, step %d, position in epoch %d"
              .formatted(epoch, step, positionInEpoch));
    }
    extra = Collections.unmodifiableMap(new LinkedHashMap<>(extra));
    sections = Collections.unmodifiableMap(new LinkedHashMap<>(sections));
  }

  /** The values of a float section; a missing name or another type is refused. */
  public float[] floats(String name) {
    return section(name, Floats.class).values();
  }

  /** The values of a double section; a missing name or another type is refused. */
  public double[] doubles(String name) {
    return section(name, Doubles.class).values();
  }

  /** The values of a long section; a missing name or another type is refused. */
  public long[] longs(String name) {
    return section(name, Longs.class).values();
  }

  /**
   * Refuses to go on when this checkpoint belongs to another network than the expected one.
   *
   * @throws CheckpointException naming both and the place
   */
  public void requireNetwork(Object place, String expected) {
    if (!network.equals(expected)) {
      throw new CheckpointException(
          place, "belongs to network '" + network + "', this run trains '" + expected + "'");
    }
  }

  private <T extends Section> T section(String name, Class<T> type) {
    Section found = sections.get(name);
    Section section = found == null ? null : found.loaded();
    if (section == null || !type.isInstance(section)) {
      String what = section == null ? "absent" : section.getClass().getSimpleName();
      throw new IllegalArgumentException(
          "section '%s' is %s, not %s; there are %s"
              .formatted(name, what, type.getSimpleName(), sections.keySet()));
    }
    return type.cast(section);
  }

  /** The same with all arrays in memory, to be kept while the run goes on. */
  public Checkpoint loaded() {
    Map<String, Section> arrays = new LinkedHashMap<>();
    sections.forEach((name, section) -> arrays.put(name, section.loaded()));
    return new Checkpoint(network, seed, epoch, step, positionInEpoch, extra, arrays);
  }

  /** One array with its shape, outermost size first; the product of the sizes is its length. */
  public sealed interface Section {
    List<Integer> shape();

    /** The number of values. */
    int count();

    /** The section with its array in memory. */
    default Section loaded() {
      return this;
    }
  }

  /**
   * A section that is read each time it is wanted, so that a file is written without all arrays in
   * memory.
   *
   * @param source gives a section of that shape and never one of these
   */
  public record Deferred(List<Integer> shape, Supplier<Section> source) implements Section {
    public Deferred {
      if (countOf(shape) < 0) {
        throw new IllegalArgumentException("no array holds the shape " + shape);
      }
      shape = List.copyOf(shape);
    }

    @Override
    public int count() {
      return (int) countOf(shape);
    }

    @Override
    public Section loaded() {
      Section section = source.get();
      if (!section.shape().equals(shape)) {
        throw new IllegalStateException("shape " + section.shape() + " instead of " + shape);
      }
      return section;
    }
  }

  /** A section of 32-bit floats. */
  public record Floats(List<Integer> shape, float[] values) implements Section {
    public Floats {
      shape = checkedShape(shape, values.length);
    }

    public Floats(float[] values) {
      this(List.of(values.length), values);
    }

    @Override
    public int count() {
      return values.length;
    }
  }

  /** A section of 64-bit floats. */
  public record Doubles(List<Integer> shape, double[] values) implements Section {
    public Doubles {
      shape = checkedShape(shape, values.length);
    }

    public Doubles(double[] values) {
      this(List.of(values.length), values);
    }

    @Override
    public int count() {
      return values.length;
    }
  }

  /** A section of 64-bit integers. */
  public record Longs(List<Integer> shape, long[] values) implements Section {
    public Longs {
      shape = checkedShape(shape, values.length);
    }

    public Longs(long[] values) {
      this(List.of(values.length), values);
    }

    @Override
    public int count() {
      return values.length;
    }
  }

  private static List<Integer> checkedShape(List<Integer> shape, int length) {
    if (countOf(shape) != length) {
      throw new IllegalArgumentException("shape " + shape + " does not hold " + length + " values");
    }
    return List.copyOf(shape);
  }

  /** The number of values of a shape, or -1 when a size is negative or one array cannot hold it. */
  static long countOf(List<Integer> shape) {
    long count = 1;
    for (int size : shape) {
      count = size < 0 ? -1 : count * size;
      if (count < 0 || count > Integer.MAX_VALUE) {
        return -1;
      }
    }
    return count;
  }
}
