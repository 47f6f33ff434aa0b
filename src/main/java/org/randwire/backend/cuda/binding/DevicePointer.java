// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda.binding;

import org.bytedeco.javacpp.Pointer;

/** An address that nobody owns. */
final class DevicePointer extends Pointer {

  DevicePointer(long address) {
    super((Pointer) null);
    this.address = address;
  }
}
