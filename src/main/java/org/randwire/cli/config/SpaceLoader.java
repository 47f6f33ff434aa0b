// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.randwire.cli.config.Place.Layer;
import org.randwire.space.DesignSpace;
import org.randwire.space.Spaces;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/**
 * Reads a design space: one by name, or a YAML file whose {@code base} names the space that it
 * changes, then {@code key=value} overrides. A value set is a list, {@code {from: 16, to: 256,
 * count: 5}} (log-spaced), or {@code {from: 8, to: 64, step: 8}}.
 */
public final class SpaceLoader {

  private static final String BASE = "base";
  private static final String NAME = "name";
  private static final long LARGEST_FILE_BYTES = 1 << 20;

  private SpaceLoader() {}

  /** A value as it was written, with its source for the places inside it. */
  record Entry(Node value, Place key, Place source) {
    Place place() {
      return ConfigText.place(value, source);
    }
  }

  /** Whether an argument means a space: a known name, or a file with a {@code base}. */
  public static boolean isSpace(String argument) {
    Path file = Path.of(argument);
    if (find(argument).isPresent() || !Files.isRegularFile(file)) {
      return find(argument).isPresent();
    }
    try {
      return Files.size(file) <= LARGEST_FILE_BYTES && read(file).containsKey(BASE);
    } catch (ConfigException | IOException e) {
      return false; // Whoever reads it as a configuration says what is wrong.
    }
  }

  private static Optional<DesignSpace> find(String name) {
    return Spaces.find(name.toLowerCase(Locale.ROOT));
  }

  /**
   * Loads from the arguments of a command, {@code SPACE [key=value..]}.
   *
   * @throws ConfigException if anything is refused
   */
  public static LoadedSpace load(String space, List<String> overrides) {
    Map<String, Entry> changes = new LinkedHashMap<>();
    readOverrides(overrides, changes);
    return load(space, new Place(Layer.COMMAND_LINE, "command line", 0, 0), changes);
  }

  /**
   * Loads a space with changes to its keys, {@code name} among them.
   *
   * @param asked where the space was asked for
   */
  static LoadedSpace load(String space, Place asked, Map<String, Entry> changes) {
    Path file = Path.of(space);
    Map<String, Entry> entries = new LinkedHashMap<>();
    Place place = new Place(Layer.FILE, space, 0, 0);
    Optional<DesignSpace> known = find(space);
    DesignSpace base;
    String name;
    if (known.isEmpty() && Files.isRegularFile(file)) {
      entries.putAll(read(file));
      base = base(entries.remove(BASE), place);
      name = String.valueOf(file.getFileName()).replaceFirst("\\.ya?ml$", "");
    } else {
      base = known.orElseThrow(() -> unknown(space, asked));
      name = base.name();
      place = asked;
    }
    entries.putAll(changes);
    Entry own = entries.remove(NAME);
    return new SpaceValues(base, entries, place).build(own == null ? name : text(own));
  }

  private static ConfigException unknown(String name, Place place) {
    boolean looksLikeFile = name.contains("/") || name.endsWith(".yaml") || name.endsWith(".yml");
    return new ConfigException(
        place,
        (looksLikeFile ? "no such file: " : "unknown space ")
            + "'"
            + ValueType.clipped(name)
            + "'; "
            + nearest(name));
  }

  private static String nearest(String name) {
    return NearestName.of(name, Spaces.names())
        .map(near -> "did you mean '" + near + "'?")
        .orElseGet(
            () -> "known: " + String.join(", ", Spaces.names()) + ", or a YAML file with a base");
  }

  private static String text(Entry name) {
    return SpaceValues.text(name, NAME);
  }

  private static DesignSpace base(@org.jspecify.annotations.Nullable Entry entry, Place file) {
    if (entry == null) {
      throw new ConfigException(
          file, "base: is missing; name the space to start from, such as 'base: resnext-a'");
    }
    String name = SpaceValues.text(entry, BASE);
    return find(name)
        .orElseThrow(
            () ->
                new ConfigException(
                    entry.place(),
                    "base: unknown space '" + ValueType.clipped(name) + "'; " + nearest(name)));
  }

  private static Map<String, Entry> read(Path file) {
    Place source = new Place(Layer.FILE, file.toString(), 0, 0);
    return entries(parse(file, source, "a design space"), source);
  }

  /** The document of a file that is {@code what}. */
  static Node parse(Path file, Place source, String what) {
    try {
      if (Files.size(file) > LARGEST_FILE_BYTES) {
        throw new ConfigException(source, "larger than 1 MiB; is this " + what + "?");
      }
      return ConfigText.parse(ConfigText.decode(Files.readAllBytes(file), source), source);
    } catch (IOException e) {
      throw new ConfigException(source, "cannot be read: " + e.getMessage());
    }
  }

  /** The keys of a mapping; one that comes twice is refused. */
  static Map<String, Entry> entries(Node node, Place source) {
    if (!(node instanceof MappingNode mapping)) {
      throw new ConfigException(
          ConfigText.place(node, source),
          "expected keys such as 'base:', found " + ValueType.found(node));
    }
    Map<String, Entry> entries = new LinkedHashMap<>();
    for (NodeTuple tuple : mapping.getValue()) {
      Place place = ConfigText.place(tuple.getKeyNode(), source);
      String key = tuple.getKeyNode() instanceof ScalarNode scalar ? scalar.getValue() : "";
      Entry before = entries.put(key, new Entry(tuple.getValueNode(), place, source));
      if (before != null) {
        throw new ConfigException(
            place,
            "duplicate key '" + ValueType.clipped(key) + "', first given at " + before.key());
      }
    }
    return entries;
  }

  private static void readOverrides(List<String> overrides, Map<String, Entry> entries) {
    List<Assignment> assignments =
        Assignment.read(
            overrides,
            problem -> {
              throw new ConfigException(List.of(problem));
            });
    for (Assignment one : assignments) {
      Node node = one.node(one.path().equals(NAME));
      entries.put(one.path(), new Entry(node, one.place(), one.place()));
    }
  }
}
