// SPDX-License-Identifier: Apache-2.0
package org.randwire.export;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.randwire.op.Add;
import org.randwire.op.AuxiliaryLoss;
import org.randwire.op.AveragePool;
import org.randwire.op.BatchNorm;
import org.randwire.op.Concat;
import org.randwire.op.Convolution;
import org.randwire.op.DropPath;
import org.randwire.op.Dropout;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Input;
import org.randwire.op.Linear;
import org.randwire.op.MaxPool;
import org.randwire.op.Mean;
import org.randwire.op.Op;
import org.randwire.op.OpGraph;
import org.randwire.op.OpNode;
import org.randwire.op.ParameterSpec;
import org.randwire.op.Relu;
import org.randwire.op.Shift;
import org.randwire.op.WeightedSum;
import org.randwire.op.Window;
import org.randwire.op.Zero;
import org.randwire.tensor.NamedTensor;
import org.randwire.tensor.TensorShape;

/**
 * Writes a network as it is evaluated into an ONNX file: {@code images [batch, C, H, W]},
 * normalised as in training, to {@code logits [batch, classes]}, both float32, with any batch.
 * Batch normalisations keep their running statistics, edge weights become constants behind their
 * sigmoid; what only training has (dropout, drop path, a second classifier) is left out.
 *
 * <p>Operators are those of opset 19 (IR version 9), the first with dilated average pools. Format:
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
 */
public final class Onnx {
  private static final int IR_VERSION = 9;
  private static final int OPSET = 19;

  /** Larger files would need their tensors beside them. */
  private static final long MAX_BYTES = Integer.MAX_VALUE;

  private static final int FLOAT = 1;
  private static final int INT64 = 7;
  private static final String IMAGES = "images";
  private static final String LOGITS = "logits";

  private static final Map<Class<? extends Op>, Rule> RULES = rules();

  /** How the nodes of one op are written; the name of its output is given back. */
  private interface Rule {
    String write(Onnx onnx, OpNode node);
  }

  private final OpGraph graph;
  private final Map<String, NamedTensor> weights;
  private final Protobuf proto = new Protobuf();

  /** Names of the outputs of the nodes that are written. */
  private final Map<Integer, String> outputs = new HashMap<>();

  private Onnx(OpGraph graph, Map<String, NamedTensor> weights) {
    this.graph = graph;
    this.weights = weights;
  }

  /**
   * Writes a network; the file appears whole or not at all.
   *
   * @param name of the network
   * @param weights parameters and running statistics by name, as checkpoints and safetensors files
   *     have them
   * @param metadata texts that go with it
   * @throws IllegalArgumentException if an op has no counterpart in ONNX, or a weight is missing or
   *     of another shape, in one line that names it
   * @throws java.io.UncheckedIOException if the file cannot be written
   */
  public static void write(
      Path file,
      String name,
      OpGraph graph,
      Map<String, NamedTensor> weights,
      Map<String, String> metadata) {
    Protobuf model = new Onnx(graph, weights).model(name, metadata);
    if (model.sizeBytes() > MAX_BYTES) {
      throw new IllegalArgumentException(
          "the network takes " + model.sizeBytes() + " bytes, an ONNX file has at most 2 GiB");
    }
    WholeFile.write(file, model::writeTo);
  }

  private Protobuf model(String name, Map<String, String> metadata) {
    boolean[] read = isRead();
    for (OpNode node : graph.nodes()) {
      if (read[node.id()]) {
        Rule rule = RULES.get(node.op().getClass());
        if (rule == null) {
          throw new IllegalArgumentException(
              "op '" + node.name() + "' (" + node.op() + ") has no counterpart in ONNX");
        }
        outputs.put(node.id(), rule.write(this, node));
      }
    }
    add("Flatten", LOGITS, List.of(output(graph.output().id())), attribute("axis", 1));
    proto.text(2, name);
    proto.message(11, valueInfo(IMAGES, sizes(graph.inputShape())));
    proto.message(12, valueInfo(LOGITS, List.of(graph.output().shape().channels())));
    Protobuf model =
        new Protobuf()
            .number(1, IR_VERSION)
            .text(2, "randwire")
            .message(7, proto)
            .message(8, new Protobuf().text(1, "").number(2, OPSET));
    metadata.forEach((key, value) -> model.message(14, new Protobuf().text(1, key).text(2, value)));
    return model;
  }

