// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;

/** Starts the program as a user does: in a process of its own. */
final class Launcher {

  /** The MNIST files that come with the program. */
  static final Path MNIST = Path.of("src", "main", "data", "mnist").toAbsolutePath();

  /** A network of two stages of four nodes, 120 steps in three epochs, a checkpoint every seven. */
  static final List<String> TINY =
      List.of(
          "network.channels=4",
          "network.graph.nodes=4",
          "network.graph.k=2",
          "threads=2",
          "data.batch=16",
          "training.epochs=3",
          "training.evaluateEvery=0",
          "training.checkpointEverySteps=7",
          "training.ema=0.9",
          "network.dropout=0.2",
          "network.edgeDrop.probability=0.3");

  private static final int LONGEST_SECONDS = 300;

  private Launcher() {}

  /** A process, and the files its output goes to. */
  record Running(Process process, Path out, Path err) {

    Ended await() throws IOException, InterruptedException {
      try {
        assertTrue(process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS), "the process hangs");
      } finally {
        process.destroyForcibly();
      }
      return new Ended(process.exitValue(), Files.readString(out), Files.readString(err));
    }
  }

  /** How a process ended and what it wrote. */
  record Ended(int status, String out, String err) {}

  static Running start(Path folder, List<String> arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
    if (Runtime.version().feature() >= 24) {
      command.add(1, "--enable-native-access=ALL-UNNAMED"); // the jar says it in its manifest
    }
    command.addAll(arguments);
    Path out = Files.createTempFile(folder, "process", ".out");
    Path err = Files.createTempFile(folder, "process", ".err");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    return new Running(process, out, err);
  }

  /**
   * The first 640 training and 100 test examples of {@link #MNIST}, as files of the same format.
   */
  static Path smallMnist(Path folder) throws IOException {
    Path small = Files.createDirectories(folder.resolve("mnist"));
    for (String half : List.of("train", "t10k")) {
      int examples = half.equals("train") ? 640 : 100;
      cut(small, half + "-images-idx3-ubyte", examples, 16, 28 * 28);
      cut(small, half + "-labels-idx1-ubyte", examples, 8, 1);
    }
    return small;
  }

  private static void cut(Path small, String name, int examples, int header, int size)
      throws IOException {
    try (var in = new GZIPInputStream(Files.newInputStream(MNIST.resolve(name + ".gz")))) {
      byte[] bytes = in.readNBytes(header + examples * size);
      ByteBuffer.wrap(bytes).putInt(4, examples);
      Files.write(small.resolve(name), bytes);
    }
  }

  /** The settings in front, those of {@link #TINY} where they are not named. */
  static List<String> train(Path run, Path data, String... settings) {
    List<String> arguments = new ArrayList<>(List.of("train", "--output", run.toString()));
    arguments.add("data.path=" + data);
    List<String> given = List.of(settings);
    TINY.stream()
        .filter(tiny -> given.stream().noneMatch(s -> key(s).equals(key(tiny))))
        .forEach(arguments::add);
    arguments.addAll(given);
    return arguments;
  }

  private static String key(String setting) {
    return setting.substring(0, Math.max(0, setting.indexOf('=')));
  }

  static List<String> resume(Path run) {
    return List.of("train", "--resume", run.toString());
  }
}
