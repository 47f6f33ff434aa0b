// SPDX-License-Identifier: Apache-2.0
/** Pictures of what the engine knows; {@link org.randwire.report.WiringPlot} draws networks. */
@NullMarked
package org.randwire.report;

import org.jspecify.annotations.NullMarked;
