// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.randwire.cli.config.ConfigException.Cause;
import org.randwire.cli.config.ConfigException.Problem;
import org.randwire.cli.config.ConfigRules.Violation;
import org.randwire.cli.config.Place.Layer;
import org.randwire.cli.config.ValueType.Refusal;
import org.randwire.cli.config.ValueType.TextType;
import org.randwire.space.Spaces;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * Merges a configuration from, in rising order of precedence, built-in defaults, the preset that
 * {@code network.name} picks, a YAML file, and {@code key=value} overrides.
 *
 * <p>Reading is strict: an unknown, repeated, mistyped or out-of-range value is refused, never
 * dropped or converted. All problems are found in one pass, and each is reported with its place.
 */
public final class ConfigLoader {

  private static final long LARGEST_FILE_BYTES = 1 << 20;

  /** A line of a file of sampled networks, {@code FILE:LINE}, unless there is a file so called. */
  private static final Pattern SAMPLE = Pattern.compile("(.+):([1-9][0-9]{0,8})");

  private final ConfigValues values = new ConfigValues();
  private final List<Problem> problems = new ArrayList<>();
  private final Set<String> refused = new HashSet<>();

  private ConfigLoader() {}

  /**
   * Loads from the arguments of a command, {@code [CONFIG] [key=value..]}: a first argument without
   * {@code =} is the file, or {@code FILE:LINE}, a network that {@code sample} drew.
   *
   * @throws ConfigException if anything is refused
   */
  public static LoadedConfig load(List<String> arguments) {
    boolean startsWithFile = !arguments.isEmpty() && !arguments.get(0).contains("=");
    return startsWithFile
        ? load(Path.of(arguments.get(0)), arguments.subList(1, arguments.size()))
        : load(null, arguments);
  }

  /**
   * Loads from a file, if given, and {@code key=value} overrides. A value is written as in the
   * file, lists as {@code [1, 2]}; what follows {@code =} of a text key is taken as it stands. A
   * whole section may be given as {@code network.graph={generator: er, p: 0.2}}.
   *
   * @throws ConfigException if anything is refused
   */
  public static LoadedConfig load(@Nullable Path file, List<String> overrides) {
    ConfigLoader loader = new ConfigLoader();
    if (file != null) {
      Matcher sample = SAMPLE.matcher(file.toString());
      if (sample.matches() && !Files.exists(file)) {
        loader.readSample(Path.of(sample.group(1)), Integer.parseInt(sample.group(2)));
      } else {
        loader.readFile(file);
      }
    }
    loader.readOverrides(overrides);
    return loader.merge();
  }

  /**
   * Loads the network of one line of a file that {@code sample} wrote.
   *
   * @param line from 1
   * @throws ConfigException if anything is refused
   */
  public static LoadedConfig loadSample(Path file, int line) {
    ConfigLoader loader = new ConfigLoader();
    loader.readSample(file, line);
    return loader.merge();
  }

  /**
   * Loads a network with a recipe that came from elsewhere.
   *
   * @param network reads what stands under {@code config} of a sampled network
   * @param recipe the sections of the recipe
   * @throws ConfigException if anything is refused
   */
  static LoadedConfig loadWithRecipe(
      Consumer<ConfigLoader> network, Node recipe, Place source, List<String> overrides) {
    ConfigLoader loader = new ConfigLoader();
    network.accept(loader);
    loader.readSection(recipe, "", source);
    loader.readOverrides(overrides);
    return loader.merge();
  }

  private LoadedConfig merge() {
    String preset = values.text("network.name");
    read(Presets.read(preset), Presets.place(preset));
    RunConfig config = values.toConfig();
    // with the preset itself in doubt, what its values contradict says nothing
    if (!refused.contains("network.name")) {
      refuseForeignKeys(config.network());
      ConfigRules.violations(config).forEach(this::addViolation);
    }
    if (!problems.isEmpty()) {
      throw new ConfigException(problems);
    }
    return new LoadedConfig(config, values.places());
  }

