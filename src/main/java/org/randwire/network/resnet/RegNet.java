// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.resnet;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The rule of RegNet (Radosavovic et al. 2020, equations 2 to 4): widths on a line, quantised to
 * powers of a multiplier, equal ones forming a stage. With {@code u_j = w0 + wa * j} the width of
 * block j is {@code w0 * wm^round(log(u_j / w0) / log(wm))}, rounded to a multiple of {@value
 * #STEP}.
 *
 * @param depth blocks of the whole network, at least 1
 * @param initialWidth w0, above 0
 * @param slope wa, at least 0
 * @param multiplier wm, above 1
 */
public record RegNet(int depth, double initialWidth, double slope, double multiplier) {

  private static final int STEP = 8;

  public RegNet {
    if (depth < 1 || !(initialWidth > 0) || !(slope >= 0) || !(multiplier > 1)) {
      throw new IllegalArgumentException(
          "depth must be at least 1, w0 above 0, wa not negative and wm above 1, got "
              + depth
              + ", "
              + initialWidth
              + ", "
              + slope
              + ", "
              + multiplier);
    }
  }

  /** The width of every block, ascending. */
  private int[] blockWidths() {
    int[] widths = new int[depth];
    for (int j = 0; j < depth; j++) {
      // StrictMath: the same stages on every machine.
      double s =
          StrictMath.log((initialWidth + slope * j) / initialWidth) / StrictMath.log(multiplier);
      double width = initialWidth * StrictMath.pow(multiplier, Math.rint(s));
      widths[j] = Math.max(STEP, STEP * (int) Math.rint(width / STEP));
    }
    return widths;
  }

  /** The stages, with one bottleneck ratio and one group width for all of them. */
  public AnyNetStages stages(int bottleneckRatio, int groupWidth) {
    List<Integer> depths = new ArrayList<>();
    List<Integer> widths = new ArrayList<>();
    for (int width : blockWidths()) {
      int last = widths.size() - 1;
      if (last >= 0 && widths.get(last) == width) {
        depths.set(last, depths.get(last) + 1);
      } else {
        widths.add(width);
        depths.add(1);
      }
    }
    return new AnyNetStages(
        depths,
        widths,
        Collections.nCopies(depths.size(), bottleneckRatio),
        Collections.nCopies(depths.size(), groupWidth));
  }
}
