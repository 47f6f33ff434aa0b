// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import org.randwire.cli.config.Place.Layer;

/** The named starting points of a configuration, bundled as YAML. */
public final class Presets {

  /** Every preset, the valid values of {@code network.name}. */
  public static final List<String> NAMES =
      List.of(
          "randwire-mnist",
          "randwire-cifar",
          "randwire-small",
          "randwire-regular-109",
          "randwire-regular-154",
          "vanilla",
          "vanilla-56",
          "resnet",
          "resnet-56",
          "resnet-110",
          "resnext",
          "anynet",
          "cell",
          "darts-v1",
          "darts-v2");

  /** The preset of a run that names none. */
  public static final String DEFAULT = "randwire-mnist";

  private static final String FOLDER = "/org/randwire/cli/presets/";

  private Presets() {}

  /** The place a value of the preset comes from. */
  static Place place(String name) {
    return new Place(Layer.PRESET, "preset " + name, 0, 0);
  }

  /** The bytes of a preset's YAML file. */
  static byte[] read(String name) {
    try (InputStream stream = Presets.class.getResourceAsStream(FOLDER + name + ".yaml")) {
      if (stream == null) {
        throw new IllegalStateException("preset " + name + " is not on the class path");
      }
      return stream.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("preset " + name + " cannot be read", e);
    }
  }
}
