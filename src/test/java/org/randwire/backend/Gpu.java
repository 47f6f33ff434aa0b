// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

/** Whether the tests of every backend include the GPU's: profile {@code gpu} of the build. */
public final class Gpu {

  private Gpu() {}

  public static boolean isTested() {
    return Boolean.getBoolean("randwire.test.gpu");
  }
}
