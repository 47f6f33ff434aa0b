// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.randwire.population.Complexity;
import org.randwire.population.Population;
import org.randwire.population.PopulationFiles;
import org.randwire.population.ReadSettings;
import org.randwire.population.RunState;
import org.randwire.population.RunStore;
import org.randwire.population.StoredRun;
import org.randwire.population.SweepFolder;
import org.randwire.population.SweepSettings;
import org.randwire.population.SweepStatus;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Sweeps of real, tiny networks by real worker processes. */
class SweepCommandTest {

  static final String SWEEP =
      """
      name: tiny
      seed: 3
      spaces:
        - {space: randwire, label: ws, count: 4, generator: ["ws(2, 0.75)"], nodes: [4], channels: [4, 6]}
        - {space: resnet, count: 4, depth: [1], width: [4, 8]}
      recipe:
        data: {name: synthetic, batch: 16, evaluationBatch: 16, size: 8, classes: 4, examples: 256}
        precision: fp32
        training: {epochs: 3, schedule: {name: cosine, base: 0.1}, statistics: running, checkpointEverySteps: 5}
      workers: {processes: 2, checkpointSeconds: 0}
      """;

  @TempDir static Path folder;
  private static Path file;
  private static SweepFolder usual;

  @BeforeAll
  static void runTheUsualWay() throws Exception {
    file = Files.writeString(folder.resolve("tiny.yaml"), SWEEP);
    usual = run("usual");
  }

  private static SweepFolder run(String name, String... settings) throws Exception {
    Path path = folder.resolve(name);
    List<String> arguments = new ArrayList<>(List.of("sweep", "run", file.toString()));
    arguments.addAll(List.of(settings));
    arguments.addAll(List.of("--output", path.toString()));
    Launcher.Ended ended = Launcher.start(folder, arguments).await();
    assertEquals(0, ended.status(), ended.err());
    return new SweepFolder(path);
  }

  private static void assertSameTable(SweepFolder other) throws IOException {
    assertEquals(Files.readString(usual.table()), Files.readString(other.table()));
  }

