// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import java.util.Map;

/**
 * A configuration and where each of its values came from.
 *
 * @param places place by key; a key not in it has its built-in default
 */
public record LoadedConfig(RunConfig config, Map<String, Place> places) {

  public LoadedConfig {
    places = Map.copyOf(places);
  }

  /** Where the value of a key came from. */
  public Place placeOf(String key) {
    return places.getOrDefault(key, Place.BUILT_IN);
  }

  /**
   * An error found later than loading, such as a missing graph file, that names the place of the
   * value: {@code run.yaml:4:9: network.graph.files: ...}.
   */
  public ConfigException refusal(String key, String message) {
    return new ConfigException(placeOf(key), key + ": " + message);
  }
}
