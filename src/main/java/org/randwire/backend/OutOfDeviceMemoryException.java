// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

/** The device cannot give the memory that was asked for; the message says how much. */
public final class OutOfDeviceMemoryException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public OutOfDeviceMemoryException(String message) {
    super(message);
  }
}
