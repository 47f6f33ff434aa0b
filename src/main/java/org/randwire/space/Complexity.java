// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

import java.util.Arrays;
import java.util.List;
import org.randwire.op.OpGraph;

/**
 * What a network costs, counted from its op graph.
 *
 * @param params trained parameters
 * @param multiplyAdds of one example's forward pass
 * @param activations output elements of all convolutions for one example
 */
public record Complexity(long params, long multiplyAdds, long activations) {

  /** One of the three numbers. */
  public enum Measure {
    PARAMS("params") {
      @Override
      public long of(Complexity complexity) {
        return complexity.params();
      }
    },
    MULTIPLY_ADDS("multiplyAdds") {
      @Override
      public long of(Complexity complexity) {
        return complexity.multiplyAdds();
      }
    },
    ACTIVATIONS("activations") {
      @Override
      public long of(Complexity complexity) {
        return complexity.activations();
      }
    };

    private final String label;

    Measure(String label) {
      this.label = label;
    }

    /** Its name in results and configurations. */
    public String label() {
      return label;
    }

    public abstract long of(Complexity complexity);

    /** All names. */
    public static List<String> labels() {
      return Arrays.stream(values()).map(Measure::label).toList();
    }
  }

  /** Counts a network. */
  public static Complexity of(OpGraph graph) {
    return new Complexity(graph.parameterCount(), graph.multiplyAdds(), graph.activations());
  }
}
