// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.randwire.network.NetworkSpec;
import org.randwire.network.resnet.AnyNetStages;
import org.randwire.network.resnet.ResNetSpec;
import org.randwire.tensor.TensorShape;

/**
 * What the AnyNets of a space have in common.
 *
 * @param stem the convolution in front
 * @param strides of the stages; their number is that of the stages
 */
public record AnyNetFrame(ResNetSpec.Stem stem, List<Integer> strides) {

  private static final String PRESET = "anynet";

  /**
   * For images of 32x32 pixels: the paper's stem of 32 channels and its four stages, of which the
   * stem and the first keep the size of the image. The paper has strides of 2 throughout, on images
   * of 224.
   */
  public static final AnyNetFrame SMALL_IMAGES =
      new AnyNetFrame(new ResNetSpec.Stem(32, 1), List.of(1, 2, 2, 2));

  public AnyNetFrame {
    strides = List.copyOf(strides);
    if (strides.isEmpty()) {
      throw new IllegalArgumentException("strides: at least one stage is needed");
    }
  }

  int stages() {
    return strides.size();
  }

  NetworkSpec network(AnyNetStages stages, TensorShape input, int classes) {
    AnyNetStages.Fitted fitted = stages.fitted();
    return ResNetSpec.anyNet(
        PRESET,
        input,
        classes,
        stem,
        strides,
        stages.depths(),
        fitted.widths(),
        stages.bottleneckRatios(),
        fitted.groups());
  }

  Map<String, Object> settings(AnyNetStages stages) {
    AnyNetStages.Fitted fitted = stages.fitted();
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("name", PRESET);
    settings.put("depths", stages.depths());
    settings.put("widths", fitted.widths());
    settings.put("bottleneckRatios", stages.bottleneckRatios());
    settings.put("groups", fitted.groups());
    settings.put("strides", strides);
    settings.put("stemWidth", stem.width());
    settings.put("stemStride", stem.stride());
    return settings;
  }
}
