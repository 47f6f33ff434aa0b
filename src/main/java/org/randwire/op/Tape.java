// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/** Where an op writes its instructions; the compiler stands behind it. */
public interface Tape {

  Mode mode();

  List<Value> inputs();

  default Value input(int index) {
    return inputs().get(index);
  }

  Value output();

  /** The parameter, state or control of this name that the op declared. */
  Value parameter(String name);

  /** A per-channel vector of the last batch that outlives the step; the same for the same name. */
  Value statistic(String name, TensorShape shape);

  /** The labels of the batch, {@code [N, 1, 1, 1]} integers. */
  Value labels();

  void emit(Primitive primitive, List<Value> inputs, List<Value> outputs);

  /** The gradient of the output. */
  Value gradient();

  /** Whether anything trained lies upstream of this input. */
  boolean needsGradient(int input);

  /** A new value shaped like input {@code index}, to be written as its gradient. */
  Value newGradient(int index);

  /** Adds {@code gradient} to what will be summed up as the gradient of input {@code index}. */
  void contribute(int index, Value gradient);

  Value parameterGradient(String name);

  /** Emits one primitive whose single output becomes the gradient of input {@code index}. */
  default void emitGradient(int index, Primitive primitive, List<Value> inputs) {
    if (needsGradient(index)) {
      Value gradient = newGradient(index);
      emit(primitive, inputs, List.of(gradient));
      contribute(index, gradient);
    }
  }
}
