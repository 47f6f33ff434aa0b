// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

/**
 * How a run ended.
 *
 * @param finished false if it was asked to stop
 * @param lastTestError top-1 error of the last evaluation; NaN before the first
 * @param minTestError lowest top-1 error over all evaluations, the error the design spaces paper
 *     reports; it looks better than it is, since the test set chose the epoch
 * @param minTestErrorEpoch the epoch it was seen in
 * @param weightsHash SHA-256 of all parameters and running statistics
 */
public record TrainingResult(
    boolean finished,
    int epochs,
    long steps,
    double lastTrainLoss,
    double lastTestLoss,
    double lastTestError,
    double lastTestTop5Error,
    double minTestError,
    int minTestErrorEpoch,
    String weightsHash) {}
