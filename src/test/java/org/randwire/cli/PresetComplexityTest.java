// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.randwire.cli.config.ConfigLoader;
import org.randwire.cli.config.Presets;
import org.randwire.op.OpGraph;

/** The networks of the presets are those of the golden table. */
class PresetComplexityTest {

  private static final String TABLE = "/org/randwire/network/complexity.csv";

  @ParameterizedTest
  @CsvFileSource(resources = TABLE, useHeadersInDisplayName = true)
  void isThatOfTheTable(String preset, long params, long multiplyAdds, long activations) {
    RunAssembly assembly = new RunAssembly(ConfigLoader.load(List.of("network.name=" + preset)));
    assertEquals(1, assembly.config().network().graph().seed(), "the table's graph seed");
    OpGraph graph = assembly.network(assembly.stageGraphs());
    assertEquals(
        List.of(params, multiplyAdds, activations),
        List.of(graph.parameterCount(), graph.multiplyAdds(), graph.activations()));
  }

  @Test
  void theTableHasEveryPreset() throws Exception {
    try (var stream = PresetComplexityTest.class.getResourceAsStream(TABLE)) {
      List<String> presets =
          new String(stream.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)
              .lines()
              .filter(line -> !line.startsWith("#"))
              .skip(1)
              .map(line -> line.substring(0, line.indexOf(',')))
              .toList();
      assertEquals(Presets.NAMES, presets);
    }
  }
}
