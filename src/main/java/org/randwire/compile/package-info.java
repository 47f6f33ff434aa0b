// SPDX-License-Identifier: Apache-2.0
/**
 * From a network to a step: lowering and gradients, fusion, levels, memory plan, execution plan,
 * one class per pass, and the executor. Start at {@link org.randwire.compile.Session}.
 */
@NullMarked
package org.randwire.compile;

import org.jspecify.annotations.NullMarked;
