// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/** The images; the first node of every graph. */
public record Input(TensorShape shape) implements Op {

  @Override
  public TensorShape outputShape(List<TensorShape> inputs) {
    return shape;
  }

  @Override
  public void lower(Tape tape) {
    // The host writes the images; there is nothing to compute.
  }

  @Override
  public void differentiate(Tape tape) {
    // Images are not trained.
  }
}
