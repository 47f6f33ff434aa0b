// SPDX-License-Identifier: Apache-2.0
package org.randwire.network.resnet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.randwire.data.TestData;
import org.randwire.network.NetworkSpec;
import org.randwire.op.Add;
import org.randwire.op.BatchNorm;
import org.randwire.op.Convolution;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Input;
import org.randwire.op.Linear;
import org.randwire.op.Op;
import org.randwire.op.OpGraph;
import org.randwire.op.OpNode;
import org.randwire.op.Relu;
import org.randwire.tensor.TensorShape;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ResNetSpecTest {

  private static final TensorShape IMAGE = TensorShape.example(3, 32, 32);
  private static final List<Integer> WIDTHS = List.of(16, 32, 64);

  /** Of the design spaces paper's code: parameters exact, multiply-adds in millions as printed. */
  @ParameterizedTest
  @CsvSource({"true, 9, 855770, 125.75", "true, 18, 1730714, 253.15", "false, 9, 853018, 125.49"})
  void complexityIsThePapers(boolean shortcut, int depth, long parameters, double multiplyAdds) {
    List<Integer> depths = List.of(depth, depth, depth);
    NetworkSpec spec =
        shortcut
            ? ResNetSpec.resnet("r", IMAGE, 10, depths, WIDTHS)
            : ResNetSpec.vanilla("v", IMAGE, 10, depths, WIDTHS);
    OpGraph graph = spec.build();
    assertEquals(parameters, graph.parameterCount());
    assertEquals(multiplyAdds, graph.multiplyAdds() / 1e6, 0.005);
  }

  /** Counted by a separate script from the paper's definition of the block. */
  @Test
  void complexityOfAnUnevenResNext() {
    OpGraph graph =
        ResNetSpec.resnext(
                "x",
                IMAGE,
                10,
                List.of(1, 2, 1),
                List.of(64, 96, 32),
                List.of(1, 4, 2),
                List.of(4, 3, 16))
            .build();
    assertEquals(40_938, graph.parameterCount());
    assertEquals(22_603_072, graph.multiplyAdds());
    assertEquals(404_480, graph.activations());
  }

  @Test
  void theBottlenecksStrideIsThatOfItsGroupedConvolution() {
    OpGraph graph =
        ResNetSpec.resnext(
                "x", IMAGE, 10, List.of(1, 1), List.of(16, 32), List.of(1, 2), List.of(1, 4))
            .build();
    assertEquals(TensorShape.example(16, 32, 32), shape(graph, "stage2.block0.conv1"));
    assertEquals(TensorShape.example(16, 16, 16), shape(graph, "stage2.block0.conv2"));
    Convolution grouped = (Convolution) node(graph, "stage2.block0.conv2").op();
    assertEquals(4, grouped.groups());
    assertEquals(TensorShape.example(32, 16, 16), shape(graph, "stage2.block0.conv3"));
  }

  @Test
  void theShortcutIsProjectedOnlyWhereWidthOrSizeChange() {
    OpGraph graph =
        ResNetSpec.resnet("r", IMAGE, 10, List.of(2, 2, 1), List.of(16, 16, 32)).build();
    List<String> projections =
        graph.nodes().stream()
            .map(OpNode::name)
            .filter(name -> name.endsWith(".convShortcut"))
            .toList();
    assertEquals(List.of("stage2.block0.convShortcut", "stage3.block0.convShortcut"), projections);
    OpNode sum = node(graph, "stage1.block0.sum");
    assertEquals(
        List.of("stage1.block0.bn2", "stem.relu"),
        sum.inputs().stream().map(id -> graph.node(id).name()).toList());
  }

  @Test
  void vanillaHasNoSum() {
    OpGraph graph = ResNetSpec.vanilla("v", IMAGE, 10, List.of(1, 1), List.of(16, 32)).build();
    assertTrue(graph.nodes().stream().noneMatch(node -> node.op() instanceof Add));
  }

  /** Kind, inputs, output and filter of every op of the network that libtorch has trained. */
  @Test
  void opsAreThoseOfTheOracleNetwork() throws Exception {
    JsonNode file =
        JsonMapper.shared()
            .readTree(Files.readString(TestData.require("reference/resnet-tiny-b4.json")));
    OpGraph graph =
        ResNetSpec.resnet("tiny", IMAGE, 10, List.of(1, 1, 1), List.of(8, 16, 32)).build();
    List<String> expected = new ArrayList<>();
    for (JsonNode op : file.get("ops")) {
      expected.add(plain(theirs(op)));
    }
    assertEquals(expected, graph.nodes().stream().map(n -> plain(ours(graph, n))).toList());
    assertEquals(file.get("param_count").asLong(), graph.parameterCount());
  }

  private static String theirs(JsonNode op) {
    String kind = op.get("kind").stringValue();
    String text = kind + " " + (op.has("in") ? op.get("in") : "[]") + " to " + op.get("out");
    return switch (kind) {
      case "CONV" ->
          text + " filter " + op.get("params").get(0).get("shape") + " stride " + op.get("stride");
      case "FC" -> text + " filter " + op.get("params").get(0).get("shape");
      default -> text;
    };
  }

  private static String ours(OpGraph graph, OpNode node) {
    TensorShape out = node.shape();
    String text =
        kind(node.op())
            + " "
            + node.inputs()
            + " to "
            + List.of(out.channels(), out.height(), out.width());
    if (node.op() instanceof Convolution convolution) {
      TensorShape filter = convolution.filterShape(graph.inputShapes(node, 1).get(0));
      List<Integer> sizes =
          List.of(filter.batch(), filter.channels(), filter.height(), filter.width());
      text += " filter " + sizes + " stride " + convolution.window().strideHeight();
    } else if (node.op() instanceof Linear linear) {
      int inputs = graph.inputShapes(node, 1).get(0).channels();
      text += " filter " + List.of(linear.outputs(), inputs);
    }
    return text;
  }

  private static String plain(String text) {
    return text.replace(" ", "");
  }

  private static String kind(Op op) {
    if (op instanceof Input) {
      return "INPUT";
    }
    if (op instanceof Convolution) {
      return "CONV";
    }
    if (op instanceof BatchNorm) {
      return "BN";
    }
    if (op instanceof Relu) {
      return "RELU";
    }
    if (op instanceof Add) {
      return "ADD";
    }
    return op instanceof GlobalAveragePool ? "GAP" : "FC";
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "3 | 1 | ratio 3 does not divide the width 32; the nearest that do are 2 and 4",
        "4 | 3 | 3 groups do not divide the inner width 8; the nearest that do are 2 and 4",
        "4 | 9 | 9 groups do not divide the inner width 8; the nearest that does is 8",
        "0 | 1 | bottleneck ratio and groups must be at least 1, got 0, 1"
      })
  void aBlockThatCannotBeSoWideIsRefused(int ratio, int groups, String message) {
    var e =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                ResNetSpec.resnext(
                    "x", IMAGE, 10, List.of(1), List.of(32), List.of(ratio), List.of(groups)));
    assertEquals(message, e.getMessage());
  }

  @Test
  void listsOfOtherLengthsAreRefused() {
    var e =
        assertThrows(
            IllegalArgumentException.class,
            () -> ResNetSpec.vanilla("v", IMAGE, 10, List.of(1, 2), List.of(16)));
    assertEquals("2 depths need as many widths, got 1", e.getMessage());
    assertThrows(
        IllegalArgumentException.class,
        () -> ResNetSpec.vanilla("v", IMAGE, 10, List.of(), List.of()));
    assertThrows(
        IllegalArgumentException.class,
        () -> ResNetSpec.vanilla("v", IMAGE, 10, List.of(0), List.of(16)));
  }

  private static OpNode node(OpGraph graph, String name) {
    return graph.nodes().stream().filter(n -> n.name().equals(name)).findFirst().orElseThrow();
  }

  private static TensorShape shape(OpGraph graph, String name) {
    return node(graph, name).shape();
  }
}
