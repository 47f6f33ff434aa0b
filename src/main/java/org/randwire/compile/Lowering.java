// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.randwire.backend.Backend;
import org.randwire.op.Add;
import org.randwire.op.Convolution;
import org.randwire.op.Instruction;
import org.randwire.op.Mode;
import org.randwire.op.OpGraph;
import org.randwire.op.OpNode;
import org.randwire.op.ParameterSpec;
import org.randwire.op.Primitive;
import org.randwire.op.Section;
import org.randwire.op.SoftmaxCrossEntropy;
import org.randwire.op.Tape;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;
import org.randwire.tensor.FilterLayout;
import org.randwire.tensor.MemoryLayout;
import org.randwire.tensor.TensorShape;

/**
 * First pass: writes the forward instructions of every op and, for training, walks back from the
 * loss and writes the gradients. A value with several consumers gets its gradients summed.
 */
final class Lowering {

  /** Stored elements between two parameters are a multiple of this: a cache line of float32. */
  private static final int ALIGNMENT = 16;

  private static final String LOSS = "loss";

  private final OpGraph graph;
  private final int batch;
  private final Mode mode;
  private final MemoryLayout layout;
  private final DataType activationType;
  private final DataType parameterType;

  private final List<Instruction> instructions = new ArrayList<>();
  private final Map<Section, Long> sectionElements = new EnumMap<>(Section.class);
  private final List<Parameter> parameters = new ArrayList<>();
  private final List<Parameter> states = new ArrayList<>();
  private final List<Parameter> controls = new ArrayList<>();
  private final Map<String, Parameter> byName = new HashMap<>();
  private final Map<String, Value> gradients = new HashMap<>();
  private final Map<String, Value> statistics = new LinkedHashMap<>();
  private final List<Value> outputs = new ArrayList<>();
  private final List<List<Value>> contributions = new ArrayList<>();
  private final boolean[] trained;
  private long decayedElements;
  private int values;

  private Lowering(OpGraph graph, int batch, Mode mode, Backend target) {
    this.graph = graph;
    this.batch = batch;
    this.mode = mode;
    this.layout = target.layout();
    this.activationType = target.activationType();
    this.parameterType = target.parameterType();
    this.trained = new boolean[graph.nodes().size()];
  }

  /** Writes {@code graph} out for a batch, with the loss behind its last node. */
  static Program lower(
      OpGraph graph, int batch, Mode mode, SoftmaxCrossEntropy loss, Backend target) {
    return new Lowering(graph, batch, mode, target).lower(loss);
  }

  private Program lower(SoftmaxCrossEntropy loss) {
    declareParameters();
    for (OpNode node : graph.nodes()) {
      TensorShape shape = node.shape().withBatch(batch);
      outputs.add(
          node.id() == 0
              ? value(node.name(), Section.INPUT, shape, inputLayout(), activationType)
              : activation(node.name(), shape));
      contributions.add(new ArrayList<>());
      trained[node.id()] =
          !node.op().parameters(graph.inputShapes(node, batch)).isEmpty()
              || node.inputs().stream().anyMatch(id -> trained[id]);
    }
    TensorShape perExample = new TensorShape(batch, 1, 1, 1);
    Value labels =
        value("labels", Section.LABELS, perExample, MemoryLayout.CHANNELS_FIRST, DataType.INT32);
    Value losses =
        value(LOSS, Section.ARENA, perExample, MemoryLayout.CHANNELS_FIRST, parameterType);
    for (OpNode node : graph.nodes()) {
      node.op().lower(new NodeTape(node, labels));
    }
    OpNode last = graph.output();
    loss.outputShape(List.of(last.shape()));
    OpNode lossNode =
        new OpNode(outputs.size(), LOSS, loss, List.of(last.id()), perExample.withBatch(1));
    outputs.add(losses);
    NodeTape lossTape = new NodeTape(lossNode, labels);
    loss.lower(lossTape);
    if (mode == Mode.TRAINING) {
      loss.differentiate(lossTape);
      differentiate(labels);
    }
    return new Program(
        mode,
        batch,
        instructions,
        parameters,
        states,
        controls,
        List.copyOf(statistics.values()),
        decayedElements,
        sectionElements,
        outputs.get(0),
        labels,
        outputs.get(last.id()),
        losses,
        Map.of());
  }

  /** Images stay unpadded where only dense convolutions read them. */
  private MemoryLayout inputLayout() {
    boolean dense =
        graph.nodes().stream()
            .filter(node -> node.inputs().contains(0))
            .allMatch(node -> node.op() instanceof Convolution c && c.groups() == 1);
    return dense && layout == MemoryLayout.CHANNELS_LAST
        ? MemoryLayout.CHANNELS_LAST_DENSE
        : layout;
  }

  /** Places all parameters, filters before the others, and all states and controls. */
  private void declareParameters() {
    List<Declared> declared = new ArrayList<>();
    for (OpNode node : graph.nodes()) {
      List<TensorShape> shapes = graph.inputShapes(node, batch);
      for (ParameterSpec spec : node.op().parameters(shapes)) {
        declared.add(new Declared(node, spec));
      }
      for (ParameterSpec spec : node.op().states(shapes)) {
        states.add(place(new Declared(node, spec), Section.STATE));
      }
      for (ParameterSpec spec : node.op().controls(shapes)) {
        controls.add(place(new Declared(node, spec), Section.CONTROLS));
      }
    }
    declared.sort(Comparator.comparing(d -> d.spec().kind() != ParameterSpec.Kind.FILTER));
    for (Declared one : declared) {
      Parameter parameter = place(one, Section.PARAMETERS);
      parameters.add(parameter);
      Value value = parameter.value();
      gradients.put(
          parameter.name(),
          new Value(
              values++,
              value.name() + " gradient",
              Section.GRADIENTS,
              value.shape(),
              value.layout(),
              value.type(),
              value.elements(),
              value.offset()));
      if (one.spec().kind() == ParameterSpec.Kind.FILTER) {
        decayedElements = sectionElements.get(Section.PARAMETERS);
      }
    }
  }

