// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a sweep is run; but for stopping and marks nothing of it changes a result.
 *
 * @param pack networks trained at once in one worker process
 * @param attempts after so many that failed by its own fault a run is recorded as failed
 * @param leaseSeconds a claim that has not been renewed for so long may be taken over
 * @param hangSeconds a run without a step for so long is taken for hung
 * @param keep what stays of a run's folder
 * @param budget when to stop
 * @param stopping rule of early stopping; null for none
 * @param marks of every record: what makes its error another one than the plain recipe's
 */
public record SweepSettings(
    int pack,
    int attempts,
    double leaseSeconds,
    double hangSeconds,
    Keep keep,
    Budget budget,
    @Nullable MedianStopping stopping,
    List<String> marks) {

  /** What stays of the folder of a run that has ended. */
  public enum Keep {
    NONE,
    /** The last checkpoint and the metrics. */
    LAST
  }

  /**
   * When a sweep ends before its population does; 0 for no limit.
   *
   * @param runs the first so many members
   * @param hours of this sweep's coordinators, all of them together
   * @param joules of the machine in that time
   */
  public record Budget(long runs, double hours, double joules) {
    /** No limit. */
    public static final Budget NONE = new Budget(0, 0, 0);

    /** How many members of a population of this size are to be trained. */
    public int members(int population) {
      return runs > 0 ? (int) Math.min(runs, population) : population;
    }
  }

  public SweepSettings {
    if (pack < 1 || attempts < 1 || !(leaseSeconds > 0) || !(hangSeconds > 0)) {
      throw new IllegalArgumentException(
          "pack, attempts and time limits must be above 0, got %d, %d, %s, %s"
              .formatted(pack, attempts, leaseSeconds, hangSeconds));
    }
    marks = List.copyOf(marks);
  }

  /** The marks of a member's record. */
  List<String> marksOf(int member) {
    List<String> all = new ArrayList<>(marks);
    if (stopping != null && member >= stopping.pilot()) {
      all.add(stopping.mark());
    }
    return all;
  }
}
