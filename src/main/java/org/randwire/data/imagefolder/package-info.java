// SPDX-License-Identifier: Apache-2.0
/**
 * Photographs in class folders or tar shards; start at {@link
 * org.randwire.data.imagefolder.ImageFolder}.
 */
@NullMarked
package org.randwire.data.imagefolder;

import org.jspecify.annotations.NullMarked;
