// SPDX-License-Identifier: Apache-2.0
/**
 * Sweeps on a Spark cluster: one worker process per task; start at {@link
 * org.randwire.population.spark.SparkSweep}. The only code that sees Spark; compiled with the
 * profile {@code spark} alone, so that nobody else has to fetch it.
 */
@NullMarked
package org.randwire.population.spark;

import org.jspecify.annotations.NullMarked;