  /** Which nodes the logits depend on when the network is evaluated. */
  private boolean[] isRead() {
    boolean[] read = new boolean[graph.nodes().size()];
    read[graph.output().id()] = true;
    read[0] = true;
    for (int id = read.length - 1; id > 0; id--) {
      if (read[id]) {
        OpNode node = graph.node(id);
        int inputs = node.op() instanceof AuxiliaryLoss ? 1 : node.inputs().size();
        node.inputs().subList(0, inputs).forEach(input -> read[input] = true);
      }
    }
    return read;
  }

  private static Map<Class<? extends Op>, Rule> rules() {
    Map<Class<? extends Op>, Rule> rules = new HashMap<>();
    rules.put(Input.class, (onnx, node) -> IMAGES);
    rules.put(Add.class, (onnx, node) -> onnx.add(node, "Sum"));
    rules.put(Mean.class, (onnx, node) -> onnx.add(node, "Mean"));
    rules.put(Relu.class, (onnx, node) -> onnx.add(node, "Relu"));
    rules.put(Concat.class, (onnx, node) -> onnx.add(node, "Concat", attribute("axis", 1)));
    rules.put(GlobalAveragePool.class, (onnx, node) -> onnx.add(node, "GlobalAveragePool"));
    rules.put(Dropout.class, Onnx::same);
    rules.put(DropPath.class, Onnx::same);
    rules.put(AuxiliaryLoss.class, Onnx::same);
    rules.put(Convolution.class, Onnx::convolution);
    rules.put(BatchNorm.class, Onnx::batchNorm);
    rules.put(WeightedSum.class, Onnx::weightedSum);
    rules.put(MaxPool.class, Onnx::maxPool);
    rules.put(AveragePool.class, Onnx::averagePool);
    rules.put(Linear.class, Onnx::linear);
    rules.put(Shift.class, Onnx::shift);
    rules.put(Zero.class, Onnx::zero);
    return rules;
  }

  // The ops

  private String same(OpNode node) {
    return output(node.inputs().get(0));
  }

  private String convolution(OpNode node) {
    Convolution op = (Convolution) node.op();
    List<Protobuf> attributes = window(op.window());
    attributes.add(attribute("group", op.groups()));
    return add("Conv", node.name(), inputs(node, weight(node, "weight")), attributes);
  }

  private String batchNorm(OpNode node) {
    return add(
        "BatchNormalization",
        node.name(),
        inputs(
            node,
            weight(node, "weight"),
            weight(node, "bias"),
            weight(node, "running_mean"),
            weight(node, "running_var")),
        attribute("epsilon", ((BatchNorm) node.op()).epsilon()));
  }

  private String weightedSum(OpNode node) {
    float[] raw = tensor(node, "weight").values();
    List<String> terms = new ArrayList<>();
    for (int i = 0; i < raw.length; i++) {
      String edge = node.name() + ".edge" + i;
      constant(edge, List.of(), new float[] {(float) (1 / (1 + Math.exp(-raw[i])))});
      terms.add(
          add("Mul", edge + ".scaled", List.of(output(node.inputs().get(i)), edge), List.of()));
    }
    return add("Sum", node.name(), terms);
  }

  private String maxPool(OpNode node) {
    return add("MaxPool", node.name(), inputs(node), window(((MaxPool) node.op()).window()));
  }

  /** Padding does not count, which is the default of ONNX too. */
  private String averagePool(OpNode node) {
    return add(
        "AveragePool", node.name(), inputs(node), window(((AveragePool) node.op()).window()));
  }

  /** Behind it everything stays in four dimensions, as it is here. */
  private String linear(OpNode node) {
    String flat = add("Flatten", node.name() + ".flat", inputs(node), attribute("axis", 1));
    String matrix =
        add(
            "Gemm",
            node.name() + ".matrix",
            List.of(flat, weight(node, "weight"), weight(node, "bias")),
            attribute("transB", 1));
    String shape = integers(node.name() + ".shape", -1, node.shape().channels(), 1, 1);
    return add("Reshape", node.name(), List.of(matrix, shape));
  }

  /** Takes a row and a column off at the front and puts zeros behind. */
  private String shift(OpNode node) {
    String pads = integers(node.name() + ".pads", 0, 0, -1, -1, 0, 0, 1, 1);
    return add("Pad", node.name(), inputs(node, pads));
  }

