// SPDX-License-Identifier: Apache-2.0
/** The CIFAR-10 images; start at {@link org.randwire.data.cifar.Cifar10}. */
@NullMarked
package org.randwire.data.cifar;

import org.jspecify.annotations.NullMarked;
