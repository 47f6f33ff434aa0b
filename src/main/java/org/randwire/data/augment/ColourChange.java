// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.augment;

import org.randwire.random.PhiloxStream;

/**
 * Random changes of the colours of RGB pictures. Brightness, contrast and saturation are mixtures
 * of the picture with black, with the mean of its grey values, and with its grey values; the weight
 * of the picture is uniform in [max(0, 1 - a), 1 + a], the order of the three is random, and each
 * result is cut off at 0 and 255 (torchvision's {@code ColorJitter} without rounding). Lighting
 * then adds to all pixels a normal multiple of each principal component of ImageNet's colours
 * (Krizhevsky et al. 2012); nothing is cut off after it.
 *
 * @param brightness its a, at least 0; 0 leaves it as it is
 * @param contrast likewise
 * @param saturation likewise
 * @param lighting standard deviation of the multiples, at least 0
 */
public record ColourChange(double brightness, double contrast, double saturation, double lighting) {
  /** Colours as they are. */
  public static final ColourChange NONE = new ColourChange(0, 0, 0, 0);

  /**
   * Standard deviations of ImageNet's colours along their principal components, in units of 255.
   */
  private static final double[] DEVIATIONS = {0.2175, 0.0188, 0.0045};

  /** Row c: channel c (red, green, blue) of the three components. */
  private static final double[][] COMPONENTS = {
    {-0.5675, 0.7192, 0.4009}, {-0.5808, -0.0045, -0.8140}, {-0.5836, -0.6948, 0.4203}
  };

  private static final float MAX = 255;

  public ColourChange {
    if (!(brightness >= 0) || !(contrast >= 0) || !(saturation >= 0) || !(lighting >= 0)) {
      throw new IllegalArgumentException(
          "changes of colour must be at least 0, got brightness %s, contrast %s, saturation %s, lighting %s"
              .formatted(brightness, contrast, saturation, lighting));
    }
  }

  /**
   * Changes one picture in place.
   *
   * @param rgb values in [0, 255], three a pixel
   * @param random the stream of this picture in this epoch, behind its crop and side
   */
  public void apply(float[] rgb, PhiloxStream random) {
    if (brightness > 0 || contrast > 0 || saturation > 0) {
      int first = random.nextInt(3);
      int second = (first + 1 + random.nextInt(2)) % 3;
      for (int kind : new int[] {first, second, 3 - first - second}) {
        double amount = kind == 0 ? brightness : kind == 1 ? contrast : saturation;
        double low = Math.max(0, 1 - amount);
        float weight = (float) (low + (1 + amount - low) * random.nextDouble());
        mix(rgb, kind, weight);
      }
    }
    if (lighting > 0) {
      light(rgb, random);
    }
  }

  private static void mix(float[] rgb, int kind, float weight) {
    float mean = kind == 1 ? meanGrey(rgb) : 0;
    for (int i = 0; i < rgb.length; i += 3) {
      float other = kind == 2 ? grey(rgb, i) : mean;
      for (int c = i; c < i + 3; c++) {
        rgb[c] = Math.max(0, Math.min(MAX, other + weight * (rgb[c] - other)));
      }
    }
  }

  private void light(float[] rgb, PhiloxStream random) {
    double[] multiples = new double[3];
    for (int k = 0; k < 3; k++) {
      multiples[k] = lighting * random.nextGaussian() * DEVIATIONS[k] * MAX;
    }
    for (int c = 0; c < 3; c++) {
      double shift = 0;
      for (int k = 0; k < 3; k++) {
        shift += COMPONENTS[c][k] * multiples[k];
      }
      for (int i = c; i < rgb.length; i += 3) {
        rgb[i] += (float) shift;
      }
    }
  }

  private static float meanGrey(float[] rgb) {
    double sum = 0;
    for (int i = 0; i < rgb.length; i += 3) {
      sum += grey(rgb, i);
    }
    return (float) (sum / (rgb.length / 3));
  }

  /** The luminance of ITU-R 601. */
  private static float grey(float[] rgb, int i) {
    return 0.299f * rgb[i] + 0.587f * rgb[i + 1] + 0.114f * rgb[i + 2];
  }
}
