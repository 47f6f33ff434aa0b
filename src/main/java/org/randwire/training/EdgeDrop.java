// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

/**
 * Regularisation of the regular regime (RandWire, section 4): in a mini-batch, with some
 * probability, one random edge is removed whose target has further inputs. Whether "one edge" is
 * meant per network, stage or node is not settled by the paper, so the scope is a setting.
 *
 * @param probability chance per mini-batch and scope, in [0, 1]
 */
public record EdgeDrop(double probability, Scope scope) {

  public static final EdgeDrop NONE = new EdgeDrop(0, Scope.NETWORK);

  /** What the probability applies to: at most one edge is removed in each. */
  public enum Scope {
    NETWORK,
    STAGE,
    NODE
  }

  /** An edge: the aggregation it enters and its position among the inputs. */
  record Edge(String target, int input) {}

  public EdgeDrop {
    if (!(probability >= 0 && probability <= 1)) {
      throw new IllegalArgumentException(
          "the edge drop probability must lie in [0, 1], got " + probability);
    }
  }

  /**
   * The edges removed in one step.
   *
   * @param inputs number of inputs of each aggregation by its name, {@code stage1.node3...}
   */
  List<Edge> draw(Map<String, Integer> inputs, RandomStreams streams, long step) {
    if (probability == 0) {
      return List.of();
    }
    Map<String, List<Edge>> scopes = new LinkedHashMap<>();
    inputs.forEach(
        (target, count) -> {
          for (int i = 0; count > 1 && i < count; i++) {
            scopes
                .computeIfAbsent(scopeOf(target), s -> new ArrayList<>())
                .add(new Edge(target, i));
          }
        });
    List<Edge> dropped = new ArrayList<>();
    PhiloxStream random = streams.stream(Purpose.EDGE_DROP, step, 0);
    for (List<Edge> edges : scopes.values()) {
      // Both draws are taken in any case, so that one scope's outcome never shifts another's.
      boolean drops = random.nextDouble() < probability;
      Edge edge = edges.get(random.nextInt(edges.size()));
      if (drops) {
        dropped.add(edge);
      }
    }
    return dropped;
  }

  private String scopeOf(String target) {
    return switch (scope) {
      case NETWORK -> "";
      case STAGE -> target.substring(0, Math.max(0, target.indexOf('.')));
      case NODE -> target;
    };
  }
}