  /** A value that the network has no use for would be ignored, and is refused instead. */
  private void refuseForeignKeys(RunConfig.Network network) {
    for (ConfigKey key : ConfigSchema.KEYS) {
      Place place = values.place(key.path());
      if (place.layer() != Layer.DEFAULT && !key.families().contains(network.family())) {
        String owners =
            key.families().stream().map(ValueType.ChoiceType::name).collect(joining(", "));
        add(place, key.path() + ": only for " + owners + "; network.name is " + network.name());
      }
    }
  }

  /** Blames the value that was set last among those that contradict each other. */
  private void addViolation(Violation violation) {
    if (violation.keys().stream().noneMatch(refused::contains)) {
      Place place = values.place(violation.keys().get(0));
      for (String key : violation.keys()) {
        Place other = values.place(key);
        place = other.layer().compareTo(place.layer()) > 0 ? other : place;
      }
      add(place, violation.message());
    }
  }

  private void readFile(Path file) {
    Place source = new Place(Layer.FILE, file.toString(), 0, 0);
    try {
      if (!Files.isRegularFile(file)) {
        add(source, noSuchFile(file));
      } else if (Files.size(file) > LARGEST_FILE_BYTES) {
        add(source, "larger than 1 MiB; is this a configuration?");
      } else {
        read(Files.readAllBytes(file), source);
      }
    } catch (IOException e) {
      add(source, "cannot be read: " + e.getMessage());
    }
  }

  /** What stands under {@code config} in a line that {@code sample} wrote. */
  void readSample(Path file, int number) {
    Place source = new Place(Layer.FILE, file.toString(), 0, 0);
    try {
      String line = Files.isRegularFile(file) ? line(file, number) : null;
      if (line == null) {
        boolean there = Files.isRegularFile(file);
        add(source, there ? "has no line " + number : noSuchFile(file));
        return;
      }
      // The lines before it, empty, so that places name the line of the file.
      Node node = ConfigText.parse("\n".repeat(number - 1) + line, source);
      if (node instanceof MappingNode mapping) {
        for (NodeTuple entry : mapping.getValue()) {
          if (entry.getKeyNode() instanceof ScalarNode key && key.getValue().equals("config")) {
            readSection(entry.getValueNode(), "", source);
            return;
          }
        }
      }
      add(source.at(number, 1), "no sampled network: the line has no 'config'");
    } catch (ConfigException e) {
      problems.addAll(e.causes());
    } catch (UncheckedIOException | IOException e) {
      add(source, "cannot be read: " + e.getMessage());
    }
  }

  private static @Nullable String line(Path file, int number) throws IOException {
    try (Stream<String> lines = Files.lines(file)) {
      return lines.skip(number - 1L).findFirst().orElse(null);
    }
  }

