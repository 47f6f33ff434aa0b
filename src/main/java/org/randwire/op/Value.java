// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

import org.randwire.tensor.DataType;
import org.randwire.tensor.MemoryLayout;
import org.randwire.tensor.TensorShape;

/**
 * One tensor of a program.
 *
 * @param id position in the program's list of values
 * @param shape logical shape; a filter's is {@code [O, I/groups, KH, KW]}
 * @param elements stored elements, padding included
 * @param offset first element within the section's buffer; -1 in the arena, where the memory plan
 *     decides
 */
public record Value(
    int id,
    String name,
    Section section,
    TensorShape shape,
    MemoryLayout layout,
    DataType type,
    long elements,
    long offset) {

  public long sizeBytes() {
    return elements * type.sizeBytes();
  }

  /** Stored channels of an activation or per-channel vector. */
  public int storedChannels() {
    return layout.storedChannels(shape.channels());
  }

  /** Values are keys of the compiler's maps, and the id alone tells those of one program apart. */
  @Override
  public int hashCode() {
    return id;
  }

  @Override
  public String toString() {
    return name + shape;
  }
}
