// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The processors' energy counters (RAPL), all packages of the machine together. They run over, so
 * {@link #joules} is to be called every few seconds.
 */
public final class EnergyMeter {

  private static final Path FOLDER = Path.of("/sys/class/powercap");

  private final List<Path> counters;
  private final long[] last;
  private final long[] ranges;
  private double joules;

  private EnergyMeter(List<Path> counters) throws IOException {
    this.counters = counters;
    last = new long[counters.size()];
    ranges = new long[counters.size()];
    for (int i = 0; i < last.length; i++) {
      last[i] = number(counters.get(i).resolve("energy_uj"));
      ranges[i] = number(counters.get(i).resolve("max_energy_range_uj"));
    }
  }

  /** Empty where there is no counter or it cannot be read; that energy is unknown, not 0. */
  public static Optional<EnergyMeter> find() {
    return find(FOLDER);
  }

  static Optional<EnergyMeter> find(Path folder) {
    List<Path> packages = new ArrayList<>();
    try (DirectoryStream<Path> zones = Files.newDirectoryStream(folder, "intel-rapl:*")) {
      for (Path zone : zones) {
        if (zone.getFileName().toString().matches("intel-rapl:\\d+")) {
          packages.add(zone);
        }
      }
      return packages.isEmpty() ? Optional.empty() : Optional.of(new EnergyMeter(packages));
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static long number(Path file) throws IOException {
    return Long.parseLong(Files.readString(file).strip());
  }

  /** Energy since the meter was found; NaN once a counter can no longer be read. */
  public synchronized double joules() {
    for (int i = 0; i < last.length; i++) {
      try {
        long now = number(counters.get(i).resolve("energy_uj"));
        long used = now - last[i];
        joules += (used < 0 ? used + ranges[i] : used) / 1e6;
        last[i] = now;
      } catch (IOException | NumberFormatException e) {
        joules = Double.NaN;
      }
    }
    return joules;
  }
}
