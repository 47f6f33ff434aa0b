// SPDX-License-Identifier: Apache-2.0
/**
 * The native CPU core as Java sees it: {@code Core} and the struct classes are generated from
 * {@code native/include/randwire.h}; ask {@link org.randwire.backend.cpu.binding.NativeCore} first
 * whether they can be used.
 */
@NullMarked
package org.randwire.backend.cpu.binding;

import org.jspecify.annotations.NullMarked;
