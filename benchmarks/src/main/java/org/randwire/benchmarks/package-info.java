// SPDX-License-Identifier: Apache-2.0
/**
 * The same networks trained by RandWire and by other engines, side by side: {@link
 * org.randwire.benchmarks.Main} is the command.
 */
@NullMarked
package org.randwire.benchmarks;

import org.jspecify.annotations.NullMarked;