  @Test
  void everyMemberHasItsRecord() throws IOException {
    Map<Integer, StoredRun> runs = new RunStore(usual.store(), 0).runs();
    assertEquals(8, runs.size());
    for (StoredRun run : runs.values()) {
      assertEquals(RunState.DONE, run.state());
      assertEquals(3, run.epochs().size());
      assertEquals(48, run.steps());
      assertEquals(64, run.weightsHash().length());
      assertEquals(run.epochs().get(2).testError(), run.lastError());
      assertTrue(run.seconds() > 0);
      assertEquals("cpu", run.provenance().get("device"));
    }
    assertEquals(8, runs.values().stream().map(StoredRun::seed).distinct().count());
    assertEquals(
        List.of("ws", "resnet"), runs.values().stream().map(r -> r.label()).distinct().toList());
    assertTrue(Files.isRegularFile(usual.report().resolve("index.html")));
    assertTrue(Files.readString(usual.report().resolve("index.html")).contains("ws and resnet"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"workers.processes=1", "workers.pack=3", "workers.threads=2", "workers.keep=last"})
  void howItIsRunChangesNoByteOfTheTable(String setting) throws Exception {
    SweepFolder other = run(setting, setting);
    assertSameTable(other);
    boolean kept = setting.equals("workers.keep=last");
    assertEquals(kept, Files.exists(other.run(other.members().get(0)).resolve("checkpoints")));
  }

  /** Records of some members only, as if these had been trained first. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void inWhatOrderItIsRunChangesNoByteOfTheTable(long seed) throws Exception {
    List<Integer> order = new ArrayList<>(IntStream.range(0, 8).boxed().toList());
    Collections.shuffle(order, new Random(seed));
    Set<Integer> first = Set.copyOf(order.subList(0, 4));
    SweepFolder other = new SweepFolder(folder.resolve("order-" + seed));
    copyWithRecordsOf(first, other);
    Launcher.Ended ended =
        Launcher.start(folder, List.of("sweep", "resume", other.path().toString())).await();
    assertEquals(0, ended.status(), ended.err());
    assertSameTable(other);
    Set<Integer> trained = new TreeSet<>();
    try (Stream<Path> journals = Files.list(other.store())) {
      for (Path journal : journals.toList()) {
        if (!journal.endsWith("first.jsonl")) {
          members(journal).forEach(trained::add);
        }
      }
    }
    assertEquals(Set.copyOf(order.subList(4, 8)), trained, "seed " + seed);
  }

  private static List<Integer> members(Path journal) throws IOException {
    return Files.readAllLines(journal).stream()
        .map(line -> JsonMapper.shared().readTree(line))
        .filter(line -> line.path("kind").asString().equals("run"))
        .map(line -> line.path("member").asInt())
        .toList();
  }

  private static void copyWithRecordsOf(Set<Integer> members, SweepFolder other)
      throws IOException {
    Files.createDirectories(other.store());
    for (Path given :
        List.of(
            usual.population(),
            usual.path().resolve("population.sha256"),
            usual.path().resolve("sweep.yaml"))) {
      Files.copy(given, other.path().resolve(given.getFileName()));
    }
    List<String> kept = new ArrayList<>();
    try (Stream<Path> journals = Files.list(usual.store())) {
      for (Path journal : journals.toList()) {
        for (String line : Files.readAllLines(journal)) {
          JsonNode record = JsonMapper.shared().readTree(line);
          if (record.path("kind").asString().equals("run")
              && members.contains(record.path("member").asInt())) {
            kept.add(line);
          }
        }
      }
    }
    assertEquals(members.size(), kept.size());
    Files.write(other.store().resolve("first.jsonl"), kept);
  }

  @Test
  void aMemberIsTrainedAsTrainTrainsIt() throws Exception {
    Path images = Launcher.smallMnist(folder);
    Path path = folder.resolve("mnist-sweep");
    Path sweep =
        Files.writeString(
            folder.resolve("mnist.yaml"),
            """
            spaces: [{space: resnet, count: 1, depth: [1], width: [4, 8]}]
            recipe:
              data: {name: mnist, batch: 16, path: "%s"}
              training: {epochs: 2, statistics: running}
            """
                .formatted(images));
    Launcher.Ended ended =
        Launcher.start(
                folder, List.of("sweep", "run", sweep.toString(), "--output", path.toString()))
            .await();
    assertEquals(0, ended.status(), ended.err());
    SweepFolder swept = new SweepFolder(path);
    StoredRun run = new RunStore(swept.store(), 0).runs().get(0);
    Path alone = folder.resolve("alone");
    List<String> train =
        List.of(
            "train",
            swept.population() + ":1",
            "--output",
            alone.toString(),
            "threads=2",
            "data.name=mnist",
            "data.batch=16",
            "data.path=" + images,
            "training.epochs=2",
            "training.statistics=running");
    ended = Launcher.start(folder, train).await();
    assertEquals(0, ended.status(), ended.err());
    JsonNode result = JsonMapper.shared().readTree(Files.readString(alone.resolve("result.json")));
    assertEquals(run.weightsHash(), result.get("weightsHash").asString());
    assertEquals(run.lastError(), result.get("lastTestError").asDouble());
  }

  @Test
  void interruptedAndKilledItEndsWithTheSameTable() throws Exception {
    Path path = folder.resolve("killed");
    List<String> command =
        new ArrayList<>(List.of("sweep", "run", file.toString(), "--output", path.toString()));
    for (int kill = 0; kill < 4; kill++) {
      Launcher.Running running = Launcher.start(folder, command);
      awaitProgress(running.process(), path);
      if (kill % 2 == 0) {
        running.process().destroyForcibly();
        running.process().waitFor(30, TimeUnit.SECONDS);
      } else {
        running.process().destroy();
        Launcher.Ended ended = running.await();
        String seen = ended.status() + ": " + ended.err();
        assertTrue(ended.status() == 143 || ended.status() == 0, seen);
        // Workers that outlived the kill before may be the ones whose progress was seen: then this
        // process was stopped before it had begun, and has nothing to say.
        if (ended.status() == 143 && !(ended.out() + ended.err()).isBlank()) {
          assertTrue(ended.err().contains("randwire sweep resume " + path), seen);
        }
      }
      if (SweepFolder.isSweep(path)) {
        command = List.of("sweep", "resume", path.toString());
      }
    }
    Launcher.Ended ended = Launcher.start(folder, command).await();
    assertEquals(0, ended.status(), ended.err());
    assertSameTable(new SweepFolder(path));
  }

  /** Waits until one run more is under way or finished than before. */
  private static void awaitProgress(Process process, Path path) throws Exception {
    long before = size(path.resolve("store"));
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (process.isAlive() && size(path.resolve("store")) <= before) {
      assertTrue(System.nanoTime() < deadline, "no run ends");
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  private static long size(Path store) throws IOException {
    long size = 0;
    if (Files.isDirectory(store)) {
      try (var files = Files.list(store)) {
        for (Path file : files.toList()) {
          size += Files.size(file);
        }
      }
    }
    return size;
  }

  @Test
  void workersAloneDoItToo() throws Exception {
    SweepFolder other = new SweepFolder(folder.resolve("workers"));
    CommandRun drawn =
        CommandRun.of(
            "sweep", "run", file.toString(), "--draw", "--output", other.path().toString());
    assertEquals(0, drawn.status(), drawn.err());
    List<Launcher.Running> workers = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      workers.add(
          Launcher.start(folder, List.of("sweep", "worker", other.path().toString(), "--wait")));
    }
    for (Launcher.Running worker : workers) {
      Launcher.Ended ended = worker.await();
      assertEquals(0, ended.status(), ended.err());
    }
    assertEquals(0, CommandRun.of("sweep", "export", other.path().toString()).status());
    assertSameTable(other);
  }

  @Test
  void medianStoppingIsMarkedAndDoesNotDependOnWorkers() throws Exception {
    String[] rule = {"stopping.rule=median", "stopping.pilot=3", "stopping.afterEpoch=1"};
    SweepFolder one = run("stopping-1", rule[0], rule[1], rule[2], "workers.processes=1");
    SweepFolder two = run("stopping-2", rule[0], rule[1], rule[2], "workers.pack=2");
    assertEquals(Files.readString(one.table()), Files.readString(two.table()));
    Map<Integer, StoredRun> runs = new RunStore(one.store(), 0).runs();
    long stopped = runs.values().stream().filter(run -> run.epochs().size() < 3).count();
    assertTrue(stopped > 0 && stopped < 6, stopped + " stopped");
    for (StoredRun run : runs.values()) {
      String marks = String.join("; ", run.marks());
      assertEquals(run.member() >= 3, marks.contains("stopping: median of the first 3"), marks);
      assertEquals(run.epochs().size() < 3, marks.contains("stopped after epoch"), marks);
    }
    String page = Files.readString(one.report().resolve("index.html"));
    assertTrue(page.contains("not those of the full recipe"), "the report says so");
  }

  @Test
  void compareReadsTheFolderAndSplitsItBySpace() throws IOException {
    CommandRun compared = CommandRun.of("compare", usual.path().toString(), "--json");
    JsonNode result = compared.json();
    assertTrue(compared.out().contains("\"ws\"") && compared.out().contains("\"resnet\""));
    assertFalse(result.isEmpty());
    Population whole = PopulationFiles.read(usual.path(), ReadSettings.AUTOMATIC);
    assertEquals(8, whole.runs().size());
    assertTrue(whole.has(Complexity.FLOPS) && whole.hasLastErrors());
  }

  @Test
  void whatIsExportedForOthersReadsBack() throws IOException {
    Path jobs = folder.resolve("jobs.json");
    CommandRun run =
        CommandRun.of("sweep", "export", usual.path().toString(), "--nds", jobs.toString());
    assertEquals(0, run.status(), run.err());
    Population back = PopulationFiles.read(jobs, ReadSettings.AUTOMATIC);
    Map<Integer, StoredRun> runs = new RunStore(usual.store(), 0).runs();
    assertEquals(runs.size(), back.runs().size());
    for (var record : back.runs()) {
      StoredRun run2 =
          runs.values().stream()
              .filter(r -> r.name().equals(record.name()))
              .findFirst()
              .orElseThrow();
      assertEquals(run2.minError(), record.error(), 1e-12);
      assertEquals(run2.lastError(), record.lastError(), 1e-12);
      assertEquals(Long.toString(run2.params()), record.cells().get("params").orElseThrow());
      assertEquals(run2.label(), record.cells().get("group").orElseThrow());
    }
  }

  @Test
  void statusSaysWhereItStands() {
    JsonNode status = CommandRun.of("sweep", "status", usual.path().toString(), "--json").json();
    assertEquals(8, status.get("runs").asInt());
    assertEquals(8, status.get("done").asInt());
    assertEquals(0, status.get("failed").asInt());
    assertTrue(status.get("running").isEmpty());
  }

  @Test
  void aSweepThatIsThereIsNotBegunAgainNorChanged() {
    CommandRun again =
        CommandRun.of("sweep", "run", file.toString(), "--output", usual.path().toString());
    assertTrue(again.refusal(ExitStatus.USAGE).contains("sweep resume " + usual.path()));
    CommandRun changed =
        CommandRun.of("sweep", "resume", usual.path().toString(), "recipe.training.epochs=4");
    assertTrue(changed.refusal(ExitStatus.USAGE).contains("only workers and budget may change"));
  }

  @Test
  void aChangedPopulationIsRefused() throws Exception {
    SweepFolder other = run("changed", "budget.runs=1");
    Files.writeString(
        other.population(), Files.readString(other.population()).replaceFirst("4", "6"));
    CommandRun resumed = CommandRun.of("sweep", "resume", other.path().toString());
    assertTrue(
        resumed.refusal(ExitStatus.DATA).contains("is not the population this sweep began with"));
  }

  @Test
  void missingDataEndsTheSweepWithOneLine() throws Exception {
    Path path = folder.resolve("nodata");
    Launcher.Ended ended =
        Launcher.start(
                folder,
                List.of(
                    "sweep",
                    "run",
                    file.toString(),
                    "recipe.data.name=cifar10",
                    "recipe.data.path=" + folder.resolve("nowhere"),
                    "--output",
                    path.toString()))
            .await();
    assertEquals(3, ended.status(), ended.err());
    String last = ended.err().lines().reduce((a, b) -> b).orElse("");
    assertTrue(last.contains("nowhere"), ended.err());
  }

  @Test
  void thePageIsServedToThisMachineAlone() throws Exception {
    var members = usual.members();
    try (SweepServer server = SweepServer.start(usual, "tiny", members, 0)) {
      server.show(SweepStatus.read(usual, SweepSettings.Budget.NONE));
      HttpResponse<String> page = get(server.address());
      assertEquals(200, page.statusCode());
      assertTrue(page.body().contains("8/8 done") && page.body().contains("<svg"), page.body());
      JsonNode json = JsonMapper.shared().readTree(get(server.address() + "status.json").body());
      assertEquals(8, json.get("done").asInt());
      assertEquals(404, get(server.address() + "store").statusCode());
      int port = URI.create(server.address()).getPort();
      assertTrue(
          raw(port, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").startsWith("HTTP/1.1 403"));
      assertTrue(
          raw(port, "POST / HTTP/1.1\r\nHost: localhost:" + port + "\r\nContent-Length: 0\r\n\r\n")
              .startsWith("HTTP/1.1 405"));
    }
  }

  private static HttpResponse<String> get(String address) throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create(address)).build(),
            HttpResponse.BodyHandlers.ofString());
  }

  private static String raw(int port, String request) throws IOException {
    try (var socket = new java.net.Socket("127.0.0.1", port)) {
      socket.getOutputStream().write(request.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
      return new java.io.BufferedReader(
              new java.io.InputStreamReader(
                  socket.getInputStream(), java.nio.charset.StandardCharsets.US_ASCII))
          .readLine();
    }
  }
}
