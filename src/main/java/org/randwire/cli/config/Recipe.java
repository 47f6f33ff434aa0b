// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.snakeyaml.engine.v2.nodes.Node;
import tools.jackson.databind.json.JsonMapper;

/**
 * How the networks of a sweep are trained: the sections of a configuration but for the network and
 * the seed, which each member brings.
 */
public final class Recipe {

  private final Node sections;
  private final Place source;
  private final List<String> overrides;

  Recipe(Node sections, Place source, List<String> overrides) {
    this.sections = sections;
    this.source = source;
    this.overrides = List.copyOf(overrides);
  }

  /**
   * The configuration of a member.
   *
   * @param line of the file of the population, from 1
   * @param more overrides behind those of the recipe
   * @throws ConfigException if anything is refused
   */
  public LoadedConfig ofMember(Path population, int line, List<String> more) {
    return ConfigLoader.loadWithRecipe(
        loader -> loader.readSample(population, line), sections, source, all(more));
  }

  /** The configuration of a network as a design space gives its settings. */
  public LoadedConfig of(Map<String, Object> network, List<String> more) {
    String text = JsonMapper.shared().writeValueAsString(Map.of("network", network));
    Place place = new Place(Place.Layer.FILE, "sampled network", 0, 0);
    return ConfigLoader.loadWithRecipe(
        loader -> loader.readSection(ConfigText.parse(text, place), "", place),
        sections,
        source,
        all(more));
  }

  private List<String> all(List<String> more) {
    List<String> all = new ArrayList<>(overrides);
    all.addAll(more);
    return all;
  }
}
