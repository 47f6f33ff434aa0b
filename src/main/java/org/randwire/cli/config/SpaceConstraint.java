// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.randwire.cli.config.SpaceLoader.Entry;
import org.randwire.cli.config.ValueType.BooleanType;
import org.randwire.cli.config.ValueType.IntegerType;
import org.randwire.cli.config.ValueType.ListType;
import org.randwire.space.Complexity.Measure;
import org.randwire.space.Constraint;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;

/** Reads {@code {params: [min, max], multiplyAdds: [min, max], any: true}}. */
final class SpaceConstraint {

  private static final ValueType BOUNDS = new ListType(new IntegerType(0, Long.MAX_VALUE));
  private static final ValueType SWITCH = new BooleanType();
  private static final String ANY = "any";

  private SpaceConstraint() {}

  static Constraint read(String key, Entry entry) {
    if (!(entry.value() instanceof MappingNode mapping)) {
      throw new ConfigException(
          entry.place(),
          key + ": expected {params: [min, max]}, found " + ValueType.found(entry.value()));
    }
    List<Constraint.Range> ranges = new ArrayList<>();
    boolean any = false;
    for (Map.Entry<String, Node> each : SpaceValues.fields(mapping).entrySet()) {
      String path = key + "." + each.getKey();
      if (each.getKey().equals(ANY)) {
        any = (Boolean) SpaceValues.read(SWITCH, each.getValue(), path, entry);
      } else {
        ranges.add(range(path, each.getKey(), each.getValue(), entry));
      }
    }
    return new Constraint(ranges, any);
  }

  private static Constraint.Range range(String path, String key, Node node, Entry entry) {
    Place place = ConfigText.place(node, entry.source());
    for (Measure measure : Measure.values()) {
      if (measure.label().equals(key)) {
        List<?> bounds = (List<?>) SpaceValues.read(BOUNDS, node, path, entry);
        if (bounds.size() != 2) {
          throw new ConfigException(place, path + ": expected [min, max], found " + bounds);
        }
        long min = (Long) bounds.get(0);
        long max = (Long) bounds.get(1);
        if (min > max) {
          throw new ConfigException(
              place, path + ": no number lies between " + min + " and " + max);
        }
        return new Constraint.Range(measure, min, max);
      }
    }
    throw new ConfigException(
        place, path + ": unknown; valid: " + String.join(", ", Measure.labels()) + ", " + ANY);
  }
}
