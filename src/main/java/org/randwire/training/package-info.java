// SPDX-License-Identifier: Apache-2.0
/**
 * Trains one network: the trainer, its optimizer and schedules, and what survives an interruption;
 * start at {@link org.randwire.training.CheckpointStore} for the latter.
 */
@NullMarked
package org.randwire.training;

import org.jspecify.annotations.NullMarked;
