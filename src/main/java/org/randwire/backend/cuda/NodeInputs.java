// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.randwire.op.Convolution;
import org.randwire.op.Value;
import org.randwire.op.Window;
import org.randwire.tensor.TensorShape;

/** How a node reads its inputs; where norms are empty an input is taken as it is. */
record NodeInputs(
    List<Value> x,
    List<List<Value>> norms,
    double epsilon,
    Value weight,
    Value mask,
    Value filter) {

  /** Inputs of a node at most: their factors lie in shared memory. */
  static final int MOST = 64;

  /** From the end of an instruction's operands. */
  static NodeInputs of(List<Value> operands, List<Boolean> raw, double epsilon) {
    int count = raw.size();
    List<List<Value>> norms = new ArrayList<>();
    int next = count;
    for (boolean isRaw : raw) {
      norms.add(isRaw ? operands.subList(next, next + 4) : List.of());
      next += isRaw ? 4 : 0;
    }
    return new NodeInputs(
        operands.subList(0, count),
        norms,
        epsilon,
        operands.get(next),
        operands.get(next + 1),
        operands.get(next + 2));
  }

  /** Inputs that are taken as they are. */
  static NodeInputs plain(List<Value> operands, int count) {
    return of(operands, Collections.nCopies(count, false), 1);
  }

  boolean fits(Convolution depthwise) {
    Window window = depthwise.window();
    Value first = x.get(0);
    return depthwise.groups() == first.shape().channels()
        && depthwise.groups() == depthwise.outputChannels()
        && (window.equals(Window.square(3, 1)) || window.equals(Window.square(3, 2)))
        && count() <= MOST
        && filter.elements() == 9L * first.storedChannels()
        && x.stream().allMatch(Geometry::padded);
  }

  int count() {
    return x.size();
  }

  TensorShape shape() {
    return x.get(0).shape();
  }

  int channels() {
    return x.get(0).storedChannels();
  }

  int slices() {
    return channels() / Geometry.SLICE;
  }

  /** The fields of {@code NodeInputs}. */
  void write(CudaOperands o, Arguments a) {
    List<Long> norm = new ArrayList<>();
    for (List<Value> own : norms) {
      for (int part = 0; part < 4; part++) {
        norm.add(own.isEmpty() ? CudaOperands.NOTHING : o.address(own.get(part)));
      }
    }
    a.addresses(o.addresses(x)).addresses(norm).address(o.address(weight)).address(o.address(mask));
    a.real(epsilon).integer(count());
  }

  /** Floats of the factors in shared memory. */
  long readerFloats() {
    return Geometry.roundUp(count(), 4) + (2L * count() + 1) * Geometry.SLICE;
  }
}
