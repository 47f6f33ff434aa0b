// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.reference;

import java.util.ArrayList;
import java.util.List;
import org.randwire.backend.Binding;
import org.randwire.backend.Call;
import org.randwire.backend.Kernel;
import org.randwire.op.Instruction;
import org.randwire.op.Primitive;
import org.randwire.op.Value;
import org.randwire.tensor.TensorShape;

/**
 * One loop run as one task.
 *
 * @param temporaries shapes of the tensors the loop needs besides its operands
 */
record ReferenceKernel<P extends Primitive>(
    Class<P> primitive, Instruction instruction, Loop<P> loop, List<TensorShape> temporaries)
    implements Kernel {

  /** The arithmetic of a primitive. */
  interface Loop<P extends Primitive> {
    void run(P primitive, Operands operands);
  }

  /** The tensors of an instruction in the order of its primitive's documentation. */
  record Operands(List<Tensor> inputs, List<Tensor> outputs, List<Tensor> temporaries) {
    Tensor in(int index) {
      return inputs.get(index);
    }

    Tensor out(int index) {
      return outputs.get(index);
    }

    Tensor temporary(int index) {
      return temporaries.get(index);
    }
  }

  @Override
  public String name() {
    return "reference." + instruction.primitive().label();
  }

  @Override
  public long scratchBytes() {
    return temporaries.stream().mapToLong(shape -> shape.elements() * Double.BYTES).sum();
  }

  @Override
  public List<Call> bind(Binding binding) {
    Operands operands =
        new Operands(
            tensors(instruction.inputs(), binding),
            tensors(instruction.outputs(), binding),
            scratch(binding));
    P typed = primitive.cast(instruction.primitive());
    return List.of(
        new Call() {
          @Override
          public int tasks() {
            return 1;
          }

          @Override
          public void run(int task, int worker) {
            loop.run(typed, operands);
          }
        });
  }

  private static List<Tensor> tensors(List<Value> values, Binding binding) {
    return values.stream().map(value -> Tensor.of(value, binding.slice(value))).toList();
  }

  private List<Tensor> scratch(Binding binding) {
    List<Tensor> tensors = new ArrayList<>();
    long offset = 0;
    for (TensorShape shape : temporaries) {
      tensors.add(Tensor.scratch(shape, binding.scratch(), offset));
      offset += shape.elements() * Double.BYTES;
    }
    return List.copyOf(tensors);
  }
}