  private record Declared(OpNode node, ParameterSpec spec) {}

  private Parameter place(Declared declared, Section section) {
    ParameterSpec spec = declared.spec();
    String name = declared.node().name() + "." + spec.name();
    Optional<FilterLayout> filter =
        spec.kind() == ParameterSpec.Kind.FILTER
            ? Optional.of(filterLayout(declared.node(), spec))
            : Optional.empty();
    // Edge weights and masks are read one by one, never as vectors of channels.
    MemoryLayout own =
        spec.kind() == ParameterSpec.Kind.EDGES ? MemoryLayout.CHANNELS_FIRST : layout;
    long elements = filter.map(FilterLayout::elements).orElseGet(() -> own.elements(spec.shape()));
    Value value = persistent(name, section, spec.shape(), own, elements);
    Parameter parameter = new Parameter(name, spec, value, filter);
    if (byName.put(name, parameter) != null) {
      throw new IllegalArgumentException("two parameters are called '" + name + "'");
    }
    return parameter;
  }

  private FilterLayout filterLayout(OpNode node, ParameterSpec spec) {
    TensorShape shape = spec.shape();
    boolean grouped = node.op() instanceof Convolution c && c.groups() > 1;
    MemoryLayout read = node.inputs().get(0) == 0 ? inputLayout() : layout;
    int inputs = grouped ? shape.channels() : read.storedChannels(shape.channels());
    return new FilterLayout(shape, layout, inputs, layout.storedChannels(shape.batch()));
  }

  private void differentiate(Value labels) {
    for (int id = graph.nodes().size() - 1; id > 0; id--) {
      OpNode node = graph.node(id);
      if (trained[id] && !contributions.get(id).isEmpty()) {
        NodeTape tape = new NodeTape(node, labels);
        tape.gradient = sum(node, contributions.get(id));
        node.op().differentiate(tape);
      }
    }
  }

  private Value sum(OpNode node, List<Value> gradients) {
    if (gradients.size() == 1) {
      return gradients.get(0);
    }
    Value sum = activation(node.name() + " gradient", outputs.get(node.id()).shape());
    instructions.add(new Instruction(node.name(), new Add(), gradients, List.of(sum)));
    return sum;
  }

  private Value activation(String name, TensorShape shape) {
    return value(name, Section.ARENA, shape, layout, activationType);
  }

  private Value value(
      String name, Section section, TensorShape shape, MemoryLayout own, DataType type) {
    long offset = section == Section.ARENA ? -1 : 0;
    long elements = own.elements(shape);
    if (section != Section.ARENA) {
      sectionElements.merge(section, elements, Long::sum);
    }
    return new Value(values++, name, section, shape, own, type, elements, offset);
  }

  private Value persistent(
      String name, Section section, TensorShape shape, MemoryLayout own, long elements) {
    long offset = sectionElements.getOrDefault(section, 0L);
    sectionElements.put(section, roundUp(offset + elements));
    return new Value(values++, name, section, shape, own, parameterType, elements, offset);
  }

  private static long roundUp(long elements) {
    return Math.floorDiv(elements + ALIGNMENT - 1, (long) ALIGNMENT) * ALIGNMENT;
  }

  /** What one node sees while it writes its instructions. */
  private final class NodeTape implements Tape {
    private final OpNode node;
    private final Value labels;
    private final List<Value> inputs;
    private Value gradient;

    NodeTape(OpNode node, Value labels) {
      this.node = node;
      this.labels = labels;
      this.inputs = node.inputs().stream().map(outputs::get).toList();
      this.gradient = outputs.get(node.id());
    }

    @Override
    public Mode mode() {
      return mode;
    }

    @Override
    public List<Value> inputs() {
      return inputs;
    }

    @Override
    public Value output() {
      return outputs.get(node.id());
    }

    @Override
    public Value parameter(String name) {
      return byName.get(node.name() + "." + name).value();
    }

    @Override
    public Value statistic(String name, TensorShape shape) {
      return statistics.computeIfAbsent(
          node.name() + "." + name,
          full -> persistent(full, Section.STATISTICS, shape, layout, layout.elements(shape)));
    }

    @Override
    public Value labels() {
      return labels;
    }

    @Override
    public void emit(Primitive primitive, List<Value> in, List<Value> out) {
      instructions.add(new Instruction(node.name(), primitive, in, out));
    }

    @Override
    public Value gradient() {
      return gradient;
    }

    @Override
    public boolean needsGradient(int input) {
      return trained[node.inputs().get(input)];
    }

    @Override
    public Value newGradient(int index) {
      Value input = inputs.get(index);
      return value(
          node.name() + " gradient to " + input.name(),
          Section.ARENA,
          input.shape(),
          input.layout(),
          activationType);
    }

    @Override
    public void contribute(int index, Value contribution) {
      int producer = node.inputs().get(index);
      if (trained[producer]) {
        contributions.get(producer).add(contribution);
      }
    }

    @Override
    public Value parameterGradient(String name) {
      return gradients.get(node.name() + "." + name);
    }
  }
}