  private static String noSuchFile(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      return "is a folder; expected a YAML file";
    }
    String name = file.toString();
    if (Presets.NAMES.contains(name)) {
      return "no such file; for the preset write network.name=" + name;
    }
    if (Spaces.names().contains(name.toLowerCase(Locale.ROOT))) {
      return "no such file; it is a design space: sample " + name + " draws networks from it";
    }
    return "no such file" + nearestFile(file);
  }

  private static String nearestFile(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    Path name = file.getFileName();
    if (folder == null || name == null || !Files.isDirectory(folder)) {
      return "";
    }
    try (Stream<Path> entries = Files.list(folder)) {
      List<String> names =
          entries
              .filter(Files::isRegularFile)
              .map(entry -> entry.getFileName().toString())
              .filter(entry -> entry.endsWith(".yaml") || entry.endsWith(".yml"))
              .sorted(Comparator.naturalOrder())
              .toList();
      return NearestName.of(name.toString(), names)
          .map(near -> "; did you mean '" + file.resolveSibling(near) + "'?")
          .orElse("");
    }
  }

  private void read(byte[] bytes, Place source) {
    try {
      readSection(ConfigText.parse(ConfigText.decode(bytes, source), source), "", source);
    } catch (ConfigException e) {
      problems.addAll(e.causes());
    }
  }

  private void readOverrides(List<String> overrides) {
    Assignment.read(overrides, problems::add).forEach(this::readOverride);
  }

  private void readOverride(Assignment override) {
    String path = override.path();
    Place place = override.place();
    ConfigKey key = ConfigSchema.key(path);
    if (key == null && !ConfigSchema.isSection(path) || path.isEmpty()) {
      add(Cause.UNKNOWN_KEY, place, UnknownKey.message(deepestSection(path), path));
      return;
    }
    try {
      Node value = override.node(key != null && key.type() instanceof TextType);
      if (key != null) {
        readValue(key, value, place);
      } else {
        readSection(value, path, place);
      }
    } catch (ConfigException e) {
      refused.add(path);
      problems.addAll(e.causes());
    }
  }

  private static String deepestSection(String path) {
    String section = path;
    while (!ConfigSchema.isSection(section)) {
      section = section.substring(0, Math.max(0, section.lastIndexOf('.')));
    }
    return section;
  }

  void readSection(Node node, String section, Place source) {
    if (node.getTag().equals(Tag.NULL)) {
      return; // a section whose entries are all commented out
    }
    Place place = ConfigText.place(node, source);
    if (!(node instanceof MappingNode mapping)) {
      String name = section.isEmpty() ? "" : section + ": ";
      String first = ConfigSchema.children(section).iterator().next();
      String example = first.substring(first.lastIndexOf('.') + 1);
      add(place, name + "expected keys such as '" + example + ":', found " + ValueType.found(node));
      return;
    }
    Map<String, Place> seen = new HashMap<>();
    for (NodeTuple entry : mapping.getValue()) {
      readEntry(entry, section, source, seen);
    }
  }

  private void readEntry(NodeTuple entry, String section, Place source, Map<String, Place> seen) {
    Node keyNode = entry.getKeyNode();
    Place place = ConfigText.place(keyNode, source);
    if (!(keyNode instanceof ScalarNode scalar)) {
      add(Cause.UNKNOWN_KEY, place, "expected a key, found " + ValueType.found(keyNode));
      return;
    }
    String name = scalar.getValue();
    String path = section.isEmpty() ? name : section + "." + name;
    Place earlier = seen.putIfAbsent(name, place);
    if (earlier != null) {
      add(place, "duplicate key '" + ValueType.clipped(path) + "', first given at " + earlier);
    } else if (name.contains(".") && ConfigSchema.key(path) != null) {
      add(Cause.UNKNOWN_KEY, place, "unknown key '" + path + "'; write it as " + nested(name));
    } else if (!name.isEmpty() && ConfigSchema.isSection(path)) {
      readSection(entry.getValueNode(), path, source);
    } else {
      readKnown(path, entry.getValueNode(), place, section, source);
    }
  }

  private void readKnown(String path, Node value, Place keyPlace, String section, Place source) {
    ConfigKey key = ConfigSchema.key(path);
    if (key == null) {
      add(Cause.UNKNOWN_KEY, keyPlace, UnknownKey.message(section, path));
    } else {
      readValue(key, value, source);
    }
  }

  /** {@code a.b.c} as {@code a: {b: {c: ..}}}. */
  private static String nested(String dotted) {
    String[] parts = dotted.split("\\.");
    return String.join(": {", parts) + ": .." + "}".repeat(parts.length - 1);
  }

  private void readValue(ConfigKey key, Node node, Place source) {
    try {
      values.offer(key.path(), key.type().read(node), ConfigText.place(node, source));
    } catch (Refusal refusal) {
      refused.add(key.path());
      add(ConfigText.place(refusal.node, source), key.path() + ": " + refusal.getMessage());
    }
  }

  private void add(Place place, String message) {
    add(Cause.OTHER, place, message);
  }

  private void add(Cause cause, Place place, String message) {
    problems.add(new Problem(cause, place, message));
  }
}
