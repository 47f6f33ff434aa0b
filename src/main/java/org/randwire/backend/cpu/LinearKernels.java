// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu;

import java.util.List;
import org.randwire.backend.Kernel;
import org.randwire.backend.KernelCatalog;
import org.randwire.backend.cpu.binding.Core;
import org.randwire.backend.cpu.binding.rw_linear_args;
import org.randwire.backend.cpu.binding.rw_linear_input_gradient_args;
import org.randwire.backend.cpu.binding.rw_linear_parameter_gradient_args;
import org.randwire.op.Instruction;
import org.randwire.op.Linear;
import org.randwire.op.Value;
import org.randwire.tensor.DataType;

/**
 * The native core's linear layers as lines of the catalog. They stream the filter once, in pieces
 * for all workers; oneDNN's primitives would run it on one.
 */
final class LinearKernels {

  /** Examples that meet a part of the filter together, widened in the worker's scratch. */
  private static final long EXAMPLES_AT_ONCE = 8;

  private LinearKernels() {}

  /** Appends the kernels; the native core must be available. */
  static void addTo(KernelCatalog.Builder catalog) {
    catalog.add(
        "native.linear",
        Linear.class,
        i -> fits(i.input(0), i.output(0), i.input(1)),
        LinearKernels::forward);
    catalog.add(
        "native.linear.input-gradient",
        Linear.InputGradient.class,
        i -> fits(i.output(0), i.input(0), i.input(1)),
        LinearKernels::inputGradient);
    catalog.add(
        "native.linear.parameter-gradient",
        Linear.ParameterGradient.class,
        i -> fits(i.input(0), i.input(1), i.output(0)),
        LinearKernels::parameterGradient);
  }

  private static boolean fits(Value x, Value y, Value filter) {
    return NativeKernels.streams(List.of(x))
        && NativeKernels.streams(List.of(y))
        && filter.type() == DataType.FLOAT32
        && filter.elements() == (long) x.storedChannels() * y.storedChannels();
  }

  private static Kernel forward(Instruction i) {
    Value x = i.input(0);
    Value y = i.output(0);
    return new NativeKernel(
        i,
        1,
        0,
        EXAMPLES_AT_ONCE * x.storedChannels() * Float.BYTES,
        o -> {
          var a = o.own(new rw_linear_args());
          a.x(o.address(x)).filter(o.floats(i.input(1))).bias(o.floats(i.input(2)));
          a.y(o.address(y)).worker_scratch(o.workerScratch());
          a.x_type(NativeKernels.type(x)).y_type(NativeKernels.type(y));
          a.examples(x.shape().batch()).inputs(x.storedChannels()).outputs(y.storedChannels());
          int tasks = NativeKernels.ceil(y.storedChannels(), Core.RW_LINEAR_OUTPUTS);
          return List.of(o.call(i.label(), tasks, (t, w) -> Core.rw_linear(a, t, w)));
        });
  }

  private static Kernel inputGradient(Instruction i) {
    Value dx = i.output(0);
    Value dy = i.input(0);
    return new NativeKernel(
        i,
        1,
        0,
        EXAMPLES_AT_ONCE * dy.storedChannels() * Float.BYTES,
        o -> {
          var a = o.own(new rw_linear_input_gradient_args());
          a.dy(o.address(dy)).filter(o.floats(i.input(1))).dx(o.address(dx));
          a.worker_scratch(o.workerScratch());
          a.x_type(NativeKernels.type(dx)).y_type(NativeKernels.type(dy));
          a.examples(dx.shape().batch()).inputs(dx.storedChannels()).outputs(dy.storedChannels());
          int tasks = inputTasks(dx);
          return List.of(
              o.call(i.label(), tasks, (t, w) -> Core.rw_linear_input_gradient(a, t, w)));
        });
  }

  private static Kernel parameterGradient(Instruction i) {
    Value x = i.input(0);
    Value dy = i.input(1);
    return new NativeKernel(
        i,
        1,
        0,
        0,
        o -> {
          var a = o.own(new rw_linear_parameter_gradient_args());
          a.x(o.address(x)).dy(o.address(dy)).dfilter(o.floats(i.output(0)));
          a.dbias(o.floats(i.output(1)));
          a.x_type(NativeKernels.type(x)).y_type(NativeKernels.type(dy));
          a.examples(x.shape().batch()).inputs(x.storedChannels()).outputs(dy.storedChannels());
          int tasks = inputTasks(x) + 1;
          return List.of(
              o.call(i.label(), tasks, (t, w) -> Core.rw_linear_parameter_gradient(a, t, w)));
        });
  }

  private static int inputTasks(Value x) {
    return NativeKernels.ceil(x.storedChannels(), Core.RW_LINEAR_INPUTS);
  }
}
