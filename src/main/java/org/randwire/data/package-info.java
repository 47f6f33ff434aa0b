// SPDX-License-Identifier: Apache-2.0
/** Labelled images and the batches made of them; start at {@link org.randwire.data.BatchLoader}. */
@NullMarked
package org.randwire.data;

import org.jspecify.annotations.NullMarked;
