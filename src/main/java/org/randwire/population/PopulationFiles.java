// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Reads populations: the folder of a sweep, CSV and TSV, JSON lines, and the JSON files of the
 * design spaces paper. A file needs errors; {@code name}, {@code params}, {@code flops}, {@code
 * last_error} and {@code state} are understood where they are, and every other column is kept.
 */
public final class PopulationFiles {

  private PopulationFiles() {}

  /**
   * Reads several files that are to be compared.
   *
   * @throws PopulationException if one is refused, or if one seems to hold fractions and another
   *     percent and no unit is given
   * @throws IOException if a file cannot be opened or read
   */
  public static List<Population> read(List<Path> files, ReadSettings settings) throws IOException {
    List<PopulationReader.Reading> readings = new ArrayList<>();
    for (Path file : files) {
      readings.add(reading(file, settings));
    }
    PopulationReader.requireOneUnit(readings);
    return readings.stream().map(PopulationReader.Reading::population).toList();
  }

  /** Reads one file. */
  public static Population read(Path file, ReadSettings settings) throws IOException {
    return reading(file, settings).population();
  }

  private static PopulationReader.Reading reading(Path file, ReadSettings settings)
      throws IOException {
    return PopulationReader.read(table(file), stem(file), settings);
  }

  private static Table table(Path file) throws IOException {
    String source = file.toString();
    if (SweepFolder.isSweep(file)) {
      return SweepTable.read(new SweepFolder(file));
    }
    if (Files.isDirectory(file)) {
      throw new PopulationException(
          source, "is a folder without a sweep; expected one, or a .csv, .tsv, .jsonl or .json");
    }
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    if (name.endsWith(".json")) {
      try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
        return JsonFormat.jobs(source, in);
      }
    }
    String text = text(file);
    if (text.isBlank()) {
      throw new PopulationException(source, "the file is empty");
    }
    if (name.endsWith(".jsonl") || name.endsWith(".ndjson")) {
      return JsonFormat.lines(source, text);
    }
    if (name.endsWith(".csv") || name.endsWith(".tsv")) {
      return CsvFormat.read(source, text, name.endsWith(".tsv") ? '\t' : ',');
    }
    throw new PopulationException(
        source, "unknown ending; expected .csv, .tsv, .jsonl or .json (a list of jobs)");
  }

  private static String text(Path file) throws IOException {
    try {
      return Files.readString(file);
    } catch (MalformedInputException e) {
      throw new PopulationException(file.toString(), "is not text in UTF-8");
    }
  }

  private static String stem(Path file) {
    return file.getFileName().toString().replaceFirst("\\.[^.]+$", "");
  }
}
