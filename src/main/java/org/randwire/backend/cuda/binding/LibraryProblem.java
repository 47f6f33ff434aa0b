// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda.binding;

import org.randwire.op.Window;
import org.randwire.tensor.TensorShape;

/**
 * What a library of the vendor is asked to compute. Tensors are {@code NHWC} and packed; shapes are
 * those that are stored, so padding channels are channels. Its text is part of the key that choices
 * are kept under.
 */
public sealed interface LibraryProblem {

  boolean bfloat16();

  /** Which of a convolution's three products. */
  enum Pass {
    /** Operands (x, filter) to y. */
    FORWARD,
    /** Operands (dy, filter) to dx. */
    INPUT_GRADIENT,
    /** Operands (x, dy) to dfilter. */
    FILTER_GRADIENT
  }

  /**
   * A convolution; its filter and the filter's gradient are stored {@code [O][KH][KW][I/groups]}.
   */
  record Convolution(
      Pass pass, boolean bfloat16, TensorShape x, TensorShape y, Window window, int groups)
      implements LibraryProblem {

    /** A product of the pixels' channels with a matrix. */
    public boolean isMatrixProduct() {
      return groups == 1 && window.equals(Window.square(1, 1));
    }

    public int groupInputs() {
      return x.channels() / groups;
    }
  }

  /**
   * Pooling: operands x to y, or dy to dx of an average, padding not counted. Gradients of a
   * maximum are none: which of several equal values has it is a kernel's own choice.
   */
  record Pooling(
      boolean maximum,
      boolean gradient,
      boolean bfloat16,
      TensorShape x,
      TensorShape y,
      Window window)
      implements LibraryProblem {

    public Pooling {
      if (maximum && gradient) {
        throw new IllegalArgumentException("the gradient of a maximum is not a library's");
      }
    }
  }
}
