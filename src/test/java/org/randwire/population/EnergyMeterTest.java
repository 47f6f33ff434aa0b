// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Counters as Linux shows them, in a folder of our own: few machines let users read theirs. */
class EnergyMeterTest {

  @TempDir Path folder;

  private void counter(String zone, long microjoules) throws IOException {
    Path counter = Files.createDirectories(folder.resolve(zone));
    Files.writeString(counter.resolve("energy_uj"), microjoules + "\n");
    Files.writeString(counter.resolve("max_energy_range_uj"), "262143328850\n");
  }

  @Test
  void addsUpPackagesAndGoesOnBehindTheEndOfTheirRange() throws IOException {
    counter("intel-rapl:0", 262_143_000_000L);
    counter("intel-rapl:1", 5_000_000);
    counter("intel-rapl:0:0", 1); // the cores of a package are part of it
    EnergyMeter meter = EnergyMeter.find(folder).orElseThrow();
    assertEquals(0, meter.joules());
    counter("intel-rapl:0", 1_000_000);
    counter("intel-rapl:1", 7_500_000);
    counter("intel-rapl:0:0", 900_000_000);
    double wrapped = (262_143_328_850L - 262_143_000_000L + 1_000_000) / 1e6;
    assertEquals(wrapped + 2.5, meter.joules(), 1e-9);
    assertEquals(wrapped + 2.5, meter.joules(), 1e-9, "what was counted is not counted again");
  }

  @Test
  void whatCannotBeReadIsUnknownNotZero() throws IOException {
    assertTrue(EnergyMeter.find(folder).isEmpty());
    assertTrue(EnergyMeter.find(folder.resolve("none")).isEmpty());
    counter("intel-rapl:0", 10);
    EnergyMeter meter = EnergyMeter.find(folder).orElseThrow();
    Files.delete(folder.resolve("intel-rapl:0/energy_uj"));
    assertTrue(Double.isNaN(meter.joules()));
    counter("intel-rapl:0", 20);
    assertTrue(Double.isNaN(meter.joules()), "energy was missed");
  }
}
