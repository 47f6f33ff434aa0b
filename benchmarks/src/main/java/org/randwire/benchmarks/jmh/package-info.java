// SPDX-License-Identifier: Apache-2.0
/**
 * JMH benchmarks: {@link org.randwire.benchmarks.jmh.KernelBenchmark} for single kernels, {@link
 * org.randwire.benchmarks.jmh.TrainingStepBenchmark} for whole steps, {@link
 * org.randwire.benchmarks.jmh.RooflineBenchmark} for what the machine can do at most.
 */
@NullMarked
package org.randwire.benchmarks.jmh;

import org.jspecify.annotations.NullMarked;
