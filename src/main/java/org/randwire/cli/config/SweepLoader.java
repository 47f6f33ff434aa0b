// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.randwire.cli.config.ConfigException.Cause;
import org.randwire.cli.config.ConfigException.Problem;
import org.randwire.cli.config.Place.Layer;
import org.randwire.cli.config.SpaceLoader.Entry;
import org.randwire.cli.config.ValueType.BooleanType;
import org.randwire.cli.config.ValueType.ChoiceType;
import org.randwire.cli.config.ValueType.IntegerType;
import org.randwire.cli.config.ValueType.NumberType;
import org.randwire.cli.config.ValueType.TextType;
import org.randwire.population.MedianStopping;
import org.randwire.population.SweepSettings;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads a sweep, as strictly as a configuration: {@code name, seed, spaces, recipe, workers,
 * budget, stopping, proxy}, then {@code key=value} overrides of all but the spaces.
 */
public final class SweepLoader {

  private static final String SPACES = "spaces";
  private static final String RECIPE = "recipe";
  private static final ValueType TEXT = new TextType();
  private static final ValueType COUNT = new IntegerType(1, 10_000_000);
  private static final ValueType SECONDS = new NumberType(0.1, 1e7, true);
  private static final ValueType LIMIT = new NumberType(0, 1e15, true);

  /** Of a space, besides its value sets. */
  private static final Set<String> SPACE_KEYS =
      Set.of("space", "label", "count", "within", "distinct", "tries");

  /** What a recipe does not say, and why. */
  private static final Map<String, String> NOT_IN_RECIPE =
      Map.of(
          "network", "comes from the spaces",
          "seed", "is the sweep's; every run has one of its own drawn from it",
          "threads", "belongs under workers: 'workers.threads'");

  private static final Map<String, ValueType> KEYS = keys();
  private static final Map<String, Object> DEFAULTS = defaults();

  private static Map<String, ValueType> keys() {
    Map<String, ValueType> keys = new LinkedHashMap<>();
    keys.put("name", TEXT);
    keys.put("seed", new IntegerType(Long.MIN_VALUE, Long.MAX_VALUE));
    keys.put("workers.processes", new IntegerType(0, 1024));
    keys.put("workers.threads", new IntegerType(1, 1024));
    keys.put("workers.pack", new IntegerType(1, 1024));
    keys.put("workers.attempts", new IntegerType(1, 1000));
    keys.put("workers.leaseSeconds", SECONDS);
    keys.put("workers.hangSeconds", SECONDS);
    keys.put("workers.checkpointSeconds", new NumberType(0, 1e7, true));
    keys.put("workers.keep", ChoiceType.of(SweepSettings.Keep.class));
    keys.put("budget.runs", new IntegerType(0, Integer.MAX_VALUE));
    keys.put("budget.hours", LIMIT);
    keys.put("budget.joules", LIMIT);
    keys.put("stopping.rule", new ChoiceType(List.of("none", "median")));
    keys.put("stopping.pilot", new IntegerType(1, 1_000_000));
    keys.put("stopping.afterEpoch", new IntegerType(1, 1_000_000));
    keys.put("proxy.epochs", new IntegerType(0, 10_000_000));
    return keys;
  }

  private static Map<String, Object> defaults() {
    Map<String, Object> defaults = new LinkedHashMap<>();
    defaults.put("seed", 1L);
    defaults.put("workers.processes", 0L);
    defaults.put("workers.threads", 1L);
    defaults.put("workers.pack", 1L);
    defaults.put("workers.attempts", 3L);
    defaults.put("workers.leaseSeconds", 60.0);
    defaults.put("workers.hangSeconds", 900.0);
    defaults.put("workers.checkpointSeconds", 30.0);
    defaults.put("workers.keep", "none");
    defaults.put("budget.runs", 0L);
    defaults.put("budget.hours", 0.0);
    defaults.put("budget.joules", 0.0);
    defaults.put("stopping.rule", "none");
    defaults.put("stopping.pilot", 0L);
    defaults.put("stopping.afterEpoch", 0L);
    defaults.put("proxy.epochs", 0L);
    return defaults;
  }

  private final List<Problem> problems = new ArrayList<>();
  private final Map<String, Object> values = new LinkedHashMap<>(DEFAULTS);
  private final Map<String, Place> places = new LinkedHashMap<>();
  private final List<Assignment> recipeOverrides = new ArrayList<>();
  private final Place file;
  private @Nullable Entry spaces;
  private @Nullable Entry recipe;

  private SweepLoader(Path file) {
    this.file = new Place(Layer.FILE, file.toString(), 0, 0);
  }

