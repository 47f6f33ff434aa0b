// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigWriterTest {

  @TempDir Path folder;

  private RunConfig reload(RunConfig config) throws IOException {
    Path file = Files.writeString(folder.resolve("config.yaml"), ConfigWriter.toYaml(config));
    return ConfigLoader.load(file, List.of()).config();
  }

  @Test
  void everyPresetReadsBackEqual() throws IOException {
    for (String preset : Presets.NAMES) {
      RunConfig config = ConfigLoader.load(List.of("network.name=" + preset)).config();
      assertEquals(config, reload(config));
    }
  }

  @Test
  void valuesThatTheNetworkHasNotAreLeftOut() {
    String resnet =
        ConfigWriter.toYaml(ConfigLoader.load(List.of("network.name=resnet-56")).config());
    assertTrue(resnet.contains("  name: resnet-56\n  depths: [9, 9, 9]\n"), resnet);
    assertTrue(!resnet.contains("graph:") && !resnet.contains("groups:"), resnet);
  }

  @Test
  void randomConfigurationsReadBackEqual() throws IOException {
    for (int seed = 0; seed < 300; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<String> overrides = new ArrayList<>();
      overrides.add("seed=" + random.nextLong());
      overrides.add("network.edgeWeightInit=" + random.nextDouble(-1, 1) * Math.pow(10, seed % 40));
      overrides.add("training.weightDecay=" + random.nextDouble() * Math.pow(10, -seed % 300));
      overrides.add("training.momentum=" + random.nextDouble());
      overrides.add("training.steps=" + random.nextLong(Long.MAX_VALUE));
      overrides.add("training.schedule.milestones=" + List.of(1, 2 + random.nextInt(1000), 2000));
      overrides.add("data.path=" + text(random));
      overrides.add("training.init=" + text(random));
      RunConfig config = ConfigLoader.load(overrides).config();
      assertEquals(config, reload(config), "seed " + seed);
    }
  }

  /** Text that a careless writer would break: quotes, controls, indicators, other planes. */
  private static String text(SplittableRandom random) {
    int[] awkward =
        "\"\\:#{}[]&*!|>'%@` \t\n\r\u0007\u0085\u2028\uFEFFaé数😀=,-?~0".codePoints().toArray();
    StringBuilder text = new StringBuilder();
    for (int length = random.nextInt(12); length > 0; length--) {
      text.appendCodePoint(awkward[random.nextInt(awkward.length)]);
    }
    return text.toString();
  }

  @Test
  void wordsThatYamlReadsAsSomethingElseAreQuoted() throws IOException {
    for (String word :
        List.of("true", "null", "~", "12", "1e3", ".nan", "0x1F", "", "no", "a: b")) {
      RunConfig config = ConfigLoader.load(List.of("data.path=" + word)).config();
      assertEquals(word, reload(config).data().path());
    }
  }

  @Test
  void descriptionHasALineForEveryKey() {
    List<String> lines = ConfigSchema.describe().lines().toList();
    assertEquals(ConfigSchema.paths().size(), lines.size());
    for (int i = 0; i < lines.size(); i++) {
      assertTrue(lines.get(i).startsWith(ConfigSchema.paths().get(i) + " "), lines.get(i));
    }
  }
}
