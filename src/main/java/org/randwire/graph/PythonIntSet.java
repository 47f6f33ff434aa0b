// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A set of non-negative ints that iterates in the order of a CPython (3.7 and later) {@code set}
 * filled by {@code add}: an open-addressed table whose hash of an int is the int itself. networkx
 * lets that order steer its later draws.
 */
final class PythonIntSet {
  private static final int EMPTY = -1;
  private static final int LINEAR_PROBES = 9;
  private static final int PERTURB_SHIFT = 5;
  private static final int SMALLEST_TABLE = 8;

  private int[] table = emptyTable(SMALLEST_TABLE);
  private int size;

  private static int[] emptyTable(int length) {
    int[] table = new int[length];
    Arrays.fill(table, EMPTY);
    return table;
  }

  int size() {
    return size;
  }

  void add(int value) {
    int slot = slotOf(value);
    if (table[slot] == value) {
      return;
    }
    table[slot] = value;
    size++;
    if (size * 5 >= (table.length - 1) * 3) {
      grow();
    }
  }

  /** The slot that holds the value, or the empty one it belongs in. */
  private int slotOf(int value) {
    int mask = table.length - 1;
    int perturb = value;
    int start = value & mask;
    while (true) {
      int last = start + LINEAR_PROBES <= mask ? start + LINEAR_PROBES : start;
      for (int slot = start; slot <= last; slot++) {
        if (table[slot] == EMPTY || table[slot] == value) {
          return slot;
        }
      }
      perturb >>= PERTURB_SHIFT;
      start = (start * 5 + 1 + perturb) & mask;
    }
  }

  /** To the smallest power of two above four times the size, as CPython up to 50,000 entries. */
  private void grow() {
    int[] values = toArray();
    table = emptyTable(Integer.highestOneBit(4 * size) * 2);
    for (int value : values) {
      table[slotOf(value)] = value;
    }
  }

  /** The values in iteration order. */
  int[] toArray() {
    return IntStream.of(table).filter(value -> value != EMPTY).toArray();
  }
}
