// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The recipes for ImageNet, as examples and as presets, in the paper's numbers. */
class ImageNetExamplesTest {

  @ParameterizedTest
  @CsvSource({
    "imagenet-small, randwire-small, 78, 250, 5e-5, 0, 0",
    "imagenet-regular-109, randwire-regular-109, 109, 100, 1e-5, 0.2, 0.1",
    "imagenet-regular-154, randwire-regular-154, 154, 100, 1e-5, 0.2, 0.1"
  })
  void exampleAndPresetHaveTheRecipe(
      String example,
      String preset,
      int channels,
      int epochs,
      double weightDecay,
      double dropout,
      double edgeDrop) {
    Path file = Path.of("examples", example + ".yaml");
    RunConfig config = ConfigLoader.load(file, List.of()).config();
    RunConfig byPreset = ConfigLoader.load(List.of("network.name=" + preset)).config();

    assertEquals(byPreset.network(), config.network());
    assertEquals(byPreset.training(), config.training());
    assertEquals(RunConfig.DataName.IMAGEFOLDER, config.data().name());
    assertEquals(224, config.data().size());
    assertEquals(1000, config.data().classes());
    assertEquals(256, config.data().batch());
    assertEquals(channels, config.network().channels());
    assertEquals(
        new RunConfig.RandomWiring(
            RunConfig.Generator.WS, 32, 4, 0.75, config.network().graph().m(), 1, false, List.of()),
        config.network().graph());
    assertEquals(dropout, config.network().dropout());
    assertEquals(edgeDrop, config.network().edgeDrop().probability());
    assertEquals(epochs, config.training().epochs());
    assertEquals(weightDecay, config.training().weightDecay());
    assertEquals(0.1, config.training().labelSmoothing());
    assertEquals(0.9, config.training().momentum());
    assertEquals(RunConfig.ScheduleName.COSINE, config.training().schedule().name());
    assertEquals(0.1, config.training().schedule().base());
  }
}
