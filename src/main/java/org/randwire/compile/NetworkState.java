// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.randwire.backend.Backend;
import org.randwire.backend.Buffer;
import org.randwire.backend.Slice;
import org.randwire.op.Section;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;

/**
 * What outlives a step: parameters, gradients, momentum, moving average, running statistics, each
 * in one flat buffer. Values come and go by name in the logical order of their shape, whatever the
 * device's layout and padding.
 */
public final class NetworkState implements AutoCloseable {

  private final Map<String, Parameter> parameters = new LinkedHashMap<>();
  private final Map<String, Parameter> states = new LinkedHashMap<>();
  private final Map<Section, Buffer> buffers = new EnumMap<>(Section.class);
  private final DataType type;

  /** What values pass through; as large as the largest one so far, since Java frees such late. */
  private ByteBuffer staging = ByteBuffer.allocateDirect(0);

  NetworkState(Program program, Session.Options options, Backend backend) {
    program.parameters().forEach(p -> parameters.put(p.name(), p));
    program.states().forEach(p -> states.put(p.name(), p));
    type = backend.parameterType();
    try {
      sizes(program, options, type)
          .forEach((section, bytes) -> buffers.put(section, backend.allocate(bytes)));
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
    setConstants(Section.PARAMETERS, parameters);
    setConstants(Section.STATE, states);
  }

  /** Scales are 1, running variances 1, aggregation weights at their start value. */
  private void setConstants(Section section, Map<String, Parameter> all) {
    for (Parameter parameter : all.values()) {
      double[] values = new double[Math.toIntExact(parameter.spec().elements())];
      Arrays.fill(values, parameter.spec().mean());
      set(section, parameter.name(), values);
    }
  }

  /** Bytes of each buffer that {@code program} needs. */
  static Map<Section, Long> sizes(Program program, Session.Options options, DataType type) {
    Map<Section, Long> sizes = new EnumMap<>(Section.class);
    long parameters = elements(program, Section.PARAMETERS) * type.sizeBytes();
    for (Section section : List.of(Section.PARAMETERS, Section.GRADIENTS, Section.MOMENTUM)) {
      sizes.put(section, parameters);
    }
    if (options.averages()) {
      sizes.put(Section.AVERAGE, parameters);
    }
    if (options.accumulate() > 1) {
      sizes.put(Section.MEAN_GRADIENTS, parameters);
    }
    for (Section section : List.of(Section.STATE, Section.STATISTICS)) {
      sizes.put(section, elements(program, section) * type.sizeBytes());
    }
    return sizes;
  }

  private static long elements(Program program, Section section) {
    return Math.max(1, program.sectionElements().getOrDefault(section, 0L));
  }

  /** Names and shapes of the trained parameters, in the order of the flat buffer. */
  public List<Parameter> parameters() {
    return List.copyOf(parameters.values());
  }

  /** Names and shapes of the running statistics. */
  public List<Parameter> states() {
    return List.copyOf(states.values());
  }

  /** Whether a moving average of the parameters is kept. */
  public boolean averages() {
    return buffers.containsKey(Section.AVERAGE);
  }

  /**
   * The values of a parameter or state, row-major in its shape.
   *
   * @param section which copy of a parameter: the parameters themselves, their gradients, momentum
   *     or average; {@link Section#STATE} for running statistics
   */
  public double[] get(Section section, String name) {
    Parameter parameter = find(section, name);
    Value value = parameter.value();
    ByteBuffer bytes = staging(value);
    buffer(section).read(value.offset() * type.sizeBytes(), bytes.duplicate());
    double[] result = new double[Math.toIntExact(parameter.spec().elements())];
    for (int i = 0; i < result.length; i++) {
      int at = Math.toIntExact(parameter.position(i));
      result[i] = type == DataType.FLOAT64 ? bytes.getDouble(8 * at) : bytes.getFloat(4 * at);
    }
    return result;
  }

  /** Sets a parameter or state; padding becomes zero. */
  public void set(Section section, String name, double[] values) {
    Parameter parameter = find(section, name);
    if (values.length != parameter.spec().elements()) {
      throw new IllegalArgumentException(
          "'"
              + name
              + "' has "
              + parameter.spec().elements()
              + " values "
              + parameter.exportShape()
              + ", got "
              + values.length);
    }
    ByteBuffer bytes = staging(parameter.value());
    while (bytes.hasRemaining()) {
      bytes.put((byte) 0);
    }
    bytes.flip();
    for (int i = 0; i < values.length; i++) {
      int at = Math.toIntExact(parameter.position(i));
      if (type == DataType.FLOAT64) {
        bytes.putDouble(8 * at, values[i]);
      } else {
        bytes.putFloat(4 * at, (float) values[i]);
      }
    }
    buffer(section).write(parameter.value().offset() * type.sizeBytes(), bytes);
  }

  Slice slice(Section section, Value value) {
    return new Slice(buffer(section), value.offset() * value.type().sizeBytes(), value.sizeBytes());
  }

  boolean has(Section section) {
    return buffers.containsKey(section);
  }

  Buffer buffer(Section section) {
    Buffer buffer = buffers.get(section);
    if (buffer == null) {
      throw new IllegalArgumentException("no " + section + " is kept");
    }
    return buffer;
  }

  private Parameter find(Section section, String name) {
    Parameter parameter = (section == Section.STATE ? states : parameters).get(name);
    if (parameter == null) {
      throw new IllegalArgumentException("no parameter is called '" + name + "'");
    }
    return parameter;
  }

  /** Room for a value, with anything in it. */
  private ByteBuffer staging(Value value) {
    int size = Math.toIntExact(value.sizeBytes());
    if (size > staging.capacity()) {
      staging = ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
    }
    return staging.clear().limit(size);
  }

  @Override
  public void close() {
    buffers.values().forEach(Buffer::close);
    buffers.clear();
  }
}
