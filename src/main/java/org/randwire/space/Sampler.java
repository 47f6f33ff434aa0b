// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import org.randwire.network.NetworkSpec;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;
import org.randwire.space.Complexity.Measure;
import org.randwire.tensor.TensorShape;

/**
 * Draws networks uniformly from a space, again and again until one meets the constraint. The
 * network at an index depends on (name of the space, seed, index), the space and the constraint,
 * and on nothing else: not on the other indices, nor on threads. Immutable; safe for several
 * threads.
 */
public final class Sampler {

  private final DesignSpace space;
  private final List<Parameter> parameters;
  private final long key;
  private final RandomStreams streams;
  private final TensorShape input;
  private final int classes;
  private final Constraint constraint;
  private final int tries;

  /**
   * A sampler for networks of one size of images.
   *
   * @param input shape of one image
   * @param tries networks drawn for one index at most, at least 1
   */
  public Sampler(
      DesignSpace space,
      long seed,
      TensorShape input,
      int classes,
      Constraint constraint,
      int tries) {
    if (tries < 1 || classes < 1) {
      throw new IllegalArgumentException(
          "tries and classes must be at least 1, got " + tries + ", " + classes);
    }
    this.space = space;
    this.parameters = List.copyOf(space.parameters());
    this.key = key(space.name());
    this.streams = new RandomStreams(seed);
    this.input = input;
    this.classes = classes;
    this.constraint = constraint;
    this.tries = tries;
  }

  public DesignSpace space() {
    return space;
  }

  public Constraint constraint() {
    return constraint;
  }

  /** The most networks that are drawn for one index. */
  public int tries() {
    return tries;
  }

  /** What was met on the way, for the message if nothing is found. */
  private static final class Tally {
    private final Map<Measure, LongSummaryStatistics> met = new EnumMap<>(Measure.class);

    void add(Complexity complexity) {
      for (Measure measure : Measure.values()) {
        met.computeIfAbsent(measure, key -> new LongSummaryStatistics())
            .accept(measure.of(complexity));
      }
    }

    @Override
    public String toString() {
      return met.entrySet().stream()
          .map(
              e ->
                  e.getKey().label() + " " + e.getValue().getMin() + " to " + e.getValue().getMax())
          .collect(Collectors.joining(", "));
    }
  }

  /**
   * The network at an index.
   *
   * @param index in [0, 2^56)
   * @throws NothingFoundException if none of the tries meets the constraint
   */
  public SampledNetwork draw(long index) {
    PhiloxStream random = streams.stream(Purpose.DESIGN_SPACE, index, key);
    Tally tally = new Tally();
    for (int attempt = 1; attempt <= tries; attempt++) {
      Choice choice = Choice.draw(parameters, random);
      if (space.admits(choice)) {
        NetworkSpec spec = space.network(choice, input, classes);
        Complexity complexity = Complexity.of(spec.build());
        if (constraint.accepts(complexity)) {
          return new SampledNetwork(
              space.name(),
              streams.masterSeed(),
              index,
              attempt,
              space.settings(choice),
              spec,
              complexity);
        }
        tally.add(complexity);
      }
    }
    throw nothingFound(tally);
  }

  /** Streams of different spaces have nothing in common. */
  private static long key(String space) {
    CRC32 crc = new CRC32();
    crc.update(space.getBytes(StandardCharsets.UTF_8));
    return crc.getValue();
  }

  private NothingFoundException nothingFound(Tally tally) {
    String asked = space.rule();
    if (!constraint.ranges().isEmpty()) {
      asked += (asked.isEmpty() ? "" : " and ") + constraint;
    }
    // The rule of three: none in n tries bounds the rate by 3/n with 95 % confidence.
    return new NothingFoundException(
        String.format(
            Locale.ROOT,
            "none of %d networks of %s has %s: the acceptance rate is 0, below %.2g with 95 %%"
                + " confidence%s",
            tries,
            space.name(),
            asked,
            Math.min(1, 3.0 / tries),
            tally.met.isEmpty() ? "" : "; those drawn have " + tally));
  }
}
