// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.randwire.backend.Backend;
import org.randwire.op.Instruction;
import org.randwire.op.OpGraph;
import org.randwire.op.OpNode;
import org.randwire.op.Value;

/**
 * The bytes that the instructions of a program read and write: every operand of every instruction
 * as it is stored, padding, parameters and statistics included. One that is updated in place counts
 * once. Scratch memory does not count, nor does it matter whether an operand is still in a cache.
 *
 * @param totalBytes of all instructions
 * @param nodes in the order of the network, the loss at the end
 */
public record Traffic(long totalBytes, List<Node> nodes) {

  public Traffic {
    nodes = List.copyOf(nodes);
  }

  /**
   * The ops whose names agree up to the last dot, forward and backward: a node of a random graph, a
   * block, a stem.
   *
   * @param outputBytes the output of the last of its ops
   */
  public record Node(String name, long bytes, long outputBytes) {

    /** The traffic in units of T, the node's output. */
    public double tensors() {
      return bytes / (double) outputBytes;
    }
  }

  static Traffic of(Program program, OpGraph graph, Backend backend) {
    Map<String, Long> outputs = new LinkedHashMap<>();
    for (OpNode op : graph.nodes()) {
      long elements = backend.layout().elements(op.shape().withBatch(program.batch()));
      outputs.put(nodeOf(op.name()), elements * backend.activationType().sizeBytes());
    }
    outputs.put(program.losses().name(), program.losses().sizeBytes());
    Map<String, Long> moved = new LinkedHashMap<>();
    for (Instruction instruction : program.instructions()) {
      moved.merge(nodeOf(instruction.node()), bytes(instruction), Long::sum);
    }
    List<Node> nodes = new ArrayList<>();
    outputs.forEach(
        (name, bytes) -> {
          if (moved.containsKey(name)) {
            nodes.add(new Node(name, moved.get(name), bytes));
          }
        });
    return new Traffic(moved.values().stream().mapToLong(Long::longValue).sum(), nodes);
  }

  private static String nodeOf(String op) {
    int dot = op.lastIndexOf('.');
    return dot < 0 ? op : op.substring(0, dot);
  }

  /** Bytes of the operands of one instruction. */
  static long bytes(Instruction instruction) {
    long bytes = 0;
    for (Value input : instruction.inputs()) {
      bytes += input.sizeBytes();
    }
    for (Value output : instruction.outputs()) {
      bytes += output.sizeBytes();
    }
    return bytes;
  }
}
