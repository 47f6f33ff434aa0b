// SPDX-License-Identifier: Apache-2.0
/**
 * The border to CUDA: {@link org.randwire.backend.cuda.binding.Device} is all the backend sees of
 * it, and no class of JavaCPP's presets is named outside of this package.
 */
@NullMarked
package org.randwire.backend.cuda.binding;

import org.jspecify.annotations.NullMarked;
