// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/**
 * Convolution without bias: dense, grouped, depthwise ({@code groups} = channels), dilated or
 * pointwise (1x1). Forward operands: (x, filter) to y.
 *
 * @param outputChannels channels of the output, a multiple of {@code groups}
 * @param groups groups of channels that do not see each other
 */
public record Convolution(int outputChannels, Window window, int groups) implements Op, Primitive {

  public Convolution {
    if (outputChannels < 1 || groups < 1 || outputChannels % groups != 0) {
      throw new IllegalArgumentException(
          outputChannels + " output channels cannot be split into " + groups + " groups");
    }
  }

  /** A dense 1x1 convolution of stride 1. */
  public static Convolution pointwise(int outputChannels) {
    return new Convolution(outputChannels, Window.square(1, 1), 1);
  }

  /** One filter per channel. */
  public static Convolution depthwise(int channels, Window window) {
    return new Convolution(channels, window, channels);
  }

  public boolean isDepthwise(TensorShape input) {
    return groups > 1 && groups == input.channels() && groups == outputChannels;
  }

  public boolean isPointwise() {
    return groups == 1 && window.equals(Window.square(1, 1));
  }

  @Override
  public TensorShape outputShape(List<TensorShape> inputs) {
    TensorShape input = Op.singleShape(inputs);
    if (input.channels() % groups != 0) {
      throw new IllegalArgumentException(
          input.channels() + " input channels cannot be split into " + groups + " groups");
    }
    return window.outputShape(input, outputChannels);
  }

  public TensorShape filterShape(TensorShape input) {
    return new TensorShape(
        outputChannels, input.channels() / groups, window.height(), window.width());
  }

  @Override
  public List<ParameterSpec> parameters(List<TensorShape> inputs) {
    // He initialisation by fan-out with the groups ignored, as in the training code of the design
    // spaces paper (PAPERS: normal, standard deviation sqrt(2 / (k*k*out))).
    double fanOut = (double) window.height() * window.width() * outputChannels;
    return List.of(
        ParameterSpec.filter("weight", filterShape(inputs.get(0)), 4, Math.sqrt(2 / fanOut)));
  }

  @Override
  public long multiplyAdds(List<TensorShape> inputs) {
    return outputShape(inputs).elements()
        * (inputs.get(0).channels() / groups)
        * window.height()
        * window.width();
  }

  @Override
  public void lower(Tape tape) {
    tape.emit(this, List.of(tape.input(0), tape.parameter("weight")), List.of(tape.output()));
  }

  @Override
  public void differentiate(Tape tape) {
    tape.emitGradient(
        0, new InputGradient(this), List.of(tape.gradient(), tape.parameter("weight")));
    tape.emit(
        new FilterGradient(this),
        List.of(tape.input(0), tape.gradient()),
        List.of(tape.parameterGradient("weight")));
  }

  @Override
  public String label() {
    if (isPointwise()) {
      return "pointwise";
    }
    return (groups == outputChannels && groups > 1 ? "depthwise " : "convolution ") + window;
  }

  /** Operands: (dy, filter) to dx. */
  public record InputGradient(Convolution convolution) implements Primitive {
    @Override
    public String label() {
      return convolution.label() + " input-gradient";
    }
  }

  /** Operands: (x, dy) to dfilter. */
  public record FilterGradient(Convolution convolution) implements Primitive {
    @Override
    public String label() {
      return convolution.label() + " filter-gradient";
    }
  }
}
