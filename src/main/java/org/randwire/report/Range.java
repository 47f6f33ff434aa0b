// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.randwire.population.Complexity;
import org.randwire.population.Population;
import org.randwire.report.ComparisonSettings.Mode;
import org.randwire.report.ComparisonSettings.Normalisation;
import org.randwire.statistics.ComplexityWeights;
import org.randwire.statistics.EmptyBinException;
import org.randwire.statistics.Quantiles;

/**
 * The range of complexity and the bins over which populations are made comparable.
 *
 * @param measure of complexity
 * @param low lower limit, not included
 * @param high upper limit, not included
 * @param bins their number
 */
public record Range(Complexity measure, double low, double high, int bins) {

  /** The range nobody gave leaves out the ends, where bins of equal width would be empty. */
  static final double LOW = 0.025;

  static final double HIGH = 0.95;

  /** Models that a bin nobody asked for must hold of every population. */
  private static final int FULL = 5;

  /**
   * The weights of the finished runs of a population.
   *
   * @throws UnusablePopulationException if a bin is empty
   */
  ComplexityWeights weights(Population population) {
    try {
      return ComplexityWeights.of(population.complexities(measure), low, high, bins);
    } catch (EmptyBinException e) {
      throw new UnusablePopulationException(
          population.name() + ", by " + measure.key() + ": " + e.getMessage(), e);
    }
  }

  /**
   * What the settings come to for some populations; nothing if they are not to be normalised or,
   * where it was not asked for, cannot be.
   *
   * @throws UnusablePopulationException if asked for and a bin is empty
   */
  static Optional<Range> of(List<Population> populations, Normalisation settings) {
    if (settings.mode() == Mode.NONE) {
      return Optional.empty();
    }
    Complexity asked = settings.measure();
    if (settings.mode() == Mode.ASKED && asked != null) {
      Range range = range(populations, asked, settings);
      for (Population population : populations) {
        requireFull(range, population);
      }
      return Optional.of(range);
    }
    for (Complexity measure : Complexity.values()) {
      if (populations.stream().allMatch(p -> p.has(measure))) {
        Range fitting = fitting(populations, measure, settings);
        if (fitting != null) {
          return Optional.of(fitting);
        }
      }
    }
    return Optional.empty();
  }

  private static Range range(
      List<Population> populations, Complexity measure, Normalisation settings) {
    double low = settings.low();
    double high = settings.high();
    if (Double.isNaN(low)) {
      low = populations.stream().mapToDouble(p -> quantile(p, measure, LOW)).max().orElseThrow();
    }
    if (Double.isNaN(high)) {
      high = populations.stream().mapToDouble(p -> quantile(p, measure, HIGH)).min().orElseThrow();
    }
    int bins = settings.bins() == 0 ? ComparisonSettings.USUAL_BINS : settings.bins();
    return new Range(measure, low, high, bins);
  }

  private static double quantile(Population population, Complexity measure, double probability) {
    return Quantiles.of(population.complexities(measure)).at(probability);
  }

  /** With the usual number of bins or fewer, so that none is thin; null if two are too many. */
  private static @Nullable Range fitting(
      List<Population> populations, Complexity measure, Normalisation settings) {
    Range range = range(populations, measure, settings);
    if (!(range.low() < range.high())) {
      return null;
    }
    for (int bins = range.bins(); bins >= 2; bins--) {
      Range candidate = new Range(measure, range.low(), range.high(), bins);
      if (populations.stream().allMatch(candidate::isFull)) {
        return candidate;
      }
    }
    return null;
  }

  private boolean isFull(Population population) {
    try {
      return Arrays.stream(weights(population).histogram()).min().orElseThrow() >= FULL;
    } catch (UnusablePopulationException e) {
      return false;
    }
  }

  private static void requireFull(Range range, Population population) {
    if (!(range.low() < range.high())) {
      throw new UnusablePopulationException(
          "%s: no common range of %s: it would go from %s to %s"
              .formatted(
                  population.name(),
                  range.measure().key(),
                  Ticks.compact(range.low()),
                  Ticks.compact(range.high())));
    }
    range.weights(population);
  }
}
