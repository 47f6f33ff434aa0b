// SPDX-License-Identifier: Apache-2.0
/**
 * Networks of searched cells (Radosavovic et al. 2019, section 5): NASNet, Amoeba, PNAS, ENAS and
 * DARTS. {@link org.randwire.network.cell.CellNetworkSpec} is where to start.
 */
@NullMarked
package org.randwire.network.cell;

import org.jspecify.annotations.NullMarked;
