// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks.engine;

/** What activations are stored in and products computed from; parameters are always float32. */
public enum Precision {
  FP32,
  BF16
}
