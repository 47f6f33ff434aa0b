// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.resnet;

import java.util.ArrayList;
import java.util.List;

/**
 * The stages of an AnyNet as its design spaces describe them (Radosavovic et al. 2020, section 3):
 * depths d, widths w, bottleneck ratios b and group widths g, one of each for every stage. They
 * need not fit together; {@link #fitted} gives the nearest widths and groups that do.
 *
 * @param depths blocks
 * @param widths channels of the blocks' outputs
 * @param bottleneckRatios width over that of the grouped 3x3 convolutions
 * @param groupWidths channels of a group
 */
public record AnyNetStages(
    List<Integer> depths,
    List<Integer> widths,
    List<Integer> bottleneckRatios,
    List<Integer> groupWidths) {

  public AnyNetStages {
    depths = List.copyOf(depths);
    widths = List.copyOf(widths);
    bottleneckRatios = List.copyOf(bottleneckRatios);
    groupWidths = List.copyOf(groupWidths);
    for (List<Integer> values : List.of(widths, bottleneckRatios, groupWidths)) {
      if (values.size() != depths.size()) {
        throw new IllegalArgumentException(
            depths.size() + " stages need as many values, got " + values);
      }
    }
    for (List<Integer> values : List.of(depths, widths, bottleneckRatios, groupWidths)) {
      if (values.stream().anyMatch(value -> value < 1)) {
        throw new IllegalArgumentException("values must be at least 1, got " + values);
      }
    }
  }

  /** Widths and numbers of groups that a {@link Block.Bottleneck} can have. */
  public record Fitted(List<Integer> widths, List<Integer> groups) {}

  /**
   * The rule of the paper's code: a group is no wider than the 3x3 convolution, whose width is
   * rounded to a multiple of the group's, at least one of them.
   */
  public Fitted fitted() {
    List<Integer> fittedWidths = new ArrayList<>();
    List<Integer> groups = new ArrayList<>();
    for (int i = 0; i < depths.size(); i++) {
      int ratio = bottleneckRatios.get(i);
      int inner = Math.max(1, widths.get(i) / ratio);
      int groupWidth = Math.min(groupWidths.get(i), inner);
      int number = Math.max(1, (int) Math.rint((double) inner / groupWidth));
      groups.add(number);
      fittedWidths.add(number * groupWidth * ratio);
    }
    return new Fitted(fittedWidths, groups);
  }
}
