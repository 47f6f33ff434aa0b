// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

import java.util.List;
import java.util.stream.Collectors;
import org.randwire.space.Complexity.Measure;

/**
 * Which networks of a space are kept: those within all the ranges, or within any of them.
 *
 * @param ranges of complexity; none keeps every network
 * @param any whether one range is enough
 */
public record Constraint(List<Range> ranges, boolean any) {

  /** Keeps every network. */
  public static final Constraint NONE = new Constraint(List.of(), false);

  /** A closed range of one measure. */
  public record Range(Measure measure, long min, long max) {
    public Range {
      if (min > max) {
        throw new IllegalArgumentException(
            measure.label() + ": no number lies between " + min + " and " + max);
      }
    }

    boolean contains(Complexity complexity) {
      long value = measure.of(complexity);
      return value >= min && value <= max;
    }

    @Override
    public String toString() {
      return max == Long.MAX_VALUE
          ? measure.label() + " of at least " + min
          : min == 0
              ? measure.label() + " of at most " + max
              : measure.label() + " from " + min + " to " + max;
    }
  }

  public Constraint {
    ranges = List.copyOf(ranges);
  }

  /**
   * The rule by which the populations of the design spaces paper were drawn, as its released data
   * show: no more parameters than a reference network, ResNet-56 there, or no more multiply-adds.
   */
  public static Constraint within(Complexity reference) {
    return new Constraint(
        List.of(
            new Range(Measure.PARAMS, 0, reference.params()),
            new Range(Measure.MULTIPLY_ADDS, 0, reference.multiplyAdds())),
        true);
  }

  public boolean accepts(Complexity complexity) {
    if (ranges.isEmpty()) {
      return true;
    }
    return any
        ? ranges.stream().anyMatch(range -> range.contains(complexity))
        : ranges.stream().allMatch(range -> range.contains(complexity));
  }

  @Override
  public String toString() {
    return ranges.isEmpty()
        ? "no constraint"
        : ranges.stream().map(Range::toString).collect(Collectors.joining(any ? " or " : " and "));
  }
}