  /**
   * Loads a sweep.
   *
   * @param overrides {@code key=value}, such as {@code workers.processes=2} and {@code
   *     recipe.training.epochs=3}
   * @throws ConfigException if anything is refused
   */
  public static SweepConfig load(Path path, List<String> overrides) {
    SweepLoader loader = new SweepLoader(path);
    if (!Files.isRegularFile(path)) {
      throw new ConfigException(
          loader.file,
          Files.isDirectory(path) ? "is a folder without a sweep.yaml" : "no such file");
    }
    loader.read(SpaceLoader.entries(SpaceLoader.parse(path, loader.file, "a sweep"), loader.file));
    loader.readOverrides(overrides);
    return loader.build();
  }

  private void read(Map<String, Entry> entries) {
    entries.forEach(
        (key, entry) -> {
          if (key.equals(SPACES)) {
            spaces = entry;
          } else if (key.equals(RECIPE)) {
            recipe = entry;
          } else if (KEYS.containsKey(key)) {
            offer(key, entry.value(), file);
          } else if (sections().contains(key)) {
            readSection(key, entry);
          } else {
            unknown(entry.key(), key, top());
          }
        });
  }

  private void readSection(String section, Entry entry) {
    if (entry.value().getTag().equals(Tag.NULL)) {
      return;
    }
    for (Map.Entry<String, Entry> each : SpaceLoader.entries(entry.value(), file).entrySet()) {
      String path = section + "." + each.getKey();
      if (KEYS.containsKey(path)) {
        offer(path, each.getValue().value(), file);
      } else {
        unknown(each.getValue().key(), path, inside(section));
      }
    }
  }

  private static Set<String> sections() {
    return KEYS.keySet().stream()
        .filter(key -> key.contains("."))
        .map(key -> key.substring(0, key.indexOf('.')))
        .collect(Collectors.toSet());
  }

  private static Set<String> top() {
    Set<String> top =
        KEYS.keySet().stream()
            .map(key -> key.replaceFirst("\\..*", ""))
            .collect(Collectors.toCollection(java.util.LinkedHashSet::new));
    top.add(SPACES);
    top.add(RECIPE);
    return top;
  }

  private static List<String> inside(String section) {
    return KEYS.keySet().stream().filter(key -> key.startsWith(section + ".")).toList();
  }

  private void unknown(Place place, String key, Collection<String> valid) {
    String hint =
        NearestName.of(key, valid)
            .map(near -> "did you mean '" + near + "'?")
            .orElseGet(() -> "valid: " + String.join(", ", valid));
    problems.add(
        new Problem(
            Cause.UNKNOWN_KEY, place, "unknown key '" + ValueType.clipped(key) + "'; " + hint));
  }

  private void offer(String key, Node node, Place source) {
    try {
      values.put(key, KEYS.get(key).read(node));
      places.put(key, ConfigText.place(node, source));
    } catch (ValueType.Refusal refusal) {
      add(ConfigText.place(refusal.node, source), key + ": " + refusal.getMessage());
    }
  }

  private void add(Place place, String message) {
    problems.add(new Problem(Cause.OTHER, place, message));
  }

  private void readOverrides(List<String> overrides) {
    for (Assignment override : Assignment.read(overrides, problems::add)) {
      String key = override.path();
      if (key.startsWith(RECIPE + ".")) {
        recipeOverrides.add(
            new Assignment(key.substring(RECIPE.length() + 1), override.value(), override.place()));
      } else if (!KEYS.containsKey(key)) {
        List<String> valid = new ArrayList<>(KEYS.keySet());
        valid.add("recipe.KEY");
        unknown(override.place(), key, valid);
      } else {
        try {
          offer(key, override.node(KEYS.get(key) instanceof TextType), override.place());
        } catch (ConfigException e) {
          problems.addAll(e.causes());
        }
      }
    }
  }

  // The result

