// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.randwire.cli.config.ConfigException.Cause;
import org.randwire.cli.config.ConfigException.Problem;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/** An argument {@code path=value}, which overrides what a file says. */
record Assignment(String path, String value, Place place) {

  /**
   * Reads arguments in their order.
   *
   * @param refuse takes what is wrong with one that has not this form or comes a second time
   */
  static List<Assignment> read(List<String> arguments, Consumer<Problem> refuse) {
    List<Assignment> assignments = new ArrayList<>();
    Map<String, String> seen = new HashMap<>();
    for (int rank = 0; rank < arguments.size(); rank++) {
      String argument = arguments.get(rank);
      Place place = Place.argument(rank);
      int equals = argument.indexOf('=');
      if (equals < 0) {
        String found = "'" + ValueType.clipped(argument) + "' is not of the form key=value";
        refuse.accept(new Problem(Cause.OTHER, place, found));
        continue;
      }
      String path = argument.substring(0, equals).strip();
      String value = argument.substring(equals + 1);
      String earlier = seen.putIfAbsent(path, value);
      if (earlier != null) {
        String twice = "'" + path + "' is given twice, " + earlier + " and " + value;
        refuse.accept(new Problem(Cause.OTHER, place, twice));
      } else {
        assignments.add(new Assignment(path, value, place));
      }
    }
    return assignments;
  }

  /**
   * The value as it would stand in a file.
   *
   * @param text whether it is taken as it stands: a path on the command line must not need YAML's
   *     quotes
   * @throws ConfigException if it is no YAML
   */
  Node node(boolean text) {
    return text
        ? new ScalarNode(Tag.STR, value, ScalarStyle.DOUBLE_QUOTED)
        : ConfigText.parse(value, place.of(path));
  }
}
