// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

/**
 * One epoch of a run; NaN where not measured.
 *
 * @param epoch from 1
 * @param trainError top-1, on the augmented training batches
 * @param testError top-1
 */
public record EpochRecord(
    int epoch, double trainLoss, double trainError, double testLoss, double testError) {}
