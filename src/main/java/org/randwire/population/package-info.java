// SPDX-License-Identifier: Apache-2.0
/**
 * Populations of trained networks: their records, the files they are read from, and generated ones
 * whose truth is known; start at {@link org.randwire.population.PopulationFiles}.
 */
@NullMarked
package org.randwire.population;

import org.jspecify.annotations.NullMarked;
