// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;

/**
 * One primitive with its operands.
 *
 * @param node the network node it belongs to, for plans, profiles and messages
 */
public record Instruction(
    String node, Primitive primitive, List<Value> inputs, List<Value> outputs) {

  public Instruction {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }

  public Value input(int index) {
    return inputs.get(index);
  }

  public Value output(int index) {
    return outputs.get(index);
  }

  /** Name for a person: {@code stage1.node3 convolution}. */
  public String label() {
    return node + " " + primitive.label();
  }
}
