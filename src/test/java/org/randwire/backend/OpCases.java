// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.randwire.backend.OpCase.Fill;
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
import org.randwire.op.Relu;
import org.randwire.op.Shift;
import org.randwire.op.SoftmaxCrossEntropy;
import org.randwire.op.WeightedSum;
import org.randwire.op.Window;
import org.randwire.op.Zero;
import org.randwire.tensor.TensorShape;

/** The cases of every op: odd sizes, channels around the vector width, small batches. */
final class OpCases {
  private static final Window POINT = Window.square(1, 1);
  private static final Window WIDE = new Window(1, 7, 1, 1, 0, 3, 1);
  private static final Window TALL = new Window(7, 1, 1, 1, 3, 0, 1);
  private static final Window UNEVEN = new Window(3, 5, 2, 1, 1, 0, 1);

  private static final List<Window> WINDOWS =
      List.of(
          POINT,
          Window.square(1, 2),
          Window.square(3, 1),
          Window.square(3, 2),
          Window.square(5, 1),
          Window.square(7, 2),
          WIDE,
          TALL,
          UNEVEN,
          Window.dilated(3, 1, 2),
          Window.dilated(5, 2, 2));

  /** Activations of all kinds, small and odd. */
  private static final List<TensorShape> SHAPES =
      List.of(
          new TensorShape(1, 1, 1, 1),
          new TensorShape(3, 3, 7, 13),
          new TensorShape(5, 16, 7, 7),
          new TensorShape(1, 24, 13, 1),
          new TensorShape(3, 78, 7, 5));

  private final List<OpCase> cases = new ArrayList<>();

  private OpCases() {}

  static List<OpCase> all() {
    OpCases cases = new OpCases();
    cases.addConvolutions();
    cases.addPools();
    cases.addSums();
    cases.addPointwise();
    cases.addHeads();
    return List.copyOf(cases.cases);
  }

  private void add(Op op, TensorShape... inputs) {
    cases.add(OpCase.of(op, inputs));
  }

  private void add(Op op, Fill fill, TensorShape... inputs) {
    cases.add(OpCase.of(op, fill, inputs));
  }

  private void addConvolutions() {
    for (Window window : WINDOWS) {
      add(new Convolution(24, window, 1), new TensorShape(3, 16, 7, 13));
      add(Convolution.depthwise(24, window), new TensorShape(3, 24, 13, 7));
    }
    add(Convolution.pointwise(78), new TensorShape(5, 78, 7, 7));
    add(Convolution.pointwise(1), new TensorShape(1, 3, 1, 1));
    add(Convolution.pointwise(156), new TensorShape(1, 78, 7, 1));
    add(Convolution.depthwise(78, Window.square(3, 1)), new TensorShape(5, 78, 7, 7));
    add(Convolution.depthwise(78, Window.square(3, 2)), new TensorShape(1, 78, 13, 13));
    add(Convolution.depthwise(3, Window.square(3, 1)), new TensorShape(1, 3, 1, 1));
    add(new Convolution(32, Window.square(3, 1), 2), new TensorShape(3, 32, 7, 7));
    add(new Convolution(24, Window.square(3, 2), 3), new TensorShape(1, 24, 13, 7));
    add(new Convolution(78, POINT, 13), new TensorShape(3, 78, 7, 7));
    add(new Convolution(32, Window.square(3, 1), 8), new TensorShape(3, 32, 7, 13));
    add(new Convolution(36, Window.square(3, 1), 9), new TensorShape(5, 36, 3, 18));
    add(new Convolution(40, Window.square(3, 1), 5), new TensorShape(2, 40, 5, 33));
    add(new Convolution(32, Window.square(3, 2), 8), new TensorShape(3, 32, 7, 13));
    add(new Convolution(40, Window.square(3, 2), 5), new TensorShape(2, 40, 6, 34));
    // More outputs than inputs in each group.
    add(new Convolution(48, Window.square(3, 1), 16), new TensorShape(1, 16, 7, 7));
    for (Window window : List.of(Window.square(3, 2), Window.square(3, 1), Window.square(7, 2))) {
      cases.add(OpCase.ofImage(new Convolution(16, window, 1), new TensorShape(3, 3, 13, 7)));
      cases.add(OpCase.ofImage(new Convolution(39, window, 1), new TensorShape(1, 1, 7, 13)));
    }
  }

  private void addPools() {
    for (Window window : WINDOWS) {
      add(new MaxPool(window), Fill.DISTINCT, new TensorShape(3, 24, 7, 13));
      add(new AveragePool(window), new TensorShape(3, 24, 7, 13));
    }
    for (TensorShape shape : SHAPES) {
      add(new MaxPool(Window.square(3, 2)), Fill.DISTINCT, shape);
      add(new AveragePool(Window.square(3, 2)), shape);
      add(new GlobalAveragePool(), shape);
    }
  }

  private void addSums() {
    for (TensorShape shape : SHAPES) {
      for (int inputs : new int[] {1, 2, 5}) {
        TensorShape[] shapes = new TensorShape[inputs];
        Arrays.fill(shapes, shape);
        add(new Add(), shapes);
        add(new Mean(), shapes);
        add(new WeightedSum(0), shapes);
      }
      add(new Concat(), shape);
      add(new Concat(), shape, shape.withChannels(13), shape.withChannels(16));
    }
    add(new Concat(), new TensorShape(3, 16, 7, 1), new TensorShape(3, 32, 7, 1));
  }

  private void addPointwise() {
    for (TensorShape shape : SHAPES) {
      add(new Relu(), Fill.AWAY_FROM_ZERO, shape);
      add(new Shift(), shape);
      add(new Dropout(0.3), shape);
      add(new DropPath(0.3), shape);
      add(new Zero(1), shape);
      add(new Zero(2), shape);
      add(BatchNorm.DEFAULT, Fill.OFFSET, shape);
    }
    add(new BatchNorm(0.01, 1), new TensorShape(5, 24, 1, 1));
    add(new BatchNorm(0.01, 0.25), new TensorShape(3, 16, 13, 13));
    add(new Input(new TensorShape(1, 3, 7, 7)));
  }

  private void addHeads() {
    for (int channels : new int[] {1, 3, 16, 78}) {
      for (int batch : new int[] {1, 3, 5}) {
        TensorShape shape = new TensorShape(batch, channels, 1, 1);
        add(new Linear(10), shape);
        add(new SoftmaxCrossEntropy(0), shape);
        add(new SoftmaxCrossEntropy(0.1), shape);
        add(new AuxiliaryLoss(0.4, 0.1), shape, shape);
      }
    }
    add(new Linear(101), new TensorShape(13, 24, 1, 1));
  }
}
