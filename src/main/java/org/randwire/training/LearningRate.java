// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import java.util.List;

/** The learning rate as a function of training time; linear warm-up from 0 in front of all. */
public sealed interface LearningRate {

  /** The rate after the warm-up. */
  double base();

  /** Length of the linear warm-up in epochs, possibly fractional. */
  double warmupEpochs();

  /** The rate behind the warm-up at {@code epoch}, a fraction of the run's epochs included. */
  double afterWarmup(double epoch, double epochs);

  /**
   * The rate of one step.
   *
   * @param epoch time at the start of the step, in epochs: 2.5 is in the middle of the third
   * @param epochs length of the run
   */
  default double at(double epoch, double epochs) {
    if (epoch < warmupEpochs()) {
      return base() * epoch / warmupEpochs();
    }
    return afterWarmup(epoch, epochs);
  }

  /** Half a cosine from the base rate to 0 over the epochs behind the warm-up. */
  record Cosine(double base, double warmupEpochs) implements LearningRate {
    public Cosine {
      check(base, warmupEpochs);
    }

    @Override
    public double afterWarmup(double epoch, double epochs) {
      double share = (epoch - warmupEpochs) / (epochs - warmupEpochs);
      return 0.5 * base * (1 + Math.cos(Math.PI * share));
    }
  }

  /** Multiplied by {@code gamma} at every milestone, an epoch number. */
  record Step(double base, double warmupEpochs, List<Integer> milestones, double gamma)
      implements LearningRate {
    public Step {
      check(base, warmupEpochs);
      milestones = List.copyOf(milestones);
    }

    @Override
    public double afterWarmup(double epoch, double epochs) {
      long passed = milestones.stream().filter(milestone -> epoch >= milestone).count();
      return base * Math.pow(gamma, (double) passed);
    }
  }

  /** The same rate throughout. */
  record Constant(double base, double warmupEpochs) implements LearningRate {
    public Constant {
      check(base, warmupEpochs);
    }

    @Override
    public double afterWarmup(double epoch, double epochs) {
      return base;
    }
  }

  private static void check(double base, double warmupEpochs) {
    if (!(base > 0 && Double.isFinite(base)) || !(warmupEpochs >= 0)) {
      throw new IllegalArgumentException(
          "the base rate must be above 0 and the warm-up not negative, got "
              + base
              + ", "
              + warmupEpochs);
    }
  }
}
