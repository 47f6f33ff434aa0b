// SPDX-License-Identifier: Apache-2.0
/**
 * From the bytes of a JPEG or PNG file to the RGB pixels of a training example: headers, cropping,
 * resizing as Pillow does it, orientation. Start at {@link org.randwire.data.image.ImageDecoders}.
 */
@NullMarked
package org.randwire.data.image;

import org.jspecify.annotations.NullMarked;
