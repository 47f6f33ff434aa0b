// SPDX-License-Identifier: Apache-2.0
/**
 * The operator vocabulary: one file per op with its output shape, multiply-adds and gradient rule;
 * {@link org.randwire.op.OpGraph} holds a network, {@link org.randwire.op.Instruction} is what a
 * backend runs.
 */
@NullMarked
package org.randwire.op;

import org.jspecify.annotations.NullMarked;
