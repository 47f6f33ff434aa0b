// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.randwire.network.NetworkSpec;
import org.randwire.network.resnet.Block;
import org.randwire.network.resnet.ResNetSpec;
import org.randwire.tensor.TensorShape;

/**
 * The standard design spaces (Radosavovic et al. 2019, Table 2): depth and width of every stage,
 * and with bottlenecks its ratio and number of groups, all chosen on their own.
 *
 * @param stages three in the paper
 * @param ratios width over that of the 3x3 convolution; empty but for {@link Family#RESNEXT}
 * @param groups of the 3x3 convolution; empty but for {@link Family#RESNEXT}
 */
public record StagedSpace(
    String name,
    String description,
    Family family,
    int stages,
    List<Integer> depths,
    List<Integer> widths,
    List<Integer> ratios,
    List<Integer> groups)
    implements DesignSpace {

  /** What the stages repeat; its lower-case name is that of the network's preset. */
  public enum Family {
    VANILLA,
    RESNET,
    RESNEXT;

    String preset() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /**
   * Checks the value sets.
   *
   * @throws IllegalArgumentException if one is empty or has a value twice, or if there is a width
   *     that a ratio or a number of groups does not divide
   */
  public StagedSpace {
    depths = List.copyOf(depths);
    widths = List.copyOf(widths);
    ratios = List.copyOf(ratios);
    groups = List.copyOf(groups);
    if (stages < 1) {
      throw new IllegalArgumentException("stages: must be at least 1, got " + stages);
    }
    Parameter.requireValueSet("depth", depths);
    Parameter.requireValueSet("width", widths);
    if (family == Family.RESNEXT) {
      Parameter.requireValueSet("ratio", ratios);
      Parameter.requireValueSet("groups", groups);
      requireFitting(widths, ratios, groups);
    }
  }

  @Override
  public List<Parameter> parameters() {
    List<Parameter> parameters = new ArrayList<>();
    addPerStage(parameters, "depth", stages, depths);
    addPerStage(parameters, "width", stages, widths);
    if (family == Family.RESNEXT) {
      addPerStage(parameters, "ratio", stages, ratios);
      addPerStage(parameters, "groups", stages, groups);
    }
    return parameters;
  }

  static void addPerStage(List<Parameter> to, String name, int stages, List<?> values) {
    for (int stage = 1; stage <= stages; stage++) {
      to.add(new Parameter(name + stage, values));
    }
  }

  private static void requireFitting(
      List<Integer> widths, List<Integer> ratios, List<Integer> groups) {
    for (int width : widths) {
      for (int ratio : ratios) {
        for (int number : groups) {
          try {
            new Block.Bottleneck(ratio, number).requireWidth(width);
          } catch (IllegalArgumentException e) {
            String set = width % Math.max(1, ratio) == 0 ? "groups" : "ratio";
            throw new IllegalArgumentException(
                set + ": contradicts width " + width + ", ratio " + ratio + ": " + e.getMessage(),
                e);
          }
        }
      }
    }
  }

  private List<Integer> of(Choice choice, int set) {
    return choice.integers(set * stages, stages);
  }

  @Override
  public NetworkSpec network(Choice choice, TensorShape input, int classes) {
    String preset = family.preset();
    return switch (family) {
      case VANILLA -> ResNetSpec.vanilla(preset, input, classes, of(choice, 0), of(choice, 1));
      case RESNET -> ResNetSpec.resnet(preset, input, classes, of(choice, 0), of(choice, 1));
      case RESNEXT ->
          ResNetSpec.resnext(
              preset, input, classes, of(choice, 0), of(choice, 1), of(choice, 2), of(choice, 3));
    };
  }

  @Override
  public Map<String, Object> settings(Choice choice) {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("name", family.preset());
    settings.put("depths", of(choice, 0));
    settings.put("widths", of(choice, 1));
    if (family == Family.RESNEXT) {
      settings.put("bottleneckRatios", of(choice, 2));
      settings.put("groups", of(choice, 3));
    }
    return settings;
  }
}
