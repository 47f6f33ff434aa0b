// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.randwire.backend.Backend;
import org.randwire.backend.cpu.CpuBackend;
import org.randwire.backend.cpu.binding.NativeCore;
import org.randwire.backend.reference.ReferenceBackend;
import org.randwire.data.DataSplit;
import org.randwire.data.Dataset;
import org.randwire.data.TestData;
import org.randwire.data.cifar.Cifar10;
import org.randwire.network.NetworkSpec;
import org.randwire.network.resnet.ResNetSpec;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

/** The networks of the design spaces paper, trained for some steps by its recipe on real images. */
class ResNetTrainingTest {

  private static final List<Integer> DEPTHS = List.of(1, 1, 1);

  private enum Family {
    VANILLA {
      @Override
      NetworkSpec spec(TensorShape image, int classes) {
        return ResNetSpec.vanilla("vanilla", image, classes, DEPTHS, List.of(8, 16, 32));
      }
    },
    RESNET {
      @Override
      NetworkSpec spec(TensorShape image, int classes) {
        return ResNetSpec.resnet("resnet", image, classes, DEPTHS, List.of(8, 16, 32));
      }
    },
    RESNEXT {
      @Override
      NetworkSpec spec(TensorShape image, int classes) {
        return ResNetSpec.resnext(
            "resnext",
            image,
            classes,
            DEPTHS,
            List.of(16, 32, 64),
            List.of(1, 2, 2),
            List.of(4, 2, 16));
      }
    };

    abstract NetworkSpec spec(TensorShape image, int classes);
  }

  private static double[] losses(
      Family family, DataSplit data, Backend backend, int batch, int epochs, long steps) {
    TrainingSettings settings =
        new TrainingSettings(
            batch,
            batch,
            epochs,
            steps,
            new LearningRate.Cosine(0.1, 0),
            0.9,
            true,
            5e-4,
            true,
            0,
            0,
            0,
            EdgeDrop.NONE,
            false,
            0,
            0,
            0,
            1,
            true,
            1,
            false);
    double[] losses = new double[(int) steps];
    Dataset train = data.train();
    TensorShape image = TensorShape.example(train.channels(), train.height(), train.width());
    NetworkSpec spec = family.spec(image, train.classes());
    try (Trainer trainer =
        new Trainer(spec.name(), spec.build(), backend, data, Cifar10.AUGMENTATION, settings, 3)) {
      trainer.train(
          new TrainingListener() {
            @Override
            public void stepDone(Step step) {
              losses[(int) step.step() - 1] = step.loss();
            }
          });
    }
    return losses;
  }

  @ParameterizedTest
  @EnumSource(Family.class)
  void learns(Family family) {
    DataSplit cifar =
        Cifar10.load(
            List.of(TestData.require("cifar10/mini_train_2000.bin.gz")),
            List.of(TestData.require("cifar10/mini_test_1000.bin.gz")));
    for (DataType type : types()) {
      try (Backend backend = new CpuBackend(type, 2)) {
        double[] losses = losses(family, cifar, backend, 50, 2, 80);
        double first = Arrays.stream(losses, 0, 10).average().orElseThrow();
        double last = Arrays.stream(losses, 70, 80).average().orElseThrow();
        assertTrue(last < 0.9 * first, type + ": " + Arrays.toString(losses));
      }
    }
  }

  private static List<DataType> types() {
    boolean bfloat16 = NativeCore.available() && CpuBackend.supportsBfloat16();
    return bfloat16 ? List.of(DataType.FLOAT32, DataType.BFLOAT16) : List.of(DataType.FLOAT32);
  }

  @ParameterizedTest
  @EnumSource(Family.class)
  void agreesWithTheDoubleReferenceOverThreeSteps(Family family) {
    double[] expected;
    try (Backend reference = new ReferenceBackend(DataType.FLOAT64, 2)) {
      expected = losses(family, SmallRuns.data(), reference, 16, 1, 3);
    }
    try (Backend backend = new CpuBackend(DataType.FLOAT32, 2)) {
      double[] got = losses(family, SmallRuns.data(), backend, 16, 1, 3);
      for (int step = 0; step < 3; step++) {
        assertEquals(expected[step], got[step], 1e-4 * expected[step], "step " + step);
      }
    }
  }
}
