// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.randwire.population.MedianStopping;
import org.randwire.population.SweepSettings;

/**
 * A sweep as a YAML file says it.
 *
 * @param seed of the networks drawn and of all runs
 * @param proxyEpochs epochs of the full recipe, where the sweep trains for fewer; 0 if it does not
 * @param populationText what the population and its results depend on, to compare two files by
 * @param text the whole, merged, as {@code sweep.yaml} of the folder has it
 */
public record SweepConfig(
    String name,
    long seed,
    List<SpaceEntry> spaces,
    Recipe recipe,
    Workers workers,
    SweepSettings.Budget budget,
    @Nullable MedianStopping stopping,
    int proxyEpochs,
    String populationText,
    String text) {

  public SweepConfig {
    spaces = List.copyOf(spaces);
  }

  /**
   * A space of the sweep.
   *
   * @param within a preset whose complexity bounds the networks'; empty for none
   * @param place where it stands
   */
  public record SpaceEntry(
      String label,
      LoadedSpace space,
      long count,
      String within,
      boolean distinct,
      int tries,
      Place place) {

    /** An error in it that is found later than loading. */
    public ConfigException refusal(String message) {
      return new ConfigException(place, message);
    }
  }

  /**
   * The processes that train.
   *
   * @param processes 0 for as many as cores allow
   * @param threads of one network
   * @param pack networks at once in one process
   * @param checkpointSeconds an epoch's end is no checkpoint if one is not so old
   */
  public record Workers(
      int processes,
      int threads,
      int pack,
      int attempts,
      double leaseSeconds,
      double hangSeconds,
      double checkpointSeconds,
      SweepSettings.Keep keep) {

    /** How many processes there will be. */
    public int count() {
      int cores = Runtime.getRuntime().availableProcessors();
      return processes > 0 ? processes : Math.max(1, cores / (threads * pack));
    }
  }

  /** How the population package is to run it. */
  public SweepSettings settings(List<String> marks) {
    return new SweepSettings(
        workers.pack,
        workers.attempts,
        workers.leaseSeconds,
        workers.hangSeconds,
        workers.keep,
        budget,
        stopping,
        marks);
  }
}
