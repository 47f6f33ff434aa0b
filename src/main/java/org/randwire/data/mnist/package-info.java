// SPDX-License-Identifier: Apache-2.0
/** The MNIST handwritten digits; start at {@link org.randwire.data.mnist.Mnist}. */
@NullMarked
package org.randwire.data.mnist;

import org.jspecify.annotations.NullMarked;
