// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.List;
import java.util.Optional;
import org.randwire.op.ParameterSpec;
import org.randwire.op.Value;
import org.randwire.tensor.FilterLayout;

/**
 * A named parameter, state or control of a program and where it lies.
 *
 * @param name full name, node and part joined by a dot: {@code stage1.node3.bn.weight}
 * @param filter the layout, for filters only
 */
public record Parameter(
    String name, ParameterSpec spec, Value value, Optional<FilterLayout> filter) {

  /**
   * The shape it is exported with: {@code [C]}, {@code [O, I]} or {@code [O, I/groups, KH, KW]}.
   */
  public List<Integer> exportShape() {
    return spec.exportShape();
  }

  /** Stored position of the {@code index}-th logical element in row-major order. */
  long position(long index) {
    var shape = spec.shape();
    int w = (int) (index % shape.width());
    int h = (int) (index / shape.width() % shape.height());
    int c = (int) (index / shape.pixels() % shape.channels());
    int n = (int) (index / ((long) shape.pixels() * shape.channels()));
    return filter.isPresent()
        ? filter.get().index(n, c, h, w)
        : value.layout().index(shape, n, c, h, w);
  }
}
