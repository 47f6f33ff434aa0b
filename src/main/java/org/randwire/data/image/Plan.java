// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

/**
 * A framing turned into work: which stored pixels to decode, and the filters over the upright ones.
 *
 * @param region of the stored image; no more than the filters read
 */
record Plan(Box region, FilterTaps across, FilterTaps down) {

  /** Plans a framing and checks that it fits the image and the array. */
  static Plan of(ImageHeader header, Framing framing, byte[] into) {
    Box crop = framing.crop();
    if (!crop.within(header.width(), header.height())) {
      throw new IllegalArgumentException(
          "%s is not within the %d x %d image".formatted(crop, header.width(), header.height()));
    }
    if (into.length < framing.bytes()) {
      throw new IllegalArgumentException(
          "%d bytes given for an example of %d".formatted(into.length, framing.bytes()));
    }
    Box window = framing.window();
    FilterTaps across =
        FilterTaps.of(crop.width(), framing.resizedWidth(), window.left(), window.width());
    FilterTaps down =
        FilterTaps.of(crop.height(), framing.resizedHeight(), window.top(), window.height());
    if (3L * window.width() * down.length() > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "%s of %d rows does not fit an array".formatted(window, down.length()));
    }
    Box read =
        new Box(
            crop.left() + across.start(),
            crop.top() + down.start(),
            across.length(),
            down.length());
    return new Plan(
        header.orientation().stored(read, header.storedWidth(), header.storedHeight()),
        across,
        down);
  }
}
