// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.randwire.space.Sampler;
import org.randwire.tensor.TensorShape;

/**
 * Which networks a sweep trains: a pure function of the spaces, their constraints and counts, and
 * the seed.
 *
 * @param name of the sweep
 * @param seed of the networks drawn and, through streams of their own, of every run
 * @param parts at least one, with labels of their own
 */
public record PopulationSpec(String name, long seed, List<Part> parts) {

  /**
   * The networks of one space.
   *
   * @param label in tables and file names: letters, digits, {@code . _ -}
   * @param distinct whether a network that came before is passed over
   */
  public record Part(
      String label,
      Sampler sampler,
      TensorShape input,
      int classes,
      long count,
      boolean distinct) {}

  public PopulationSpec {
    parts = List.copyOf(parts);
    Set<String> labels = new HashSet<>();
    for (Part part : parts) {
      if (!labels.add(part.label())) {
        throw new IllegalArgumentException("two spaces have the label '" + part.label() + "'");
      }
    }
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("a sweep needs a space");
    }
  }

  /**
   * Draws the population, the spaces taking turns: then every first part of the population, such as
   * the one a budget pays for, has networks of all spaces.
   *
   * @return the lines of {@code population.jsonl}
   * @throws org.randwire.space.NothingFoundException if a constraint cannot be met
   */
  List<Map<String, Object>> draw(int threads) throws InterruptedException {
    List<List<Map<String, Object>>> drawn = new ArrayList<>();
    for (Part part : parts) {
      List<Map<String, Object>> lines = new ArrayList<>();
      var population =
          new org.randwire.space.Population(part.sampler, part.count, part.distinct, threads);
      population.forEach(
          member ->
              lines.add(
                  SweepMember.line(
                      part.label,
                      seed,
                      member.network(),
                      part.input,
                      part.classes,
                      member.duplicateOf())));
      drawn.add(lines);
    }
    List<Map<String, Object>> all = new ArrayList<>();
    long longest = parts.stream().mapToLong(Part::count).max().orElse(0);
    for (int rank = 0; rank < longest; rank++) {
      for (List<Map<String, Object>> lines : drawn) {
        if (rank < lines.size()) {
          all.add(lines.get(rank));
        }
      }
    }
    return all;
  }
}
