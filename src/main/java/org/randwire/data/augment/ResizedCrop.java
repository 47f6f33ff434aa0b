// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.augment;

import org.randwire.random.PhiloxStream;

/**
 * The random part of a picture that is resized to be an example: its share of the area uniform in
 * [minScale, maxScale], the logarithm of its ratio of width to height uniform in [log minRatio, log
 * maxRatio], its place uniform among those where it fits. After ten draws that do not fit it is the
 * largest part in the centre whose ratio is in range.
 *
 * <p>Source: Szegedy et al., "Going deeper with convolutions" (2015), in torchvision's form ({@code
 * RandomResizedCrop}).
 *
 * @param minScale smallest share of the area, in (0, maxScale]
 * @param maxScale largest share of the area, at most 1
 * @param minRatio smallest width over height, in (0, maxRatio]
 * @param maxRatio largest width over height
 */
public record ResizedCrop(double minScale, double maxScale, double minRatio, double maxRatio) {
  /** The scales and ratios that networks for ImageNet are trained with. */
  public static final ResizedCrop STANDARD = new ResizedCrop(0.08, 1, 3.0 / 4, 4.0 / 3);

  private static final int TRIES = 10;

  public ResizedCrop {
    if (!(minScale > 0 && minScale <= maxScale && maxScale <= 1)
        || !(minRatio > 0 && minRatio <= maxRatio && maxRatio < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "a resized crop needs 0 < minScale <= maxScale <= 1 and 0 < minRatio <= maxRatio,"
              + " got scale %s..%s and ratio %s..%s"
                  .formatted(minScale, maxScale, minRatio, maxRatio));
    }
  }

  /** Part of a picture: columns left..left+width-1, rows top..top+height-1. */
  public record Part(int left, int top, int width, int height) {}

  /** Draws the part of a picture of the given size, both sides at least 1. */
  public Part draw(PhiloxStream random, int width, int height) {
    // StrictMath: the same part on every machine.
    double logMin = StrictMath.log(minRatio);
    double logMax = StrictMath.log(maxRatio);
    for (int i = 0; i < TRIES; i++) {
      double area = (double) width * height * uniform(random, minScale, maxScale);
      double ratio = StrictMath.exp(uniform(random, logMin, logMax));
      int w = (int) Math.rint(Math.sqrt(area * ratio));
      int h = (int) Math.rint(Math.sqrt(area / ratio));
      if (w > 0 && w <= width && h > 0 && h <= height) {
        int top = random.nextInt(height - h + 1);
        int left = random.nextInt(width - w + 1);
        return new Part(left, top, w, h);
      }
    }
    return centre(width, height);
  }

  private Part centre(int width, int height) {
    double ratio = (double) width / height;
    int w = width;
    int h = height;
    if (ratio < minRatio) {
      h = Math.max(1, Math.min(height, (int) Math.rint(width / minRatio)));
    } else if (ratio > maxRatio) {
      w = Math.max(1, Math.min(width, (int) Math.rint(height * maxRatio)));
    }
    return new Part((width - w) / 2, (height - h) / 2, w, h);
  }

  private static double uniform(PhiloxStream random, double low, double high) {
    return low + (high - low) * random.nextDouble();
  }
}
