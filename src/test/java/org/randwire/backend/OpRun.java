// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.randwire.op.AuxiliaryLoss;
import org.randwire.op.Instruction;
import org.randwire.op.Mode;
import org.randwire.op.ParameterSpec;
import org.randwire.op.Primitive;
import org.randwire.op.Section;
import org.randwire.op.SoftmaxCrossEntropy;
import org.randwire.op.Tape;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

/** An op case written out for a backend: its values and the instructions of both directions. */
final class OpRun implements AutoCloseable {
  private final OpCase opCase;
  private final Mode mode;
  private final PrimitiveRunner runner;
  private final List<Value> inputs = new ArrayList<>();
  private final Map<String, Value> values = new LinkedHashMap<>();
  private final Map<String, Value> statistics = new LinkedHashMap<>();
  private final Map<String, Value> parameterGradients = new LinkedHashMap<>();
  private final Map<Integer, List<Value>> contributions = new HashMap<>();
  private final Value output;
  private final Value gradient;
  private final List<Instruction> forward = new ArrayList<>();
  private final List<Instruction> backward = new ArrayList<>();

  OpRun(OpCase opCase, Mode mode, Backend backend, Schedule schedule) {
    this.opCase = opCase;
    this.mode = mode;
    this.runner = new PrimitiveRunner(backend, schedule);
    for (int i = 0; i < opCase.inputs().size(); i++) {
      String name = OpCase.inputName(i);
      TensorShape shape = opCase.inputs().get(i);
      inputs.add(opCase.readsImage() ? runner.image(name, shape) : runner.activation(name, shape));
      values.put(name, inputs.get(i));
    }
    addAll(opCase.op().parameters(opCase.inputs()), Section.PARAMETERS);
    addAll(opCase.op().states(opCase.inputs()), Section.STATE);
    addAll(opCase.op().controls(opCase.inputs()), Section.CONTROLS);
    TensorShape shape = opCase.outputShape();
    if (opCase.op() instanceof SoftmaxCrossEntropy) {
      int batch = shape.batch();
      values.put("labels", runner.examples("labels", Section.LABELS, batch, DataType.INT32));
      output = runner.examples("y", Section.ARENA, batch, backend.parameterType());
    } else {
      output = runner.activation("y", shape);
    }
    if (opCase.op() instanceof AuxiliaryLoss) {
      int batch = shape.batch();
      values.put("labels", runner.examples("labels", Section.LABELS, batch, DataType.INT32));
    }
    gradient = runner.activation("gradient", shape);
    values.put("gradient", gradient);
    opCase.op().lower(new OpTape(forward));
    if (mode == Mode.TRAINING) {
      opCase.op().differentiate(new OpTape(backward));
    }
  }

  private void addAll(List<ParameterSpec> specs, Section section) {
    for (ParameterSpec spec : specs) {
      values.put(spec.name(), value(spec.name(), spec, section));
    }
  }

  private Value value(String name, ParameterSpec spec, Section section) {
    return switch (spec.kind()) {
      case FILTER -> runner.filter(name, section, spec.shape(), inputs.get(0));
      case CHANNELS -> runner.channels(name, section, spec.shape().channels());
      case EDGES -> runner.flat(name, section, spec.shape().channels());
      case ACTIVATION -> runner.mask(name, spec.shape());
    };
  }

  List<Instruction> forward() {
    return forward;
  }

  List<Instruction> backward() {
    return backward;
  }

  List<Instruction> instructions() {
    List<Instruction> all = new ArrayList<>(forward);
    all.addAll(backward);
    return all;
  }

  /** Writes every array whose name is one of this run's values. */
  OpRun set(Map<String, double[]> data) {
    values.forEach((name, value) -> runner.set(value, data.get(name)));
    return this;
  }

  void set(String name, double[] logical) {
    runner.set(values.get(name), logical);
  }

  OpRun runForward() {
    forward.forEach(runner::run);
    return this;
  }

  OpRun runBackward() {
    backward.forEach(runner::run);
    return this;
  }

  double[] output() {
    return runner.get(output);
  }

  /** The output, the statistics of the batch and the running ones. */
  Map<String, double[]> results() {
    Map<String, double[]> results = new LinkedHashMap<>();
    if (!forward.isEmpty()) {
      results.put("output", output());
    }
    statistics.forEach((name, value) -> results.put(name, runner.get(value)));
    for (ParameterSpec spec : opCase.op().states(opCase.inputs())) {
      results.put(spec.name(), runner.get(values.get(spec.name())));
    }
    return results;
  }

  /** Gradients by the names of what they belong to, contributions to one input summed up. */
  Map<String, double[]> gradients() {
    Map<String, double[]> gradients = new LinkedHashMap<>();
    for (int i = 0; i < inputs.size(); i++) {
      List<Value> terms = contributions.getOrDefault(i, List.of());
      if (!terms.isEmpty()) {
        double[] sum = new double[Math.toIntExact(inputs.get(i).shape().elements())];
        for (Value term : terms) {
          double[] read = runner.get(term);
          for (int j = 0; j < sum.length; j++) {
            sum[j] += read[j];
          }
        }
        gradients.put(OpCase.inputName(i), sum);
      }
    }
    parameterGradients.forEach((name, value) -> gradients.put(name, runner.get(value)));
    return gradients;
  }

  @Override
  public void close() {
    runner.close();
  }

  /** Writes the instructions of one direction. */
  private final class OpTape implements Tape {
    private final List<Instruction> instructions;

    OpTape(List<Instruction> instructions) {
      this.instructions = instructions;
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
      return output;
    }

    @Override
    public Value parameter(String name) {
      return values.get(name);
    }

    @Override
    public Value statistic(String name, TensorShape shape) {
      return statistics.computeIfAbsent(
          name, key -> runner.channels(key, Section.STATISTICS, shape.channels()));
    }

    @Override
    public Value labels() {
      return values.get("labels");
    }

    @Override
    public void emit(Primitive primitive, List<Value> operands, List<Value> outputs) {
      instructions.add(new Instruction("case", primitive, operands, outputs));
    }

    @Override
    public Value gradient() {
      return gradient;
    }

    @Override
    public boolean needsGradient(int input) {
      return !opCase.readsImage();
    }

    @Override
    public Value newGradient(int index) {
      return runner.activation("d" + OpCase.inputName(index), inputs.get(index).shape());
    }

    @Override
    public void contribute(int index, Value contribution) {
      contributions.computeIfAbsent(index, key -> new ArrayList<>()).add(contribution);
    }

    @Override
    public Value parameterGradient(String name) {
      for (ParameterSpec spec : opCase.op().parameters(opCase.inputs())) {
        if (spec.name().equals(name)) {
          return parameterGradients.computeIfAbsent(
              name, key -> value("d" + key, spec, Section.GRADIENTS));
        }
      }
      throw new AssertionError(opCase.op() + " has no parameter " + name);
    }
  }
}
