// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

import java.util.List;
import java.util.Map;
import org.randwire.network.NetworkSpec;
import org.randwire.network.resnet.AnyNetStages;
import org.randwire.network.resnet.RegNet;
import org.randwire.tensor.TensorShape;

/**
 * The RegNet design space (Radosavovic et al. 2020, section 3.3): the six parameters of {@link
 * RegNet}'s rule. Choices whose rule gives another number of stages than the frame has are drawn
 * again.
 *
 * @param initialWidths w0
 * @param slopes wa
 * @param multipliers wm, above 1
 */
public record RegNetSpace(
    String name,
    String description,
    AnyNetFrame frame,
    List<Integer> depths,
    List<Integer> initialWidths,
    List<Integer> slopes,
    List<Double> multipliers,
    List<Integer> ratios,
    List<Integer> groupWidths)
    implements DesignSpace {

  /**
   * Checks the value sets.
   *
   * @throws IllegalArgumentException if one is empty or has a value twice
   */
  public RegNetSpace {
    depths = List.copyOf(depths);
    initialWidths = List.copyOf(initialWidths);
    slopes = List.copyOf(slopes);
    multipliers = List.copyOf(multipliers);
    ratios = List.copyOf(ratios);
    groupWidths = List.copyOf(groupWidths);
    parameters(depths, initialWidths, slopes, multipliers, ratios, groupWidths);
    if (multipliers.stream().anyMatch(multiplier -> !(multiplier > 1))) {
      throw new IllegalArgumentException("multiplier: must be above 1, got " + multipliers);
    }
  }

  @Override
  public List<Parameter> parameters() {
    return parameters(depths, initialWidths, slopes, multipliers, ratios, groupWidths);
  }

  private static List<Parameter> parameters(
      List<Integer> depths,
      List<Integer> initialWidths,
      List<Integer> slopes,
      List<Double> multipliers,
      List<Integer> ratios,
      List<Integer> groupWidths) {
    return List.of(
        new Parameter("depth", depths),
        new Parameter("initialWidth", initialWidths),
        new Parameter("slope", slopes),
        new Parameter("multiplier", multipliers),
        new Parameter("ratio", ratios),
        new Parameter("groupWidth", groupWidths));
  }

  private static AnyNetStages stages(Choice choice) {
    return new RegNet(choice.integer(0), choice.integer(1), choice.integer(2), choice.number(3))
        .stages(choice.integer(4), choice.integer(5));
  }

  @Override
  public boolean admits(Choice choice) {
    return stages(choice).depths().size() == frame.stages();
  }

  @Override
  public String rule() {
    return "exactly " + frame.stages() + " stages";
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
