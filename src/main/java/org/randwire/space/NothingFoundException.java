// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

/** No network of a space met a constraint in the tries that were allowed. */
public final class NothingFoundException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  NothingFoundException(String message) {
    super(message);
  }
}
