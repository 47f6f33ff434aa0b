// SPDX-License-Identifier: Apache-2.0
package org.randwire.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.randwire.graph.Dag;
import org.randwire.graph.GraphFiles;
import org.randwire.graph.GraphFormatException;

/** Graph files of both formats: a graph, or one line that names the place. */
public final class EdgeListFuzz {

  private EdgeListFuzz() {}

  /** What Jazzer calls. */
  public static void fuzzerTestOneInput(byte[] data) {
    try {
      Dag dag = GraphFiles.parse("input", new String(data, UTF_8));
      assertTrue(dag.nodes() >= 1 && dag.sinks().length >= 1, dag.toString());
    } catch (GraphFormatException e) {
      String message = String.valueOf(e.getMessage());
      assertTrue(message.startsWith("input:") && !message.contains("\n"), message);
    }
  }
}
