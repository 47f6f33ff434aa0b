// SPDX-License-Identifier: Apache-2.0
package org.randwire.tensor;

import java.util.Arrays;
import java.util.List;

/**
 * A tensor as it travels between files: a name, a shape and its values in row-major order.
 *
 * <p>The values are neither copied in nor out, since weights can fill much of the memory: whoever
 * passes an array here gives it up. Equality is by name, shape and bits of the values.
 *
 * @param name not blank
 * @param shape sizes, outermost first, each at least 0; empty for a scalar
 * @param values as many as the product of the sizes
 */
public record NamedTensor(String name, List<Integer> shape, float[] values) {
  public NamedTensor {
    if (name.isBlank()) {
      throw new IllegalArgumentException("a tensor needs a name");
    }
    shape = List.copyOf(shape);
    long count = 1;
    for (int size : shape) {
      if (size < 0) {
        throw new IllegalArgumentException(name + ": negative size in shape " + shape);
      }
      // Cannot overflow: the count so far is at most an array's length, or the next line stops it.
      count *= size;
      if (count > Integer.MAX_VALUE) {
        throw new IllegalArgumentException(name + ": shape " + shape + " exceeds one array");
      }
    }
    if (count != values.length) {
      throw new IllegalArgumentException(
          name + ": shape " + shape + " holds " + count + " values, not " + values.length);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NamedTensor that
        && name.equals(that.name)
        && shape.equals(that.shape)
        && Arrays.equals(values, that.values);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * name.hashCode() + shape.hashCode()) + Arrays.hashCode(values);
  }

  @Override
  public String toString() {
    return name + shape;
  }
}
