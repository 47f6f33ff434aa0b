// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

/** What computes one partial gradient of a filter, from some units of the batch. */
interface FilterGradientPart {

  long workerBytes();

  void useWorkerScratch(int worker, long address);

  /** Overwrites the partial gradient; all arguments are addresses. */
  void run(int worker, long input, long outputGradient, long filterGradient, long biasGradient);
}
