// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The finished runs of a sweep as a table, as a population to compare, and in others' format. */
public final class SweepTable {

  private static final List<String> COLUMNS =
      List.of(
          "member",
          "name",
          "label",
          "index",
          "seed",
          "state",
          "cause",
          "error",
          "last_error",
          "params",
          "flops",
          "activations",
          "epochs",
          "steps",
          "weights_hash",
          "marks");

  /** Columns that say which run it was, not what network: no properties to compare by. */
  private static final List<String> BOOKKEEPING =
      List.of(
          "member",
          "space",
          "index",
          "seed",
          "tries",
          "duplicateOf",
          "input",
          "classes",
          "multiplyAdds",
          "config.seed",
          "steps",
          "weights_hash",
          "cause");

  private SweepTable() {}

  /**
   * Writes {@code table.csv}: a row per member that has its record, in the order of the population,
   * and only columns that are functions of the sweep. It has the same bytes whatever happened while
   * the sweep was run.
   */
  public static void write(SweepFolder folder) throws IOException {
    StringBuilder text = new StringBuilder(String.join(",", COLUMNS)).append('\n');
    for (StoredRun run : new RunStore(folder.store(), 0).runs().values()) {
      text.append(String.join(",", row(run).values().stream().map(SweepTable::cell).toList()))
          .append('\n');
    }
    SweepFolder.replace(folder.table(), text.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static Map<String, String> row(StoredRun run) {
    Map<String, String> row = new LinkedHashMap<>();
    row.put("member", Integer.toString(run.member()));
    row.put("name", run.name());
    row.put("label", run.label());
    row.put("index", Long.toString(run.index()));
    row.put("seed", Long.toString(run.seed()));
    row.put("state", run.state().name());
    row.put("cause", run.causeKind() == null ? "" : run.causeKind());
    row.put("error", number(run.minError()));
    row.put("last_error", number(run.lastError()));
    row.put("params", Long.toString(run.params()));
    row.put("flops", Long.toString(run.multiplyAdds()));
    row.put("activations", Long.toString(run.activations()));
    row.put("epochs", Integer.toString(run.epochs().size()));
    row.put("steps", Long.toString(run.steps()));
    row.put("weights_hash", run.weightsHash());
    row.put("marks", String.join("; ", run.marks()));
    return row;
  }

  private static String number(double value) {
    return Double.isNaN(value) ? "" : Double.toString(value);
  }

  private static String cell(String value) {
    return value.matches("[^,\"\r\n]*") ? value : '"' + value.replace("\"", "\"\"") + '"';
  }

  /**
   * The runs as a table whose rows are lines of {@code population.jsonl}, with what was drawn in
   * front.
   */
  static Table read(SweepFolder folder) throws IOException {
    Table.Objects objects = new Table.Objects();
    Map<Integer, StoredRun> runs = new RunStore(folder.store(), 0).runs();
    int number = 0;
    for (String line : Files.readAllLines(folder.population())) {
      StoredRun run = runs.get(number);
      number++;
      if (run != null) {
        Map<String, String> cells = JsonFormat.flat(folder.population() + ":" + number, line);
        cells.putAll(row(run));
        cells.keySet().removeAll(BOOKKEEPING);
        objects.add(number, cells);
      }
    }
    return objects.table(folder.population().toString(), false);
  }

  /**
   * The runs in the JSON of the design spaces paper's released data: a list of jobs, or of several
   * spaces an object of lists; errors in percent, series over epochs. A failed run has no {@code
   * min_test_top1} and, which the paper's files do not have, its {@code state}.
   */
  public static String nds(SweepFolder folder) throws IOException {
    List<String> lines = Files.readAllLines(folder.population());
    Map<String, ArrayNode> lists = new LinkedHashMap<>();
    for (StoredRun run : new RunStore(folder.store(), 0).runs().values()) {
      JsonNode member = JsonMapper.shared().readTree(lines.get(run.member()));
      lists
          .computeIfAbsent(run.label(), label -> JsonMapper.shared().createArrayNode())
          .add(job(run, member));
    }
    if (lists.size() == 1) {
      return JsonMapper.shared().writeValueAsString(lists.values().iterator().next());
    }
    ObjectNode all = JsonMapper.shared().createObjectNode();
    lists.forEach(all::set);
    return JsonMapper.shared().writeValueAsString(all);
  }

  private static ObjectNode job(StoredRun run, JsonNode member) {
    ObjectNode job = JsonMapper.shared().createObjectNode();
    job.put("job_id", run.name());
    job.put("rng_seed", run.seed());
    job.put("params", run.params());
    job.put("flops", run.multiplyAdds());
    job.put("state", run.state().name());
    if (Double.isFinite(run.minError())) {
      job.put("min_test_top1", percent(run.minError()));
    } else {
      job.putNull("min_test_top1");
    }
    List<Double> test = new ArrayList<>();
    List<Double> train = new ArrayList<>();
    List<Double> loss = new ArrayList<>();
    for (EpochRecord epoch : run.epochs()) {
      test.add(percent(epoch.testError()));
      train.add(percent(epoch.trainError()));
      loss.add(epoch.trainLoss());
    }
    job.set("test_ep_top1", series(test));
    job.set("train_ep_top1", series(train));
    job.set("train_ep_loss", series(loss));
    job.set("net", member.path("config").path("network"));
    if (!run.marks().isEmpty()) {
      job.put("marks", String.join("; ", run.marks()));
    }
    return job;
  }

  private static ArrayNode series(List<Double> values) {
    ArrayNode series = JsonMapper.shared().createArrayNode();
    values.forEach(value -> series.add(JournalLine.finite(value)));
    return series;
  }

  /** Rounded where the binary fraction of an error such as 0.1 would show its last bits. */
  private static double percent(double error) {
    return Double.isFinite(error) ? Math.rint(error * 100 * 1e10) / 1e10 : error;
  }
}
