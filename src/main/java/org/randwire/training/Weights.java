// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.randwire.compile.NetworkState;
import org.randwire.compile.Parameter;
import org.randwire.op.OpGraph;
import org.randwire.op.OpNode;
import org.randwire.op.ParameterSpec;
import org.randwire.op.Section;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;
import org.randwire.tensor.NamedTensor;
import org.randwire.tensor.TensorShape;

/**
 * The trained values of a network: drawn from the seed, set and read by name, saved to checkpoints
 * and taken back from them. Values are logical, without the device's padding.
 */
public final class Weights {

  private final NetworkState state;

  Weights(NetworkState state) {
    this.state = state;
  }

  /** Each parameter from a stream of its own, in the order of its logical elements. */
  void draw(RandomStreams streams) {
    List<Parameter> parameters = state.parameters();
    for (int i = 0; i < parameters.size(); i++) {
      Parameter parameter = parameters.get(i);
      double deviation = parameter.spec().standardDeviation();
      if (deviation > 0) {
        PhiloxStream random = streams.stream(Purpose.WEIGHTS, i, 0);
        double[] values = new double[Math.toIntExact(parameter.spec().elements())];
        for (int j = 0; j < values.length; j++) {
          values[j] = parameter.spec().mean() + deviation * random.nextGaussian();
        }
        state.set(Section.PARAMETERS, parameter.name(), values);
      }
    }
    startAverage();
  }

  private void startAverage() {
    if (state.averages()) {
      for (Parameter parameter : state.parameters()) {
        state.set(
            Section.AVERAGE, parameter.name(), state.get(Section.PARAMETERS, parameter.name()));
      }
    }
  }

  /**
   * Sets parameters and running statistics by name; those not named keep their values.
   *
   * @throws IllegalArgumentException naming a tensor that the network does not have or that has
   *     another shape
   */
  public void set(Map<String, NamedTensor> tensors) {
    Map<String, Parameter> byName = new LinkedHashMap<>();
    state.parameters().forEach(p -> byName.put(p.name(), p));
    state.states().forEach(p -> byName.put(p.name(), p));
    for (NamedTensor tensor : tensors.values()) {
      Parameter parameter = byName.get(tensor.name());
      if (parameter == null) {
        throw new IllegalArgumentException(
            "the network has no tensor '"
                + tensor.name()
                + "'; it begins with '"
                + byName.keySet().iterator().next()
                + "'");
      }
      if (!parameter.exportShape().equals(tensor.shape())) {
        throw new IllegalArgumentException(
            "tensor '"
                + tensor.name()
                + "' is "
                + tensor.shape()
                + ", the network's is "
                + parameter.exportShape());
      }
    }
    for (NamedTensor tensor : tensors.values()) {
      double[] values = new double[tensor.values().length];
      for (int i = 0; i < values.length; i++) {
        values[i] = tensor.values()[i];
      }
      state.set(sectionOf(byName.get(tensor.name())), tensor.name(), values);
    }
    startAverage();
  }

  private static Section sectionOf(Parameter parameter) {
    return parameter.value().section();
  }

