// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import org.bytedeco.javacpp.Pointer;

/** A movable argument for native calls that owns nothing, so that a step need not create any. */
final class NativeAddress extends Pointer {

  /** Points to {@code sizeBytes} bytes at an address. */
  NativeAddress set(long newAddress, long sizeBytes) {
    address = newAddress;
    position = 0;
    limit = sizeBytes;
    capacity = sizeBytes;
    return this;
  }

  /** Bytes are counted; the inherited answer is the size of a pointer. */
  @Override
  public int sizeof() {
    return 1;
  }
}
