// SPDX-License-Identifier: Apache-2.0
/**
 * What compares populations of errors: arrays in, immutable results out; start at {@link
 * org.randwire.statistics.Edf} and {@link org.randwire.statistics.KolmogorovSmirnov}.
 */
@NullMarked
package org.randwire.statistics;

import org.jspecify.annotations.NullMarked;
