// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.randwire.report.DamageStudy.Loss;
import org.randwire.report.DamageStudy.Network;
import org.randwire.training.Evaluation;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The removals of one network as JSON lines: first what was damaged and how the whole network does,
 * then a line per removal. A file that was cut short is continued; of what a kill left of a last
 * line nothing is kept.
 */
final class DamageLog {

  /** The file in the folder of a run. */
  static final String FILE = "damage.jsonl";

  private static final String ERROR = "error";
  private static final String LOSS = "loss";
  private static final String EDGE = "edge";

  private final Path file;
  private final List<JsonNode> lines;

  /**
   * What is removed.
   *
   * @param stage from 1
   * @param node the node, or the one an edge leaves, from 0
   * @param target the node an edge enters; -1 for a node
   * @param degree out-degree of a node, in-degree of the target
   */
  record Removal(int stage, int node, int target, int degree) {

    boolean isNode() {
      return target < 0;
    }

    private String key() {
      return stage + "." + node + (isNode() ? "" : "-" + target);
    }
  }

  private DamageLog(Path file, List<JsonNode> lines) {
    this.file = file;
    this.lines = lines;
  }

  /** Whether a path means such a file, not a run. */
  static boolean isLog(Path path) {
    return path.toString().endsWith(".jsonl");
  }

  /**
   * Reads a file.
   *
   * @throws CliException if it holds something else
   */
  static DamageLog read(Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new CliException(ExitStatus.DATA, file + ": no such file or folder");
    }
    String text = Files.readString(file);
    List<JsonNode> lines = new ArrayList<>();
    int number = 0;
    for (String line : text.substring(0, text.lastIndexOf('\n') + 1).lines().toList()) {
      number++;
      JsonNode node = parse(file, number, line);
      boolean header = number == 1;
      if (!node.path(ERROR).isNumber()
          || !(header ? node.path("family").isString() : node.path("removed").isString())) {
        throw new CliException(
            ExitStatus.DATA,
            file
                + ":"
                + number
                + ": expected a line that study damage wrote, found "
                + clipped(line));
      }
      lines.add(node);
    }
    return new DamageLog(file, lines);
  }

  private static JsonNode parse(Path file, int number, String line) {
    try {
      return JsonMapper.shared().readTree(line);
    } catch (JacksonException e) {
      throw new CliException(
          ExitStatus.DATA,
          file + ":" + number + ": expected a JSON object, found " + clipped(line),
          e);
    }
  }

  private static String clipped(String line) {
    return "'" + (line.length() > 60 ? line.substring(0, 60) + ".." : line) + "'";
  }

  /**
   * Opens the file of a run to go on with it, or makes a log without a file yet.
   *
   * @param settings what must be the same for two removals to be comparable
   * @throws CliException if the file holds removals under other settings
   */
  static DamageLog continued(Path file, Map<String, Object> settings) throws IOException {
    DamageLog log = Files.exists(file) ? read(file) : new DamageLog(file, new ArrayList<>());
    if (log.isEmpty()) {
      return log;
    }
    JsonNode header = log.lines.get(0);
    for (Map.Entry<String, Object> one : settings.entrySet()) {
      String there = header.path(one.getKey()).asString("nothing");
      if (!there.equals(String.valueOf(one.getValue()))) {
        throw new CliException(
            ExitStatus.USAGE,
            "%s holds removals with %s %s, asked for %s; ask for the same or move the file away"
                .formatted(file, one.getKey(), there, one.getValue()));
      }
    }
    return log;
  }

  /** Whether there is no whole line. */
  boolean isEmpty() {
    return lines.isEmpty();
  }

  /** Begins the file: settings, what else is known of the network, and how it does whole. */
  void begin(Map<String, Object> settings, Evaluation intact) throws IOException {
    Map<String, Object> header = new LinkedHashMap<>(settings);
    header.put("images", intact.examples());
    header.put(ERROR, intact.top1Error());
    header.put(LOSS, intact.loss());
    append(header);
  }

  /** Adds a removal. */
  void add(Removal removal, Evaluation damaged) throws IOException {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("removed", removal.isNode() ? "node" : EDGE);
    line.put("stage", removal.stage());
    line.put("node", removal.node());
    if (!removal.isNode()) {
      line.put("target", removal.target());
    }
    line.put("degree", removal.degree());
    line.put(ERROR, damaged.top1Error());
    line.put(LOSS, damaged.loss());
    append(line);
  }

  private void append(Map<String, Object> values) throws IOException {
    String line = RunFolder.toJsonLine(values);
    if (lines.isEmpty()) {
      Files.deleteIfExists(file);
    }
    Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    lines.add(JsonMapper.shared().readTree(line));
  }

  /** Takes away what a kill left of a last line, so that the next one stands alone. */
  void repair() throws IOException {
    if (Files.exists(file)) {
      String text = Files.readString(file);
      if (!text.endsWith("\n")) {
        Files.writeString(file, text.substring(0, text.lastIndexOf('\n') + 1));
      }
    }
  }

  /** Those removals that are not in the file. */
  List<Removal> missing(List<Removal> all) {
    Set<String> done = new LinkedHashSet<>();
    for (JsonNode line : removals()) {
      done.add(removal(line).key());
    }
    return all.stream().filter(removal -> !done.contains(removal.key())).toList();
  }

  private List<JsonNode> removals() {
    return lines.subList(Math.min(1, lines.size()), lines.size());
  }

  private static Removal removal(JsonNode line) {
    boolean edge = line.path("removed").asString("").equals(EDGE);
    return new Removal(
        line.path("stage").asInt(),
        line.path("node").asInt(),
        edge ? line.path("target").asInt() : -1,
        line.path("degree").asInt());
  }

  /**
   * What the file says, for the study.
   *
   * @throws CliException if no node or no edge is in it
   */
  Network network(String name) {
    List<Loss> nodes = new ArrayList<>();
    List<Loss> edges = new ArrayList<>();
    for (JsonNode line : removals()) {
      Removal removal = removal(line);
      double lost = line.path(ERROR).asDouble() - lines.get(0).path(ERROR).asDouble();
      (removal.isNode() ? nodes : edges).add(new Loss(removal.stage(), removal.degree(), lost));
    }
    if (nodes.isEmpty() || edges.isEmpty()) {
      throw new CliException(
          ExitStatus.DATA,
          file + " holds no removed node or no removed edge; name its run to go on");
    }
    JsonNode header = lines.get(0);
    return new Network(
        name,
        header.path("family").asString(),
        header.path("images").asInt(),
        header.path(ERROR).asDouble(),
        nodes,
        edges);
  }
}
