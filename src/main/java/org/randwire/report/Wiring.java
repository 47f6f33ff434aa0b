// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.randwire.graph.Dag;
import org.randwire.population.Population;
import org.randwire.population.RunRecord;

/**
 * How a randomly wired model is wired.
 *
 * @param origin how the graphs were made, such as {@code WS(4, 0.75), seed 7}
 * @param stages one graph per stage, at least one
 */
public record Wiring(String origin, List<Dag> stages) {

  public Wiring {
    stages = List.copyOf(stages);
    if (stages.isEmpty()) {
      throw new IllegalArgumentException("a randomly wired model has a stage");
    }
  }

  /** What the rows of a population say of wirings; a report cannot read configurations itself. */
  public interface Source {

    /** Whether a row is that of a randomly wired model; asked of every row, so it must be cheap. */
    boolean has(Population population, RunRecord run);

    /** The wiring of a row that has one. */
    Wiring of(Population population, RunRecord run);
  }

  /** Which model of a population is shown. */
  public enum Rank {
    BEST("Best"),
    WORST("Worst"),
    /** There is one randomly wired model with an error, no more. */
    ONLY("Only");

    private final String label;

    Rank(String label) {
      this.label = label;
    }

    String label() {
      return label;
    }
  }

  /**
   * A model that stands out.
   *
   * @param member index of its population in the comparison
   * @param rank among the randomly wired models of its population
   * @param run its row
   * @param wiring of this row
   */
  public record Extreme(int member, Rank rank, RunRecord run, Wiring wiring) {}

  /**
   * The models of least and of greatest error among the randomly wired ones of each population that
   * did not fail, of equal errors the first and the last; in the order of the populations. No other
   * row's wiring is asked for.
   */
  public static List<Extreme> extremes(Comparison comparison, Source source) {
    List<Extreme> extremes = new ArrayList<>();
    for (int member = 0; member < comparison.members().size(); member++) {
      Population population = comparison.members().get(member).population();
      List<RunRecord> wired =
          population.finished().stream()
              .filter(run -> source.has(population, run))
              .sorted(Comparator.comparingDouble(RunRecord::error))
              .toList();
      if (!wired.isEmpty()) {
        RunRecord best = wired.get(0);
        Rank rank = wired.size() == 1 ? Rank.ONLY : Rank.BEST;
        extremes.add(new Extreme(member, rank, best, source.of(population, best)));
      }
      if (wired.size() > 1) {
        RunRecord worst = wired.get(wired.size() - 1);
        extremes.add(new Extreme(member, Rank.WORST, worst, source.of(population, worst)));
      }
    }
    return extremes;
  }

  /** Index of the first of the stages with most nodes. */
  int largest() {
    int largest = 0;
    for (int i = 1; i < stages.size(); i++) {
      if (stages.get(i).nodes() > stages.get(largest).nodes()) {
        largest = i;
      }
    }
    return largest;
  }
}