  private SweepConfig build() {
    Node sections = recipeSections();
    List<SweepConfig.SpaceEntry> entries = spaces();
    MedianStopping stopping = stopping();
    String name = values.containsKey("name") ? (String) values.get("name") : stem();
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,100}")) {
      add(places.getOrDefault("name", file), "name: is a folder's name: letters, digits, . _ -");
    }
    if (!problems.isEmpty()) {
      throw new ConfigException(problems);
    }
    Recipe loaded =
        new Recipe(
            sections,
            recipe == null ? file : recipe.source(),
            recipeOverrides.stream().map(o -> o.path() + "=" + o.value()).toList());
    return new SweepConfig(
        name,
        (Long) values.get("seed"),
        entries,
        loaded,
        workers(),
        new SweepSettings.Budget(
            (Long) values.get("budget.runs"),
            (Double) values.get("budget.hours"),
            (Double) values.get("budget.joules")),
        stopping,
        integer("proxy.epochs"),
        text(name, sections, true),
        text(name, sections, false));
  }

  private String stem() {
    return file.source().replaceFirst(".*/", "").replaceFirst("\\.ya?ml$", "");
  }

  private int integer(String key) {
    return Math.toIntExact((Long) values.get(key));
  }

  private SweepConfig.Workers workers() {
    return new SweepConfig.Workers(
        integer("workers.processes"),
        integer("workers.threads"),
        integer("workers.pack"),
        integer("workers.attempts"),
        (Double) values.get("workers.leaseSeconds"),
        (Double) values.get("workers.hangSeconds"),
        (Double) values.get("workers.checkpointSeconds"),
        SweepSettings.Keep.valueOf(((String) values.get("workers.keep")).toUpperCase(Locale.ROOT)));
  }

  private @Nullable MedianStopping stopping() {
    boolean median = values.get("stopping.rule").equals("median");
    for (String key : List.of("stopping.pilot", "stopping.afterEpoch")) {
      if (median && !places.containsKey(key)) {
        add(places.getOrDefault("stopping.rule", file), key + ": is missing; rule median needs it");
        median = false;
      } else if (!median && places.containsKey(key) && values.get("stopping.rule").equals("none")) {
        add(places.get(key), key + ": only with stopping.rule median");
      }
    }
    return median
        ? new MedianStopping(integer("stopping.pilot"), integer("stopping.afterEpoch"))
        : null;
  }

  /** The recipe, without what is not its to say. */
  private Node recipeSections() {
    if (recipe == null) {
      return new ScalarNode(Tag.NULL, "", ScalarStyle.PLAIN);
    }
    if (recipe.value() instanceof MappingNode mapping) {
      for (Map.Entry<String, Entry> entry : SpaceLoader.entries(mapping, file).entrySet()) {
        String why = NOT_IN_RECIPE.get(entry.getKey());
        if (why != null) {
          add(entry.getValue().key(), RECIPE + "." + entry.getKey() + ": " + why);
        }
      }
    }
    for (Assignment override : recipeOverrides) {
      String why = NOT_IN_RECIPE.get(override.path().replaceFirst("\\..*", ""));
      if (why != null) {
        add(override.place(), RECIPE + "." + override.path() + ": " + why);
      }
    }
    return recipe.value();
  }

  private List<SweepConfig.SpaceEntry> spaces() {
    if (spaces == null || !(spaces.value() instanceof SequenceNode list)) {
      add(
          spaces == null ? file : spaces.place(),
          "spaces: expected a list, such as [{space: resnet, count: 60}]");
      return List.of();
    }
    List<SweepConfig.SpaceEntry> entries = new ArrayList<>();
    Set<String> labels = new HashSet<>();
    for (Node node : list.getValue()) {
      try {
        SweepConfig.SpaceEntry entry = space(node);
        if (!labels.add(entry.label())) {
          add(
              entry.place(),
              "label: '" + entry.label() + "' is given twice; name the spaces apart");
        }
        entries.add(entry);
      } catch (ConfigException e) {
        problems.addAll(e.causes());
      }
    }
    if (list.getValue().isEmpty()) {
      add(spaces.place(), "spaces: at least one is needed, such as {space: resnet, count: 60}");
    }
    return entries;
  }

  private SweepConfig.SpaceEntry space(Node node) {
    Place place = ConfigText.place(node, file);
    Map<String, Entry> entries = SpaceLoader.entries(node, file);
    Map<String, Entry> own = new LinkedHashMap<>();
    for (String key : SPACE_KEYS) {
      Entry entry = entries.remove(key);
      if (entry != null) {
        own.put(key, entry);
      }
    }
    for (String key : List.of("space", "count")) {
      if (!own.containsKey(key)) {
        String near =
            NearestName.of(key, entries.keySet())
                .map(n -> "; did you mean it by '" + n + "'?")
                .orElse("");
        throw new ConfigException(place, key + ": is missing" + near);
      }
    }
    String name = (String) value("space", own, TEXT, "");
    String label =
        (String)
            value("label", own, TEXT, name.replaceFirst(".*/", "").replaceFirst("\\.ya?ml$", ""));
    if (!label.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,60}")) {
      Place at = own.containsKey("label") ? own.get("label").place() : place;
      throw new ConfigException(at, "label: is part of file names: letters, digits, . _ -");
    }
    entries.putIfAbsent(
        "name", new Entry(new ScalarNode(Tag.STR, label, ScalarStyle.DOUBLE_QUOTED), place, file));
    String within = (String) value("within", own, TEXT, "");
    if (!within.isEmpty() && !Presets.NAMES.contains(within)) {
      throw new ConfigException(
          own.get("within").place(),
          "within: no preset is called '"
              + ValueType.clipped(within)
              + "'"
              + NearestName.of(within, Presets.NAMES)
                  .map(n -> "; did you mean '" + n + "'?")
                  .orElse(""));
    }
    LoadedSpace space = SpaceLoader.load(name, own.get("space").place(), entries);
    if (!within.isEmpty() && !space.constraint().ranges().isEmpty()) {
      throw new ConfigException(
          own.get("within").place(), "within: is a constraint of its own; leave out the other");
    }
    return new SweepConfig.SpaceEntry(
        label,
        space,
        (Long) value("count", own, COUNT, 0L),
        within,
        (Boolean) value("distinct", own, new BooleanType(), false),
        Math.toIntExact((Long) value("tries", own, COUNT, 10_000L)),
        place);
  }

  private static Object value(
      String key, Map<String, Entry> entries, ValueType type, Object byDefault) {
    Entry entry = entries.get(key);
    return entry == null ? byDefault : SpaceValues.read(type, entry.value(), key, entry);
  }

  // The merged text

  /**
   * The sweep in YAML.
   *
   * @param resultsOnly without workers and budget, of which no result depends
   */
  private String text(String name, Node sections, boolean resultsOnly) {
    StringBuilder text = new StringBuilder();
    text.append("name: ").append(quoted(name)).append('\n');
    text.append("seed: ").append(values.get("seed")).append('\n');
    text.append("spaces:\n");
    if (spaces != null && spaces.value() instanceof SequenceNode list) {
      list.getValue().forEach(node -> text.append("  - ").append(flow(node)).append('\n'));
    }
    text.append("recipe: ").append(flow(merged(sections))).append('\n');
    for (String section : List.of("workers", "budget", "stopping", "proxy")) {
      boolean isOfResults = section.equals("stopping") || section.equals("proxy");
      Map<String, String> written = new LinkedHashMap<>();
      for (String key : inside(section)) {
        if (places.containsKey(key)) {
          written.put(key.substring(section.length() + 1), ConfigWriter.yaml(values.get(key)));
        }
      }
      if (!written.isEmpty() && (isOfResults || !resultsOnly)) {
        text.append(section).append(": {");
        text.append(
            written.entrySet().stream()
                .map(e -> e.getKey() + ": " + e.getValue())
                .collect(Collectors.joining(", ")));
        text.append("}\n");
      }
    }
    return text.toString();
  }

  private Node merged(Node sections) {
    Node all = sections;
    for (Assignment override : recipeOverrides) {
      ConfigKey key = ConfigSchema.key(override.path());
      Node node = override.node(key != null && key.type() instanceof TextType);
      all = with(all, List.of(override.path().split("\\.")), node);
    }
    return all;
  }

  private static Node with(Node node, List<String> path, Node value) {
    if (path.isEmpty()) {
      return value;
    }
    List<NodeTuple> tuples = new ArrayList<>();
    boolean found = false;
    if (node instanceof MappingNode mapping) {
      for (NodeTuple tuple : mapping.getValue()) {
        boolean is =
            tuple.getKeyNode() instanceof ScalarNode key && key.getValue().equals(path.get(0));
        found |= is;
        tuples.add(
            is
                ? new NodeTuple(
                    tuple.getKeyNode(),
                    with(tuple.getValueNode(), path.subList(1, path.size()), value))
                : tuple);
      }
    }
    if (!found) {
      Node empty = new ScalarNode(Tag.NULL, "", ScalarStyle.PLAIN);
      tuples.add(
          new NodeTuple(
              new ScalarNode(Tag.STR, path.get(0), ScalarStyle.PLAIN),
              with(empty, path.subList(1, path.size()), value)));
    }
    return new MappingNode(Tag.MAP, tuples, org.snakeyaml.engine.v2.common.FlowStyle.FLOW);
  }

  /** A node on one line. */
  private static String flow(Node node) {
    if (node instanceof MappingNode mapping) {
      return mapping.getValue().stream()
          .map(tuple -> flow(tuple.getKeyNode()) + ": " + flow(tuple.getValueNode()))
          .collect(Collectors.joining(", ", "{", "}"));
    }
    if (node instanceof SequenceNode list) {
      return list.getValue().stream()
          .map(SweepLoader::flow)
          .collect(Collectors.joining(", ", "[", "]"));
    }
    ScalarNode scalar = (ScalarNode) node;
    if (scalar.getTag().equals(Tag.NULL)) {
      return "{}";
    }
    return scalar.getTag().equals(Tag.STR) ? quoted(scalar.getValue()) : scalar.getValue();
  }

  private static String quoted(String text) {
    return text.matches("[A-Za-z][A-Za-z0-9_-]*")
            && !text.matches("(?i)true|false|null|yes|no|on|off")
        ? text
        : JsonMapper.shared().writeValueAsString(text);
  }
}
