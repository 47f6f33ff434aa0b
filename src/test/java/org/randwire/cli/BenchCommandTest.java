// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BenchCommandTest {

  @TempDir Path folder;

  private static CommandRun bench(String device, String... more) {
    String[] arguments = new String[6 + more.length];
    arguments[0] = "bench";
    arguments[1] = "--steps";
    arguments[2] = "3";
    arguments[3] = "--warmup";
    arguments[4] = "1";
    arguments[5] = "--json";
    System.arraycopy(more, 0, arguments, 6, more.length);
    return CommandRun.tiny(device, arguments);
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu"})
  void figuresAgreeWithEachOther(String device) {
    JsonNode result = bench(device).json();
    double step = result.get("msPerStep").doubleValue();
    assertEquals(16_000 / step, result.get("imagesPerSecond").doubleValue(), 1e-6);
    assertTrue(result.get("msPerStepLowerQuartile").doubleValue() <= step);
    assertTrue(result.get("msPerStepUpperQuartile").doubleValue() >= step);
    for (String part : new String[] {"msImages", "msForwardBackward", "msUpdate"}) {
      assertTrue(result.get(part).doubleValue() > 0, part);
    }
    assertEquals(device, result.get("device").stringValue());
    assertEquals(3, result.get("steps").intValue());
    assertEquals(2, result.get("threads").intValue());
    double shares = result.get("waitingShare").doubleValue();
    for (JsonNode kernel : result.get("kernels").values()) {
      shares += kernel.get("share").doubleValue();
    }
    assertEquals(1, shares, 1e-9);
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu"})
  void kernelsAreThoseThatDescribeNames(String device) {
    JsonNode measured = bench(device).json().get("kernels");
    JsonNode planned = CommandRun.tiny(device, "describe", "--json").json().get("kernels");
    assertEquals(new HashSet<>(planned.propertyNames()), new HashSet<>(measured.propertyNames()));
  }

  private JsonNode trace(String device, JsonNode[] kernels) throws Exception {
    Path trace = folder.resolve("trace.json");
    kernels[0] = bench(device, "--trace", trace.toString()).json().get("kernels");
    return JsonMapper.shared().readTree(Files.readString(trace)).get("traceEvents");
  }

  @Test
  void traceNamesItsRows() throws Exception {
    Map<String, String> names = new TreeMap<>();
    for (JsonNode event : trace("reference", new JsonNode[1]).values()) {
      if (event.get("ph").stringValue().equals("M")) {
        String row = event.get("name").stringValue() + " " + event.get("tid").intValue();
        names.put(row, event.get("args").get("name").stringValue());
      }
    }
    assertEquals(
        Map.of(
            "process_name 0",
            "randwire-mnist, batch 16, fp64",
            "thread_name 0",
            "worker 0",
            "thread_name 1",
            "worker 1"),
        names);
  }

  /** What Chrome and Perfetto ask of complete events: ordered, finite, none inside another. */
  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu"})
  void traceHasOneEventForEachCallOfAWorker(String device) throws Exception {
    JsonNode[] kernels = new JsonNode[1];
    Map<Integer, Double> busyUntil = new TreeMap<>();
    Set<String> categories = new HashSet<>();
    double before = 0;
    for (JsonNode event : trace(device, kernels).values()) {
      if (event.get("ph").stringValue().equals("M")) {
        continue;
      }
      assertEquals("X", event.get("ph").stringValue());
      double start = event.get("ts").doubleValue();
      double end = start + event.get("dur").doubleValue();
      int worker = event.get("tid").intValue();
      assertTrue(worker == 0 || worker == 1, event.toString());
      assertTrue(start >= before && end >= start && Double.isFinite(end), event.toString());
      // The end of one event and the start of the next are nanoseconds, written as microseconds.
      assertTrue(start >= busyUntil.getOrDefault(worker, 0.0) - 1e-4, event.toString());
      busyUntil.put(worker, end);
      before = start;
      String kernel = event.get("cat").stringValue();
      assertTrue(event.get("name").stringValue().startsWith(kernel + " "), event.toString());
      categories.add(kernel);
      JsonNode details = event.get("args");
      int tasks = details.get("tasks").intValue();
      assertTrue(tasks >= 1 && tasks <= details.get("tasksOfCall").intValue(), event.toString());
      assertTrue(details.get("bytes").longValue() > 0, event.toString());
      assertFalse(details.get("operation").stringValue().isBlank(), event.toString());
    }
    assertEquals(new HashSet<>(kernels[0].propertyNames()), categories);
  }

  @Test
  void aTraceThatCouldNotBeWrittenIsRefusedAtOnce() {
    Path nowhere = folder.resolve("absent").resolve("trace.json");
    assertEquals(
        "--trace: no such folder: " + folder.resolve("absent"),
        CommandRun.of("bench", "--trace", nowhere.toString(), "device=cuda")
            .refusal(ExitStatus.USAGE));
    assertEquals(
        "--trace: " + folder + " is a folder",
        CommandRun.of("bench", "--trace", folder.toString()).refusal(ExitStatus.USAGE));
  }

  @Test
  void needsNoDataSet() {
    CommandRun run =
        CommandRun.of(
            "bench",
            "--steps",
            "1",
            "--warmup",
            "0",
            "device=reference",
            "network.channels=2",
            "network.graph.nodes=5",
            "data.batch=2",
            "data.path=" + folder.resolve("absent"));
    assertEquals(0, run.status(), run.err());
    assertTrue(run.out().contains("ms per step (median of 1;"), run.out());
    assertTrue(run.out().contains("(workers waiting)"), run.out());
  }

  @ParameterizedTest
  @CsvSource({"--steps,0", "--steps,-1", "--warmup,-1"})
  void countsOutOfRangeAreRefused(String option, String value) {
    String line = CommandRun.of("bench", option, value).refusal(ExitStatus.USAGE);
    assertTrue(line.contains("--steps must be at least 1"), line);
  }

  @Test
  void aCountThatIsNoNumberIsRefused() {
    String line = CommandRun.of("bench", "--steps", "many").refusal(ExitStatus.USAGE);
    assertTrue(line.contains("--steps"), line);
  }

  @Test
  void noFigureIsGivenForStepsThatDiverged() {
    String line = bench("reference", "training.schedule.base=1e300").refusal(ExitStatus.DIVERGED);
    assertTrue(line.startsWith("the loss is no longer finite"), line);
  }
}
