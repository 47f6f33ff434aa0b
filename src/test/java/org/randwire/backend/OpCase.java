// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.randwire.op.AuxiliaryLoss;
import org.randwire.op.Dropout;
import org.randwire.op.Op;
import org.randwire.op.ParameterSpec;
import org.randwire.op.SoftmaxCrossEntropy;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

/**
 * One op on inputs of given shapes, with data that depend on nothing but the case.
 *
 * @param fill how the inputs' values are drawn
 * @param readsImage whether its input is the network's: stored without padding, no gradient
 */
record OpCase(String name, Op op, List<TensorShape> inputs, Fill fill, boolean readsImage) {

  /** Which values an input takes. */
  enum Fill {
    /** Uniform in [-1, 1]. */
    UNIFORM,
    /** Magnitudes from 0.1 to 1, both signs: away from the kink of a ReLU. */
    AWAY_FROM_ZERO,
    /** All different, at least 0.02 apart: no two compete for a maximum. */
    DISTINCT,
    /** Uniform in [2, 4]: a mean that a careless variance suffers from. */
    OFFSET
  }

  static OpCase of(Op op, TensorShape... inputs) {
    return of(op, Fill.UNIFORM, inputs);
  }

  static OpCase of(Op op, Fill fill, TensorShape... inputs) {
    return new OpCase(op + " on " + List.of(inputs), op, List.of(inputs), fill, false);
  }

  static OpCase ofImage(Op op, TensorShape input) {
    return new OpCase(op + " on image " + input, op, List.of(input), Fill.UNIFORM, true);
  }

  TensorShape outputShape() {
    return op.outputShape(inputs);
  }

  static String inputName(int index) {
    return "x" + index;
  }

  /** Logical arrays by name: inputs, parameters, states, controls, labels and output gradient. */
  Map<String, double[]> data(DataType rounding) {
    Map<String, double[]> data = new HashMap<>();
    for (int i = 0; i < inputs.size(); i++) {
      data.put(inputName(i), draw(inputName(i), fill, inputs.get(i)));
    }
    for (ParameterSpec spec : specs()) {
      data.put(spec.name(), draw(spec));
    }
    data.put("labels", labels());
    data.put("gradient", draw("gradient", Fill.UNIFORM, outputShape()));
    data.values().forEach(values -> round(values, rounding));
    return data;
  }

  /** Everything the op declares. */
  List<ParameterSpec> specs() {
    List<ParameterSpec> specs = new ArrayList<>(op.parameters(inputs));
    specs.addAll(op.states(inputs));
    specs.addAll(op.controls(inputs));
    return specs;
  }

  private Random random(String value) {
    return new Random(31L * name.hashCode() + value.hashCode());
  }

  private double[] draw(String value, Fill values, TensorShape shape) {
    return draw(random(value), values, Math.toIntExact(shape.elements()));
  }

  static double[] draw(Random random, Fill fill, int size) {
    double[] drawn = new double[size];
    for (int i = 0; i < size; i++) {
      double uniform = 2 * random.nextDouble() - 1;
      drawn[i] =
          switch (fill) {
            case UNIFORM -> uniform;
            case AWAY_FROM_ZERO -> Math.copySign(0.1 + 0.9 * Math.abs(uniform), uniform);
            case DISTINCT -> 0.02 * i;
            case OFFSET -> 3 + uniform;
          };
    }
    if (fill == Fill.DISTINCT) {
      for (int i = size - 1; i > 0; i--) {
        int other = random.nextInt(i + 1);
        double swapped = drawn[i];
        drawn[i] = drawn[other] - 0.01 * size;
        drawn[other] = swapped;
      }
      drawn[0] -= 0.01 * size;
    }
    return drawn;
  }

  private double[] draw(ParameterSpec spec) {
    Random random = random(spec.name());
    double[] values = draw(random, Fill.UNIFORM, Math.toIntExact(spec.elements()));
    double spread = 1 / Math.sqrt((double) spec.shape().channels() * spec.shape().pixels());
    double kept = op instanceof Dropout dropout ? 1 / (1 - dropout.rate()) : 1;
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (spec.kind()) {
            case FILTER -> values[i] * spread;
            case CHANNELS -> spec.name().equals("running_var") ? 1.5 + values[i] : values[i];
            case EDGES -> spec.name().equals("mask") ? (i % 3 == 1 ? 0 : 1) : 2 * values[i];
            case ACTIVATION -> values[i] < 0 ? 0 : kept;
          };
    }
    return values;
  }

  /** Classes in range, the last one among them. */
  private double[] labels() {
    if (!(op instanceof SoftmaxCrossEntropy || op instanceof AuxiliaryLoss)) {
      return new double[0];
    }
    double[] labels = new double[inputs.get(0).batch()];
    for (int n = 0; n < labels.length; n++) {
      labels[n] = Math.floorMod(-1 - 5 * n, inputs.get(0).channels());
    }
    return labels;
  }

  /** Rounds to what the type can hold, so that two backends start from the same numbers. */
  static double[] round(double[] values, DataType type) {
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (type) {
            case FLOAT32 -> (float) values[i];
            case BFLOAT16 -> DataType.fromBfloat16(DataType.toBfloat16((float) values[i]));
            default -> values[i];
          };
    }
    return values;
  }

  @Override
  public String toString() {
    return name;
  }
}
