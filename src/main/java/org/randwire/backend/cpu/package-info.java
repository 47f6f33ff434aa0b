// SPDX-License-Identifier: Apache-2.0
/**
 * The processor as a device: oneDNN for convolutions and matrix products, own kernels for the rest.
 * Start at {@link org.randwire.backend.cpu.CpuBackend}.
 */
@NullMarked
package org.randwire.backend.cpu;

import org.jspecify.annotations.NullMarked;
