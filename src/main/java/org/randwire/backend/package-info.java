// SPDX-License-Identifier: Apache-2.0
/**
 * The contract between compiler and devices: a {@link org.randwire.backend.Backend} gives memory
 * and a {@link org.randwire.backend.KernelCatalog}; kernels are chosen once per instruction and
 * bound to memory once per plan, so that a step is nothing but calls.
 */
@NullMarked
package org.randwire.backend;

import org.jspecify.annotations.NullMarked;
