// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

/**
 * A made-up space of networks whose distribution of errors is known, to try statistics on. It is no
 * claim about any real space.
 *
 * <p>A network has p parameters, the decimal logarithm of p normal around {@code logParams}, and f
 * multiply-adds, log f - log p normal around {@code logFlopsPerParam}. Its size s is the geometric
 * mean of p / 10^6 and f / 10^8. Its error is
 *
 * <pre>floor + (scale * s^(-slope) - floor) * exp(spread * z), z normal</pre>
 *
 * with the middle one never below the floor by more than a hundredth of the scale, so that given
 * its size the error is a shifted lognormal: larger networks are better, few are much worse.
 *
 * @param name of the space
 * @param logParams mean of log10 parameters
 * @param logParamsDeviation its standard deviation
 * @param logFlopsPerParam mean of log10 of multiply-adds per parameter
 * @param logFlopsDeviation its standard deviation
 * @param floor error below which no network gets, a fraction
 * @param scale median error of a network with 10^6 parameters and 10^8 multiply-adds, a fraction
 * @param slope how fast the median falls with size
 * @param spread standard deviation of the logarithm of the error above the floor
 */
public record GeneratedSpace(
    String name,
    double logParams,
    double logParamsDeviation,
    double logFlopsPerParam,
    double logFlopsDeviation,
    double floor,
    double scale,
    double slope,
    double spread) {

  private static final NormalDistribution NORMAL = new NormalDistribution(null, 0, 1);

  private static final List<String> COLUMNS = List.of("params", "flops");

  /** Parameters and multiply-adds of one network. */
  public record Size(double params, double flops) {}

  /** Spaces that stand for those of the paper's figures: where they lie and who is ahead. */
  public static List<GeneratedSpace> ofThePaper() {
    return List.of(
        new GeneratedSpace("Vanilla", 5.5, 0.55, 2.1, 0.25, 0.045, 0.079, 0.13, 0.30),
        new GeneratedSpace("ResNet", 5.5, 0.55, 2.1, 0.25, 0.045, 0.064, 0.10, 0.33),
        new GeneratedSpace("ResNeXt-A", 5.1, 0.60, 2.2, 0.25, 0.042, 0.061, 0.11, 0.36),
        new GeneratedSpace("ResNeXt-B", 5.6, 0.45, 2.1, 0.25, 0.042, 0.059, 0.11, 0.33),
        new GeneratedSpace("NASNet", 5.75, 0.25, 2.15, 0.12, 0.046, 0.068, 0.09, 0.28),
        new GeneratedSpace("Amoeba", 5.7, 0.25, 2.15, 0.12, 0.045, 0.065, 0.09, 0.28),
        new GeneratedSpace("PNAS", 5.8, 0.25, 2.2, 0.12, 0.043, 0.062, 0.09, 0.30),
        new GeneratedSpace("ENAS", 5.6, 0.25, 2.2, 0.12, 0.044, 0.0615, 0.09, 0.25),
        new GeneratedSpace("DARTS", 5.6, 0.25, 2.2, 0.12, 0.042, 0.060, 0.09, 0.32));
  }

  /** Draws a population; network i is a function of the seed, the space's name and i alone. */
  public Population population(int count, long seed) {
    return population(count, seed, i -> size(stream(seed, i)));
  }

  /**
   * A population of given sizes, such as those of networks drawn from a real space, with errors
   * after this space's model.
   */
  public Population population(int count, long seed, IntFunction<Size> sizes) {
    List<RunRecord> runs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Size size = sizes.apply(i);
      PhiloxStream random = stream(seed, i);
      random.nextGaussian();
      random.nextGaussian();
      double error = Math.min(1, errorAt(size, random.nextGaussian()));
      runs.add(
          new RunRecord(
              name + " " + i,
              i + 1,
              error,
              Double.NaN,
              null,
              new RunRecord.Cells(COLUMNS, List.of(whole(size.params()), whole(size.flops())))));
    }
    return new Population(name, "generated, seed " + seed, ErrorUnit.FRACTION, COLUMNS, runs);
  }

  private static String whole(double value) {
    return String.format(Locale.ROOT, "%.0f", value);
  }

  private PhiloxStream stream(long seed, int index) {
    long space = Integer.toUnsignedLong(name.hashCode());
    return new RandomStreams(seed).stream(Purpose.GENERATED_POPULATION, index, space);
  }

  private Size size(PhiloxStream random) {
    double params = logParams + logParamsDeviation * random.nextGaussian();
    double flops = params + logFlopsPerParam + logFlopsDeviation * random.nextGaussian();
    return new Size(Math.rint(Math.pow(10, params)), Math.rint(Math.pow(10, flops)));
  }

  private double errorAt(Size size, double z) {
    return floor + above(size) * Math.exp(spread * z);
  }

  /** How far the median error of a size is above the floor. */
  private double above(Size size) {
    double common = Math.sqrt(size.params() / 1e6 * size.flops() / 1e8);
    return Math.max(scale * Math.pow(common, -slope) - floor, scale / 100);
  }

  /** The truth: the probability that a network of a size has an error below a value. */
  public double chanceBelow(double error, Size size) {
    return error <= floor
        ? 0
        : NORMAL.cumulativeProbability(Math.log((error - floor) / above(size)) / spread);
  }
}