  /** Only the batch of its input counts, not the values. */
  private String zero(OpNode node) {
    String batch =
        add(
            "Shape",
            node.name() + ".batch",
            inputs(node),
            attribute("start", 0),
            attribute("end", 1));
    TensorShape shape = node.shape();
    String example =
        integers(node.name() + ".example", shape.channels(), shape.height(), shape.width());
    String whole =
        add("Concat", node.name() + ".shape", List.of(batch, example), attribute("axis", 0));
    return add("ConstantOfShape", node.name(), List.of(whole));
  }

  // Parts of the message; the numbers are the fields of onnx.proto

  private String output(int id) {
    return outputs.get(id);
  }

  private List<String> inputs(OpNode node, String... others) {
    List<String> names = new ArrayList<>();
    node.inputs().forEach(id -> names.add(output(id)));
    names.addAll(List.of(others));
    return names;
  }

  private String add(OpNode node, String type, Protobuf... attributes) {
    return add(type, node.name(), inputs(node), attributes);
  }

  private String add(String type, String name, List<String> inputs, Protobuf... attributes) {
    return add(type, name, inputs, List.of(attributes));
  }

  private String add(String type, String name, List<String> inputs, List<Protobuf> attributes) {
    Protobuf node = new Protobuf();
    inputs.forEach(input -> node.text(1, input));
    node.text(2, name).text(3, name).text(4, type);
    attributes.forEach(attribute -> node.message(5, attribute));
    proto.message(1, node);
    return name;
  }

  private static List<Protobuf> window(Window window) {
    List<Protobuf> attributes = new ArrayList<>();
    attributes.add(attribute("kernel_shape", window.height(), window.width()));
    attributes.add(attribute("strides", window.strideHeight(), window.strideWidth()));
    attributes.add(attribute("dilations", window.dilation(), window.dilation()));
    int rows = window.paddingHeight();
    int columns = window.paddingWidth();
    attributes.add(attribute("pads", rows, columns, rows, columns));
    return attributes;
  }

  private static Protobuf attribute(String name, int value) {
    return new Protobuf().text(1, name).number(3, value).number(20, 2);
  }

  private static Protobuf attribute(String name, double value) {
    return new Protobuf().text(1, name).float32(2, value).number(20, 1);
  }

  private static Protobuf attribute(String name, int... values) {
    Protobuf attribute = new Protobuf().text(1, name);
    for (int value : values) {
      attribute.number(8, value);
    }
    return attribute.number(20, 7);
  }

  private NamedTensor tensor(OpNode node, String part) {
    String name = node.name() + "." + part;
    NamedTensor tensor = weights.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("there is no tensor '" + name + "'");
    }
    List<TensorShape> shapes = graph.inputShapes(node, 1);
    for (ParameterSpec spec : concat(node.op().parameters(shapes), node.op().states(shapes))) {
      if (spec.name().equals(part) && !spec.exportShape().equals(tensor.shape())) {
        throw new IllegalArgumentException(
            "tensor '%s' is %s, the network's is %s"
                .formatted(name, tensor.shape(), spec.exportShape()));
      }
    }
    return tensor;
  }

  private static List<ParameterSpec> concat(List<ParameterSpec> a, List<ParameterSpec> b) {
    List<ParameterSpec> both = new ArrayList<>(a);
    both.addAll(b);
    return both;
  }

  private String weight(OpNode node, String part) {
    NamedTensor tensor = tensor(node, part);
    constant(tensor.name(), tensor.shape(), tensor.values());
    return tensor.name();
  }

  private void constant(String name, List<Integer> shape, float[] values) {
    Protobuf tensor = new Protobuf();
    shape.forEach(size -> tensor.number(1, size));
    proto.message(5, tensor.number(2, FLOAT).text(8, name).floats(9, values));
  }

  private String integers(String name, int... values) {
    Protobuf tensor = new Protobuf().number(1, values.length).number(2, INT64);
    for (int value : values) {
      tensor.number(7, value);
    }
    proto.message(5, tensor.text(8, name));
    return name;
  }

  private static List<Integer> sizes(TensorShape shape) {
    return List.of(shape.channels(), shape.height(), shape.width());
  }

  /** A float tensor of any batch and these sizes. */
  private static Protobuf valueInfo(String name, List<Integer> sizes) {
    Protobuf shape = new Protobuf().message(1, new Protobuf().text(2, "batch"));
    sizes.forEach(size -> shape.message(1, new Protobuf().number(1, size)));
    Protobuf type = new Protobuf().number(1, FLOAT).message(2, shape);
    return new Protobuf().text(1, name).message(2, new Protobuf().message(1, type));
  }
}
