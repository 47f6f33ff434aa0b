// SPDX-License-Identifier: Apache-2.0
package org.randwire.export;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.util.passthrough.PassthroughNDManager;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.randwire.network.randwire.SmallNetworks;
import org.randwire.op.OpGraph;
import org.randwire.tensor.NamedTensor;
import org.randwire.training.Checkpoint;
import org.randwire.training.CheckpointStore;
import org.randwire.training.Trainer;
import org.randwire.training.Weights;

/** Weights go into a file, are read by us and by DJL, become a checkpoint and come back. */
class SafetensorsRoundTripTest {

  @TempDir Path folder;

  @Test
  void aHundredNetworksComeBackBitForBit() throws Exception {
    Path file = folder.resolve("weights.safetensors");
    CheckpointStore store = CheckpointStore.open(folder.resolve("checkpoints"));
    for (RandomNetworks.Network network : RandomNetworks.first(100)) {
      Map<String, NamedTensor> weights = RandomNetworks.weights(network.graph(), 3);
      Safetensors.write(file, weights.values(), Map.of("network", network.name()));
      Safetensors.Contents contents = Safetensors.read(file);
      Checkpoint start =
          Trainer.start(network.name(), network.graph(), contents.tensors(), false, 1);
      Checkpoint saved = CheckpointStore.read(store.saveBest(start));
      assertSame(network.name(), weights, Weights.of(saved, false));
    }
  }

  @Test
  void anotherReaderReadsTheSame() throws Exception {
    Path file = folder.resolve("weights.safetensors");
    for (RandomNetworks.Network network : RandomNetworks.first(28)) {
      Map<String, NamedTensor> weights = RandomNetworks.weights(network.graph(), 4);
      Safetensors.write(file, weights.values(), Map.of("network", network.name()));
      Map<String, NamedTensor> theirs = new LinkedHashMap<>();
      try (NDManager manager = PassthroughNDManager.INSTANCE.newSubManager();
          InputStream in = Files.newInputStream(file)) {
        for (NDArray array : NDList.decode(manager, in)) {
          List<Integer> shape =
              java.util.Arrays.stream(array.getShape().getShape())
                  .mapToObj(Math::toIntExact)
                  .toList();
          float[] values = array.toFloatArray();
          theirs.put(array.getName(), new NamedTensor(array.getName(), shape, values));
        }
      }
      assertSame(network.name(), weights, theirs);
    }
  }

  @Test
  void whatDoesNotFitIsNamed() {
    OpGraph graph = SmallNetworks.randwire(1, 4);
    Map<String, NamedTensor> weights = RandomNetworks.weights(graph, 1);
    NamedTensor bias = weights.remove("fc.bias");
    assertRefused(graph, weights, "tensor 'fc.bias' [5] is missing");
    weights.put("fc.offset", bias);
    assertRefused(
        graph, weights, "tensor 'fc.bias' [5] is missing, and 'fc.offset' is not the network's");
    weights.put("fc.bias", bias);
    assertRefused(graph, weights, "the network has no tensor 'fc.offset'");
    weights.remove("fc.offset");
    weights.put("fc.bias", new NamedTensor("fc.bias", List.of(1, 5), bias.values()));
    assertRefused(graph, weights, "tensor 'fc.bias' is [1, 5], the network's is [5]");
  }

  private static void assertRefused(
      OpGraph graph, Map<String, NamedTensor> weights, String expected) {
    var refusal =
        assertThrows(
            IllegalArgumentException.class, () -> Trainer.start("x", graph, weights, true, 1));
    assertEquals(expected, refusal.getMessage());
  }

  private static void assertSame(
      String network, Map<String, NamedTensor> expected, Map<String, NamedTensor> actual) {
    assertEquals(expected.keySet(), actual.keySet(), network);
    expected.forEach(
        (name, tensor) -> {
          assertEquals(tensor.shape(), actual.get(name).shape(), network + " " + name);
          assertArrayEquals(tensor.values(), actual.get(name).values(), network + " " + name);
        });
  }
}
