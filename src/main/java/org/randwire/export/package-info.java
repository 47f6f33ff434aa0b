// SPDX-License-Identifier: Apache-2.0
/**
 * Weights and networks in the file formats of other tools; start at {@link
 * org.randwire.export.Safetensors}.
 */
@NullMarked
package org.randwire.export;

import org.jspecify.annotations.NullMarked;
