// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.randwire.network.NetworkSpec;
import org.randwire.network.resnet.AnyNetStages;
import org.randwire.tensor.TensorShape;

/**
 * The AnyNet design spaces (Radosavovic et al. 2020, section 3): depth, width, bottleneck ratio and
 * group width of every stage; the last two may be one for all stages. Widths that a group does not
 * divide are rounded, so that two choices can be one network.
 *
 * @param frame stem and strides
 * @param sharesRatio whether all stages have one bottleneck ratio (AnyNetX-B)
 * @param sharesGroupWidth whether all stages have one group width (AnyNetX-C)
 */
public record AnyNetSpace(
    String name,
    String description,
    AnyNetFrame frame,
    List<Integer> depths,
    List<Integer> widths,
    List<Integer> ratios,
    List<Integer> groupWidths,
    boolean sharesRatio,
    boolean sharesGroupWidth)
    implements DesignSpace {

  /**
   * Checks the value sets.
   *
   * @throws IllegalArgumentException if one is empty or has a value twice
   */
  public AnyNetSpace {
    depths = List.copyOf(depths);
    widths = List.copyOf(widths);
    ratios = List.copyOf(ratios);
    groupWidths = List.copyOf(groupWidths);
    Parameter.requireValueSet("depth", depths);
    Parameter.requireValueSet("width", widths);
    Parameter.requireValueSet("ratio", ratios);
    Parameter.requireValueSet("groupWidth", groupWidths);
  }

  @Override
  public List<Parameter> parameters() {
    int stages = frame.stages();
    List<Parameter> parameters = new ArrayList<>();
    StagedSpace.addPerStage(parameters, "depth", stages, depths);
    StagedSpace.addPerStage(parameters, "width", stages, widths);
    add(parameters, "ratio", sharesRatio ? 1 : stages, ratios);
    add(parameters, "groupWidth", sharesGroupWidth ? 1 : stages, groupWidths);
    return parameters;
  }

  private static void add(List<Parameter> to, String name, int count, List<Integer> values) {
    if (count == 1) {
      to.add(new Parameter(name, values));
    } else {
      StagedSpace.addPerStage(to, name, count, values);
    }
  }

  private AnyNetStages stages(Choice choice) {
    int stages = frame.stages();
    int ratioCount = sharesRatio ? 1 : stages;
    return new AnyNetStages(
        choice.integers(0, stages),
        choice.integers(stages, stages),
        values(choice, 2 * stages, ratioCount),
        values(choice, 2 * stages + ratioCount, sharesGroupWidth ? 1 : stages));
  }

  private List<Integer> values(Choice choice, int first, int count) {
    return count == 1
        ? Collections.nCopies(frame.stages(), choice.integer(first))
        : choice.integers(first, count);
  }

  @Override
  public NetworkSpec network(Choice choice, TensorShape input, int classes) {
    return frame.network(stages(choice), input, classes);
  }

  @Override
  public Map<String, Object> settings(Choice choice) {
    return frame.settings(stages(choice));
  }
}
