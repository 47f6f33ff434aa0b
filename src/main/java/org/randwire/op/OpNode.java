// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/**
 * One op in a network.
 *
 * @param id position in the graph; inputs have smaller ids
 * @param shape the output for one example
 */
public record OpNode(int id, String name, Op op, List<Integer> inputs, TensorShape shape) {

  public OpNode {
    inputs = List.copyOf(inputs);
  }
}
