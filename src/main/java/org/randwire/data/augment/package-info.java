// SPDX-License-Identifier: Apache-2.0
/** Random changes of training images; start at {@link org.randwire.data.augment.Augmentation}. */
@NullMarked
package org.randwire.data.augment;

import org.jspecify.annotations.NullMarked;
