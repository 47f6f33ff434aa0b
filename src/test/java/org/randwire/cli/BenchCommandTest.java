// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
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

  @Test
  void traceHasARowForEachWorker() throws Exception {
    Path trace = folder.resolve("trace.json");
    JsonNode kernels = bench("reference", "--trace", trace.toString()).json().get("kernels");

    JsonNode events = JsonMapper.shared().readTree(Files.readString(trace)).get("traceEvents");
    Set<String> named = new HashSet<>();
    int rows = 0;
    for (JsonNode event : events.values()) {
      int worker = event.get("tid").intValue();
      assertTrue(worker == 0 || worker == 1, event.toString());
      if (event.get("ph").stringValue().equals("M")) {
        assertEquals("worker " + worker, event.get("args").get("name").stringValue());
        rows++;
      } else {
        assertEquals("X", event.get("ph").stringValue());
        assertTrue(event.get("ts").doubleValue() >= 0, event.toString());
        assertTrue(event.get("dur").doubleValue() >= 0, event.toString());
        assertFalse(event.get("args").get("instruction").stringValue().isBlank());
        named.add(event.get("name").stringValue());
      }
    }
    assertEquals(2, rows);
    assertEquals(new HashSet<>(kernels.propertyNames()), named);
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
