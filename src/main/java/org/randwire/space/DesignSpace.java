// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import org.randwire.network.NetworkSpec;
import org.randwire.tensor.TensorShape;

/**
 * A set of networks, one for each choice of its parameters' values (Radosavovic et al. 2019,
 * section 3). Immutable.
 */
public interface DesignSpace {

  /** Short name, part of what a drawn network depends on. */
  String name();

  /** What its networks are and where its value sets come from, in a sentence or two. */
  String description();

  /** The parameters, in the order in which they are drawn. */
  List<Parameter> parameters();

  /** The number of choices, each of them equally likely: the product of the value sets' sizes. */
  default BigInteger size() {
    return parameters().stream()
        .map(parameter -> BigInteger.valueOf(parameter.values().size()))
        .reduce(BigInteger.ONE, BigInteger::multiply);
  }

  /** Whether a choice is a network of the space; others are drawn again. */
  default boolean admits(Choice choice) {
    return true;
  }

  /** What {@link #admits} asks for in a few words; empty if every choice is admitted. */
  default String rule() {
    return "";
  }

  /**
   * The network of a choice.
   *
   * @param input shape of one image
   */
  NetworkSpec network(Choice choice, TensorShape input, int classes);

  /**
   * The same network as settings: what stands under {@code network} in a configuration. Two choices
   * of equal settings are the same network.
   */
  Map<String, Object> settings(Choice choice);
}
