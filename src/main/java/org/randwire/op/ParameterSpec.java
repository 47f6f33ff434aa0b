// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import java.util.List;
import org.randwire.tensor.TensorShape;

/**
 * A parameter, state or control that an op declares.
 *
 * @param name last part of its full name, PyTorch's word where there is one: {@code weight}, {@code
 *     bias}, {@code running_mean}
 * @param shape {@code [O, I/groups, KH, KW]} for a filter, {@code [1, n, 1, 1]} for a vector
 * @param rank how many of the four numbers are the parameter's own when it is exported: 1, 2 or 4
 * @param mean mean of the initial values
 * @param standardDeviation standard deviation of the normal initial values; 0 sets all to the mean
 */
public record ParameterSpec(
    String name, Kind kind, TensorShape shape, int rank, double mean, double standardDeviation) {

  /** How a parameter is laid out, and whether weight decay restricted to weights applies to it. */
  public enum Kind {
    /** Convolution filter or linear layer's matrix. */
    FILTER,
    /** One value per channel: scale, shift, bias, running statistics. */
    CHANNELS,
    /** One value per incoming edge. */
    EDGES,
    /** One value per element of an activation. */
    ACTIVATION
  }

  public static ParameterSpec filter(String name, TensorShape shape, int rank, double deviation) {
    return new ParameterSpec(name, Kind.FILTER, shape, rank, 0, deviation);
  }

  public static ParameterSpec channels(String name, int channels, double value) {
    return new ParameterSpec(name, Kind.CHANNELS, TensorShape.vector(channels), 1, value, 0);
  }

  public static ParameterSpec edges(String name, int edges, double value) {
    return new ParameterSpec(name, Kind.EDGES, TensorShape.vector(edges), 1, value, 0);
  }

  /**
   * The shape it is exported with: {@code [C]}, {@code [O, I]} or {@code [O, I/groups, KH, KW]}.
   */
  public List<Integer> exportShape() {
    return switch (rank) {
      case 1 -> List.of(shape.channels());
      case 2 -> List.of(shape.batch(), shape.channels());
      default -> List.of(shape.batch(), shape.channels(), shape.height(), shape.width());
    };
  }

  /** The number of values, padding not counted. */
  public long elements() {
    return shape.elements();
  }
}
