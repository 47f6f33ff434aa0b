// SPDX-License-Identifier: Apache-2.0
package org.randwire.tensor;

/**
 * Where the weight {@code [o, i, y, x]} of a filter lies.
 *
 * @param shape {@code [O, I/groups, KH, KW]}
 * @param layout channels first ({@code OIHW}) or last ({@code [KH][KW][I/groups][O]})
 * @param storedInputs input channels per group that are stored, at least {@code I/groups}
 * @param storedOutputs output channels that are stored, at least {@code O}
 */
public record FilterLayout(
    TensorShape shape, MemoryLayout layout, int storedInputs, int storedOutputs) {

  public FilterLayout {
    if (storedInputs < shape.channels() || storedOutputs < shape.batch()) {
      throw new IllegalArgumentException(
          "a filter " + shape + " does not fit into " + storedOutputs + " x " + storedInputs);
    }
  }

  public long elements() {
    return (long) storedInputs * storedOutputs * shape.pixels();
  }

  public long index(int o, int i, int y, int x) {
    if (layout == MemoryLayout.CHANNELS_FIRST) {
      return (((long) o * storedInputs + i) * shape.height() + y) * shape.width() + x;
    }
    return (((long) y * shape.width() + x) * storedInputs + i) * storedOutputs + o;
  }
}
