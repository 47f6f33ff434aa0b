// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.resnet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.randwire.op.OpGraph;
import org.randwire.tensor.TensorShape;

class RegNetTest {

  /**
   * Published RegNetX models: settings and stages of the paper's Table in the appendix, parameters
   * as the common implementations count them for 1000 classes.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "13 | 24 | 36.44 | 2.49 |  8 | [1, 1, 4, 7]  | [24, 56, 152, 368]  | 2684792",
        "22 | 24 | 24.48 | 2.54 | 16 | [1, 2, 7, 12] | [32, 64, 160, 384] | 5157512",
        "16 | 56 | 35.73 | 2.28 | 16 | [1, 3, 7, 5]  | [64, 128, 288, 672] | 7259656"
      })
  void givesThePublishedModels(
      int depth,
      double initialWidth,
      double slope,
      double multiplier,
      int groupWidth,
      String depths,
      String widths,
      long parameters) {
    AnyNetStages stages = new RegNet(depth, initialWidth, slope, multiplier).stages(1, groupWidth);
    AnyNetStages.Fitted fitted = stages.fitted();
    assertEquals(depths, stages.depths().toString());
    assertEquals(widths, fitted.widths().toString());
    OpGraph graph =
        ResNetSpec.anyNet(
                "regnet",
                TensorShape.example(3, 224, 224),
                1000,
                new ResNetSpec.Stem(32, 2),
                List.of(2, 2, 2, 2),
                stages.depths(),
                fitted.widths(),
                stages.bottleneckRatios(),
                fitted.groups())
            .build();
    assertEquals(parameters, graph.parameterCount());
  }

  @Test
  void widthsAscendInMultiplesOfEightAndDepthsAddUp() {
    Random random = new Random(3);
    for (int i = 0; i < 500; i++) {
      int depth = 1 + random.nextInt(64);
      RegNet net =
          new RegNet(
              depth,
              8 * (1 + random.nextInt(32)),
              8 * random.nextInt(32),
              1.5 + 1.5 * random.nextDouble());
      AnyNetStages stages = net.stages(1, 8);
      assertEquals(depth, stages.depths().stream().mapToInt(d -> d).sum(), net + "");
      for (int j = 0; j < stages.widths().size(); j++) {
        assertEquals(0, stages.widths().get(j) % 8, net + "");
        assertEquals(true, j == 0 || stages.widths().get(j - 1) < stages.widths().get(j), net + "");
      }
    }
  }

  @Test
  void fittedWidthsAreMultiplesOfGroupAndRatioAndNearTheOnesAskedFor() {
    Random random = new Random(7);
    for (int i = 0; i < 500; i++) {
      int width = 8 * (1 + random.nextInt(128));
      int ratio = 1 << random.nextInt(3);
      int group = 1 << random.nextInt(6);
      AnyNetStages stages =
          new AnyNetStages(List.of(1), List.of(width), List.of(ratio), List.of(group));
      int fitted = stages.fitted().widths().get(0);
      new Block.Bottleneck(ratio, stages.fitted().groups().get(0)).requireWidth(fitted);
      int step = ratio * Math.min(group, width / ratio);
      assertEquals(width, fitted, step / 2.0, stages + "");
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 8, 8, 2", "4, 0, 8, 2", "4, 8, -1, 2", "4, 8, 8, 1", "4, NaN, 8, 2"})
  void impossibleSettingsAreRefused(int depth, double w0, double wa, double wm) {
    assertThrows(IllegalArgumentException.class, () -> new RegNet(depth, w0, wa, wm));
  }
}
