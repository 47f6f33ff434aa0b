// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda.binding;

/**
 * One way in which a library solves a problem, the same bits every time.
 *
 * @param library {@code cudnn} or {@code cublaslt}
 * @param number the library's own, for this problem and version
 * @param math the library's own mode of arithmetic
 * @param workspaceBytes scratch memory it is to be given, at a multiple of {@link
 *     #WORKSPACE_ALIGNMENT}
 */
public record Algorithm(String library, int number, int math, long workspaceBytes) {

  public static final int WORKSPACE_ALIGNMENT = 256;

  /** The name that a choice is kept by. */
  public String name() {
    return library + " " + number + "." + math;
  }
}
