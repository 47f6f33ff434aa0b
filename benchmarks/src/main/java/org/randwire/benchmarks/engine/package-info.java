// SPDX-License-Identifier: Apache-2.0
/**
 * Training steps of one network in several engines, behind {@link
 * org.randwire.benchmarks.engine.Engine}.
 */
@NullMarked
package org.randwire.benchmarks.engine;

import org.jspecify.annotations.NullMarked;
