// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.randwire.cli.config.NearestName;
import org.randwire.population.ErrorUnit;
import org.randwire.population.Population;
import org.randwire.population.PopulationException;
import org.randwire.population.PopulationFiles;
import org.randwire.population.ReadSettings;
import org.randwire.population.SweepFolder;
import picocli.CommandLine.Option;

/** How files of populations are to be read and split. */
final class PopulationOptions {

  private static final int COLUMNS_SHOWN = 12;

  /** What a sweep is split by if nothing else is said. */
  private static final String SPACE_OF_SWEEP = "label";

  @Option(
      names = "--by",
      paramLabel = "COLUMN",
      description = "Split every file into one population per value of this column.")
  private @Nullable String by;

  @Option(
      names = "--error",
      paramLabel = "COLUMN",
      description = "Column of errors; usually error, test_error, min_error or min_test_top1.")
  private @Nullable String error;

  @Option(
      names = "--unit",
      paramLabel = "percent|fraction",
      description = "Unit of the errors, where it cannot be told from the numbers.")
  private @Nullable ErrorUnit unit;

  @Option(
      names = "--last",
      description = "Take the error after the last epoch in place of the least over epochs.")
  private boolean last;

  /** The populations of some files, each with a name of its own. */
  List<Population> read(List<Path> files) throws IOException {
    try {
      List<Population> populations = new ArrayList<>();
      List<Population> read = PopulationFiles.read(files, new ReadSettings(error, unit));
      for (int i = 0; i < read.size(); i++) {
        String column = by == null && SweepFolder.isSweep(files.get(i)) ? SPACE_OF_SWEEP : by;
        populations.addAll(
            column == null ? List.of(read.get(i)) : split(read.get(i), column, files.size() > 1));
      }
      return distinct(
          last ? populations.stream().map(Population::atLastEpoch).toList() : populations);
    } catch (PopulationException e) {
      throw explained(e);
    }
  }

  private static List<Population> split(Population file, String column, boolean several) {
    return file.by(column).stream()
        .map(group -> several ? group.named(file.name() + " " + group.name()) : group)
        .toList();
  }

  /** Two files of one name get their paths; the same file twice gets a number. */
  private static List<Population> distinct(List<Population> populations) {
    List<Population> distinct = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (Population population : populations) {
      String name = population.name();
      boolean twice = populations.stream().filter(other -> other.name().equals(name)).count() > 1;
      String unique = twice ? population.source() : name;
      for (int copy = 2; !names.add(unique); copy++) {
        unique = population.source() + " (" + copy + ")";
      }
      distinct.add(population.named(unique));
    }
    return distinct;
  }

  /** Adds to a missing column the one that was probably meant. */
  private RuntimeException explained(PopulationException refused) {
    String missing = refused.missingColumn();
    if (missing == null) {
      return refused;
    }
    String option = missing.equals(by) ? "--by" : missing.equals(error) ? "--error" : "";
    return new CliException(
        option.isEmpty() ? ExitStatus.DATA : ExitStatus.USAGE,
        (option.isEmpty() ? "" : option + ": ") + withNearest(refused),
        refused);
  }

  /** The message of a missing column with the nearest one there is. */
  static String withNearest(PopulationException refused) {
    String missing = String.valueOf(refused.missingColumn());
    List<String> columns = refused.columns();
    String hint =
        near(missing, columns)
            .map(column -> "did you mean '" + column + "'?")
            .orElseGet(() -> "there are " + shown(columns));
    return refused.getMessage() + "; " + hint;
  }

  private static Optional<String> near(String missing, List<String> columns) {
    String plain = missing.toLowerCase(Locale.ROOT);
    return NearestName.of(missing, columns)
        .or(() -> columns.stream().filter(c -> contains(c, plain)).findFirst());
  }

  private static boolean contains(String column, String wanted) {
    String plain = column.toLowerCase(Locale.ROOT);
    return !plain.isEmpty() && (plain.contains(wanted) || wanted.contains(plain));
  }

  private static String shown(List<String> columns) {
    String first = String.join(", ", columns.subList(0, Math.min(COLUMNS_SHOWN, columns.size())));
    return columns.size() > COLUMNS_SHOWN
        ? first + " and " + (columns.size() - COLUMNS_SHOWN) + " more"
        : first;
  }
}