  /** All parameters and running statistics by name, in the order of the network's buffers. */
  public Map<String, NamedTensor> tensors() {
    Map<String, NamedTensor> tensors = new LinkedHashMap<>();
    for (List<Parameter> group : List.of(state.parameters(), state.states())) {
      for (Parameter parameter : group) {
        double[] values = state.get(sectionOf(parameter), parameter.name());
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
          floats[i] = (float) values[i];
        }
        tensors.put(
            parameter.name(), new NamedTensor(parameter.name(), parameter.exportShape(), floats));
      }
    }
    return tensors;
  }

  /**
   * The weights of a checkpoint, as {@link #tensors} gives them once it is restored; no network is
   * needed.
   *
   * @param averaged the moving average of the parameters in place of the parameters
   * @throws CheckpointException if it holds no parameters, or no average where one is wanted
   */
  public static Map<String, NamedTensor> of(Checkpoint checkpoint, boolean averaged) {
    Map<String, NamedTensor> tensors = new LinkedHashMap<>();
    Section parameters = averaged ? Section.AVERAGE : Section.PARAMETERS;
    for (Section section : List.of(parameters, Section.STATE)) {
      String prefix = key(section, "");
      checkpoint
          .sections()
          .forEach(
              (key, values) -> {
                if (key.startsWith(prefix)) {
                  String name = key.substring(prefix.length());
                  tensors.put(name, new NamedTensor(name, values.shape(), floats(values.loaded())));
                }
              });
      if (tensors.isEmpty()) {
        throw new CheckpointException(
            "checkpoint", averaged ? "has no averaged weights" : "has no weights");
      }
    }
    return tensors;
  }

  /** What {@link #save} gives of a network with these weights, whose momentum is zero. */
  static Map<String, Checkpoint.Section> start(
      OpGraph graph, Map<String, NamedTensor> weights, boolean averages) {
    Map<String, ParameterSpec> parameters = new LinkedHashMap<>();
    Map<String, ParameterSpec> states = new LinkedHashMap<>();
    for (OpNode node : graph.nodes()) {
      List<TensorShape> shapes = graph.inputShapes(node, 1);
      node.op().parameters(shapes).forEach(s -> parameters.put(node.name() + "." + s.name(), s));
      node.op().states(shapes).forEach(s -> states.put(node.name() + "." + s.name(), s));
    }
    Map<String, ParameterSpec> all = new LinkedHashMap<>(parameters);
    all.putAll(states);
    requireSame(all, weights);
    Map<String, Checkpoint.Section> sections = new LinkedHashMap<>();
    for (String name : parameters.keySet()) {
      NamedTensor tensor = weights.get(name);
      put(sections, Section.PARAMETERS, tensor, tensor.values());
      put(sections, Section.MOMENTUM, tensor, new float[tensor.values().length]);
      if (averages) {
        put(sections, Section.AVERAGE, tensor, tensor.values());
      }
    }
    for (String name : states.keySet()) {
      put(sections, Section.STATE, weights.get(name), weights.get(name).values());
    }
    return sections;
  }

  private static void requireSame(
      Map<String, ParameterSpec> expected, Map<String, NamedTensor> weights) {
    Optional<String> unknown =
        weights.keySet().stream().filter(name -> !expected.containsKey(name)).findFirst();
    for (Map.Entry<String, ParameterSpec> one : expected.entrySet()) {
      NamedTensor tensor = weights.get(one.getKey());
      List<Integer> shape = one.getValue().exportShape();
      if (tensor == null) {
        throw new IllegalArgumentException(
            "tensor '"
                + one.getKey()
                + "' "
                + shape
                + " is missing"
                + unknown.map(name -> ", and '" + name + "' is not the network's").orElse(""));
      }
      if (!tensor.shape().equals(shape)) {
        throw new IllegalArgumentException(
            "tensor '" + one.getKey() + "' is " + tensor.shape() + ", the network's is " + shape);
      }
    }
    if (unknown.isPresent()) {
      throw new IllegalArgumentException("the network has no tensor '" + unknown.get() + "'");
    }
  }

  private static void put(
      Map<String, Checkpoint.Section> sections,
      Section section,
      NamedTensor tensor,
      float[] values) {
    sections.put(key(section, tensor.name()), new Checkpoint.Floats(tensor.shape(), values));
  }

  private static float[] floats(Checkpoint.Section section) {
    if (section instanceof Checkpoint.Floats floats) {
      return floats.values();
    }
    double[] values = ((Checkpoint.Doubles) section).values();
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  /** SHA-256 over the float64 values of all parameters and running statistics in order. */
  public String hash() {
    MessageDigest digest = Trainer.sha256();
    for (List<Parameter> group : List.of(state.parameters(), state.states())) {
      for (Parameter parameter : group) {
        double[] values = state.get(sectionOf(parameter), parameter.name());
        ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asDoubleBuffer().put(values);
        digest.update(bytes);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /**
   * Adds everything a run needs to go on: parameters, momentum, average, running statistics. They
   * are read when the section is.
   */
  void save(Map<String, Checkpoint.Section> sections) {
    put(sections, Section.PARAMETERS, state.parameters());
    put(sections, Section.MOMENTUM, state.parameters());
    if (state.averages()) {
      put(sections, Section.AVERAGE, state.parameters());
    }
    put(sections, Section.STATE, state.states());
  }

  private void put(
      Map<String, Checkpoint.Section> sections, Section section, List<Parameter> parameters) {
    for (Parameter parameter : parameters) {
      sections.put(
          key(section, parameter.name()),
          new Checkpoint.Deferred(parameter.exportShape(), () -> exact(section, parameter)));
    }
  }

  private Checkpoint.Section exact(Section section, Parameter parameter) {
    List<Integer> shape = parameter.exportShape();
    double[] values = state.get(section, parameter.name());
    if (parameter.value().type().sizeBytes() == Double.BYTES) {
      return new Checkpoint.Doubles(shape, values);
    }
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return new Checkpoint.Floats(shape, floats);
  }

  private static String key(Section section, String parameter) {
    return section.name().toLowerCase(Locale.ROOT) + "/" + parameter;
  }

  /** Takes back what {@link #save} added. */
  void restore(Checkpoint checkpoint) {
    get(checkpoint, Section.PARAMETERS, state.parameters());
    get(checkpoint, Section.MOMENTUM, state.parameters());
    if (state.averages()) {
      get(checkpoint, Section.AVERAGE, state.parameters());
    }
    get(checkpoint, Section.STATE, state.states());
  }

  private void get(Checkpoint checkpoint, Section section, List<Parameter> parameters) {
    for (Parameter parameter : parameters) {
      String key = key(section, parameter.name());
      double[] values;
      Checkpoint.Section saved = checkpoint.sections().get(key);
      if (saved != null && saved.loaded() instanceof Checkpoint.Doubles doubles) {
        values = doubles.values();
      } else {
        float[] floats = checkpoint.floats(key);
        values = new double[floats.length];
        for (int i = 0; i < values.length; i++) {
          values[i] = floats[i];
        }
      }
      state.set(section, parameter.name(), values);
    }
  }
}
