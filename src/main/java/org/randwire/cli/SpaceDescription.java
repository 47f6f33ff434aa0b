// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.PrintWriter;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.randwire.cli.config.LoadedSpace;
import org.randwire.space.CellSpace;
import org.randwire.space.Complexity;
import org.randwire.space.Complexity.Measure;
import org.randwire.space.Constraint;
import org.randwire.space.DesignSpace;
import org.randwire.space.Parameter;
import org.randwire.space.Population;
import org.randwire.space.Sampler;

/**
 * What {@code describe} says of a design space: its value sets, its size, and, of networks drawn
 * from it, what they cost and how many a constraint accepts.
 */
final class SpaceDescription {

  /** Networks that are drawn for it. */
  private static final int DRAWN = 1000;

  private static final String REFERENCE = "resnet-56";
  private static final int SHOWN_VALUES = 16;

  private final LoadedSpace loaded;
  private final Constraint constraint;
  private final List<Complexity> drawn = new ArrayList<>();
  private long tries;

  /** Draws from the space; without a constraint of its own that of the paper is asked about. */
  SpaceDescription(LoadedSpace loaded, SpaceArguments options) throws InterruptedException {
    this.loaded = loaded;
    Constraint given = options.sampler(loaded).constraint();
    constraint =
        given.ranges().isEmpty() ? Constraint.within(SpaceArguments.complexity(REFERENCE)) : given;
    Sampler all = options.sampler(loaded, Constraint.NONE);
    int threads = Runtime.getRuntime().availableProcessors();
    new Population(all, DRAWN, false, threads)
        .forEach(
            member -> {
              drawn.add(member.network().complexity());
              tries += member.network().tries();
            });
  }

  private double acceptanceRate() {
    return drawn.stream().filter(constraint::accepts).count() / (double) tries;
  }

  private long[] sorted(Measure measure) {
    return drawn.stream().mapToLong(measure::of).sorted().toArray();
  }

  Map<String, Object> values() {
    DesignSpace space = loaded.space();
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("space", space.name());
    values.put("description", space.description());
    values.put("size", space.size());
    if (space instanceof CellSpace cells) {
      values.put("cells", cells.cells());
    }
    Map<String, Object> parameters = new LinkedHashMap<>();
    for (Parameter parameter : space.parameters()) {
      parameters.put(parameter.name(), parameter.values());
    }
    values.put("parameters", parameters);
    values.put("drawn", tries);
    values.put("constraint", constraint.toString());
    values.put("acceptanceRate", acceptanceRate());
    for (Measure measure : Measure.values()) {
      long[] sorted = sorted(measure);
      Map<String, Object> range = new LinkedHashMap<>();
      range.put("min", sorted[0]);
      range.put("median", sorted[sorted.length / 2]);
      range.put("max", sorted[sorted.length - 1]);
      values.put(measure.label(), range);
    }
    return values;
  }

  void print(PrintWriter out) {
    DesignSpace space = loaded.space();
    out.printf("%s: %s%n%n", space.name(), space.description());
    valueSets(space).forEach((set, times) -> out.print(set.line(times)));
    out.printf(Locale.ROOT, "%nsize          %s networks%n", grouped(space.size()));
    if (space instanceof CellSpace cells) {
      out.printf(
          Locale.ROOT, "cells         %s, normal and reduction alike%n", grouped(cells.cells()));
    }
    if (!space.rule().isEmpty()) {
      out.printf("rule          %s; others are drawn again%n", space.rule());
    }
    out.printf(
        Locale.ROOT, "accepted      %.3f of %d drawn: %s%n", acceptanceRate(), tries, constraint);
    out.printf("%n%-14s%16s%16s%16s%n", "of " + DRAWN + " drawn", "least", "median", "most");
    for (Measure measure : Measure.values()) {
      long[] sorted = sorted(measure);
      out.printf(
          Locale.ROOT,
          "%-14s%,16d%,16d%,16d%n",
          measure.label(),
          sorted[0],
          sorted[sorted.length / 2],
          sorted[sorted.length - 1]);
    }
  }

  private static String grouped(BigInteger number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  /** A line for each kind of parameter and value set: {@code 3 x depth 1, 2, 4}. */
  private static Map<ValueSet, Integer> valueSets(DesignSpace space) {
    Map<ValueSet, Integer> sets = new LinkedHashMap<>();
    for (Parameter parameter : space.parameters()) {
      String kind = parameter.name().replaceAll("[0-9]+$|^.*\\.", "");
      sets.merge(new ValueSet(kind, parameter.values()), 1, Integer::sum);
    }
    return sets;
  }

  private record ValueSet(String kind, List<?> values) {
    String line(int times) {
      return "%-18s %s%n".formatted(times == 1 ? kind : times + " x " + kind, text(values));
    }
  }

  private static String text(List<?> values) {
    if (values.size() <= SHOWN_VALUES) {
      return values.stream().map(Object::toString).collect(Collectors.joining(", "));
    }
    Object last = values.get(values.size() - 1);
    return values.get(0)
        + ", "
        + values.get(1)
        + ", .., "
        + last
        + " ("
        + values.size()
        + " values)";
  }
}
