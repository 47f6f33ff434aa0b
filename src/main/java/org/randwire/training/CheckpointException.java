// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

/** A checkpoint that cannot be used; the message is one line, {@code place: reason}. */
public final class CheckpointException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CheckpointException(Object place, String reason) {
    super(place + ": " + reason);
  }
}
