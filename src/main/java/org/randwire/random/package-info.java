// SPDX-License-Identifier: Apache-2.0
/**
 * Independent reproducible random streams from one master seed; start at {@link
 * org.randwire.random.RandomStreams}.
 */
@NullMarked
package org.randwire.random;

import org.jspecify.annotations.NullMarked;
