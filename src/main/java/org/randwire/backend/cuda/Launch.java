// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import org.randwire.backend.cuda.binding.KernelModule;

/**
 * One kernel with its arguments and geometry.
 *
 * @param rows pixels of a block of the kernels that multiply; 0 for others
 * @param blocks blocks it needs; also the first field of the arguments
 * @param sharedBytes shared memory of a block
 */
record Launch(String kernel, int rows, long blocks, int sharedBytes, Arguments arguments)
    implements Work {

  Launch {
    if (blocks < 1 || blocks > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(kernel + " would need " + blocks + " blocks");
    }
  }

  /** Arguments that begin with the number of blocks. */
  static Arguments arguments(long blocks) {
    return new Arguments().wide(blocks);
  }

  static Launch of(String kernel, long blocks, int sharedBytes, Arguments arguments) {
    return new Launch(kernel, 0, blocks, sharedBytes, arguments);
  }

  KernelModule module(boolean bfloat16) {
    return new KernelModule(kernel, bfloat16, rows, arguments.structBytes());
  }
}
