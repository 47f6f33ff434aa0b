// SPDX-License-Identifier: Apache-2.0
/**
 * Sizes, element types and memory layouts of tensors; no arithmetic. Start at {@link
 * org.randwire.tensor.TensorShape}.
 */
@NullMarked
package org.randwire.tensor;

import org.jspecify.annotations.NullMarked;
