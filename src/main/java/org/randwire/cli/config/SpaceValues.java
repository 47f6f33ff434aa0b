// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.randwire.cli.config.RunConfig.NodeOperation;
import org.randwire.cli.config.SpaceLoader.Entry;
import org.randwire.cli.config.ValueType.ChoiceType;
import org.randwire.cli.config.ValueType.IntegerType;
import org.randwire.cli.config.ValueType.ListType;
import org.randwire.cli.config.ValueType.NumberType;
import org.randwire.cli.config.ValueType.Refusal;
import org.randwire.cli.config.ValueType.TextType;
import org.randwire.network.cell.CellOp;
import org.randwire.network.cell.CellOutput;
import org.randwire.network.randwire.NodeOp;
import org.randwire.network.randwire.Regime;
import org.randwire.network.resnet.ResNetSpec;
import org.randwire.space.AnyNetFrame;
import org.randwire.space.AnyNetSpace;
import org.randwire.space.CellSpace;
import org.randwire.space.Constraint;
import org.randwire.space.DesignSpace;
import org.randwire.space.RandWireSpace;
import org.randwire.space.RegNetSpace;
import org.randwire.space.StagedSpace;
import org.randwire.space.ValueSets;
import org.randwire.space.Wiring;
import org.randwire.tensor.TensorShape;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/** The values of a space's keys, those that were written and those of its base. */
final class SpaceValues {

  /** What a configuration accepts, where that is less than for widths. */
  private static final Map<String, Long> LARGEST =
      Map.of("depth", 1024L, "strides", 16L, "stemStride", 16L, "nodes", 4096L);

  private static final ValueType NUMBER = new NumberType(0, 1e6, true);
  private static final ValueType TEXT = new TextType();
  private static final String CONSTRAINT = "constraint";
  private static final int MOST_STAGES = 64;

  private final DesignSpace base;
  private final Map<String, Entry> entries;
  private final Place place;
  private final Set<String> known = new HashSet<>();

  SpaceValues(DesignSpace base, Map<String, Entry> entries, Place place) {
    this.base = base;
    this.entries = entries;
    this.place = place;
  }

  /** Builds the space; every key must have been asked for by then. */
  LoadedSpace build(String name) {
    TensorShape input = input();
    int classes = integer("classes", 10);
    Constraint constraint = constraint();
    try {
      DesignSpace space = space(name);
      refuseUnknown();
      return new LoadedSpace(space, input, classes, constraint);
    } catch (IllegalArgumentException e) {
      // Value sets that contradict each other; the message starts with the key.
      refuseUnknown();
      String message = String.valueOf(e.getMessage());
      throw new ConfigException(placeOf(message), message);
    }
  }

  /** The place of the first key that a message names and that was written. */
  private Place placeOf(String message) {
    for (String word : message.split("[^A-Za-z]+")) {
      Entry entry = entries.get(word);
      if (entry != null) {
        return entry.place();
      }
    }
    return place;
  }

  private DesignSpace space(String name) {
    String description = base.description();
    if (base instanceof StagedSpace s) {
      boolean grouped = s.family() == StagedSpace.Family.RESNEXT;
      return new StagedSpace(
          name,
          description,
          s.family(),
          stages(s.stages()),
          integers("depth", s.depths()),
          integers("width", s.widths()),
          grouped ? integers("ratio", s.ratios()) : List.of(),
          grouped ? integers("groups", s.groups()) : List.of());
    }
    if (base instanceof AnyNetSpace s) {
      return new AnyNetSpace(
          name,
          description,
          frame(s.frame()),
          integers("depth", s.depths()),
          integers("width", s.widths()),
          integers("ratio", s.ratios()),
          integers("groupWidth", s.groupWidths()),
          s.sharesRatio(),
          s.sharesGroupWidth());
    }
    if (base instanceof RegNetSpace s) {
      return new RegNetSpace(
          name,
          description,
          frame(s.frame()),
          integers("depth", s.depths()),
          integers("initialWidth", s.initialWidths()),
          integers("slope", s.slopes()),
          list("multiplier", NUMBER, s.multipliers(), Double.class::cast),
          integers("ratio", s.ratios()),
          integers("groupWidth", s.groupWidths()));
    }
    if (base instanceof CellSpace s) {
      return new CellSpace(
          name,
          description,
          list("ops", new ChoiceType(CellOp.labels()), s.ops(), op -> CellOp.of((String) op)),
          integer("nodes", s.nodes()),
          choice("output", s.output(), CellOutput.class),
          integers("width", s.widths()),
          integers("depth", s.depths()));
    }
    RandWireSpace s = (RandWireSpace) base;
    return new RandWireSpace(
        name,
        description,
        choice("regime", s.regime(), Regime.class),
        nodeOp(s.nodeOp()),
        list("generator", TEXT, s.wirings(), text -> wiring((String) text)),
        integers("nodes", s.nodes()),
        integers("channels", s.channels()),
        integers("seed", s.seeds()));
  }

  /** By the word that a configuration has for it. */
  private NodeOp nodeOp(NodeOp byDefault) {
    NodeOperation written =
        choice(
            "nodeOp",
            NodeOperation.valueOf(byDefault.label().toUpperCase(Locale.ROOT)),
            NodeOperation.class);
    return written.op();
  }

  private static Wiring wiring(String text) {
    try {
      return Wiring.of(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("generator: " + e.getMessage(), e);
    }
  }

  private int stages(int byDefault) {
    int stages = integer("stages", byDefault);
    if (stages > MOST_STAGES) {
      throw new IllegalArgumentException("stages: at most " + MOST_STAGES + ", found " + stages);
    }
    return stages;
  }

  private AnyNetFrame frame(AnyNetFrame byDefault) {
    ResNetSpec.Stem stem = byDefault.stem();
    return new AnyNetFrame(
        new ResNetSpec.Stem(
            integer("stemWidth", stem.width()), integer("stemStride", stem.stride())),
        integers("strides", byDefault.strides()));
  }

  private TensorShape input() {
    List<Integer> image = integers("image", List.of(3, 32, 32));
    if (image.size() != 3) {
      throw refusal("image", "expected [channels, height, width], found " + image);
    }
    return TensorShape.example(image.get(0), image.get(1), image.get(2));
  }

  private void refuseUnknown() {
    for (Map.Entry<String, Entry> entry : entries.entrySet()) {
      String key = entry.getKey();
      if (!known.contains(key)) {
        throw new ConfigException(
            entry.getValue().key(),
            "unknown key '"
                + ValueType.clipped(key)
                + "' for a space like "
                + base.name()
                + "; "
                + NearestName.of(key, known)
                    .map(near -> "did you mean '" + near + "'?")
                    .orElseGet(
                        () -> "valid: " + String.join(", ", known.stream().sorted().toList())));
      }
    }
  }

  private Constraint constraint() {
    known.add(CONSTRAINT);
    Entry entry = entries.get(CONSTRAINT);
    return entry == null ? Constraint.NONE : SpaceConstraint.read(CONSTRAINT, entry);
  }

  static Map<String, Node> fields(MappingNode mapping) {
    Map<String, Node> fields = new LinkedHashMap<>();
    for (NodeTuple tuple : mapping.getValue()) {
      String key = tuple.getKeyNode() instanceof ScalarNode scalar ? scalar.getValue() : "";
      fields.put(key, tuple.getValueNode());
    }
    return fields;
  }

  private static ValueType integer(String key) {
    return new IntegerType(1, LARGEST.getOrDefault(key, 65_536L));
  }

  private int integer(String key, int byDefault) {
    known.add(key);
    Entry entry = entries.get(key);
    return entry == null
        ? byDefault
        : Math.toIntExact((Long) read(integer(key), entry.value(), key, entry));
  }

  private <E extends Enum<E>> E choice(String key, E byDefault, Class<E> type) {
    known.add(key);
    Entry entry = entries.get(key);
    return entry == null
        ? byDefault
        : Enum.valueOf(
            type,
            ((String) read(ChoiceType.of(type), entry.value(), key, entry))
                .toUpperCase(Locale.ROOT));
  }

  /** A value set of whole numbers: a list, or a range. */
  private List<Integer> integers(String key, List<Integer> byDefault) {
    Entry entry = entries.get(key);
    if (entry != null && entry.value() instanceof MappingNode mapping) {
      known.add(key);
      return written(key, entry, mapping);
    }
    return list(key, integer(key), byDefault, value -> Math.toIntExact((Long) value));
  }

  private List<Integer> written(String key, Entry entry, MappingNode mapping) {
    Map<String, Integer> fields = new LinkedHashMap<>();
    for (Map.Entry<String, Node> field : fields(mapping).entrySet()) {
      String path = key + "." + field.getKey();
      fields.put(
          field.getKey(),
          Math.toIntExact((Long) read(integer(key), field.getValue(), path, entry)));
    }
    boolean steps = fields.keySet().equals(Set.of("from", "to", "step"));
    if (!steps && !fields.keySet().equals(Set.of("from", "to", "count"))) {
      throw refusal(
          key, "expected a list, {from: a, to: b, step: s} or {from: a, to: b, count: n}");
    }
    int from = fields.getOrDefault("from", 0);
    int to = fields.getOrDefault("to", 0);
    try {
      return steps
          ? ValueSets.range(from, to, fields.getOrDefault("step", 1))
          : ValueSets.logarithmic(from, to, fields.getOrDefault("count", 1));
    } catch (IllegalArgumentException e) {
      throw refusal(key, String.valueOf(e.getMessage()));
    }
  }

  private <T> List<T> list(
      String key, ValueType element, List<T> byDefault, Function<Object, T> convert) {
    known.add(key);
    Entry entry = entries.get(key);
    if (entry == null) {
      return byDefault;
    }
    List<T> values = new ArrayList<>();
    for (Object value : (List<?>) read(new ListType(element), entry.value(), key, entry)) {
      values.add(convert.apply(value));
    }
    return values;
  }

  static String text(Entry entry, String key) {
    return (String) read(TEXT, entry.value(), key, entry);
  }

  static Object read(ValueType type, Node node, String key, Entry entry) {
    try {
      return type.read(node);
    } catch (Refusal refusal) {
      throw new ConfigException(
          ConfigText.place(refusal.node, entry.source()), key + ": " + refusal.getMessage());
    }
  }

  private ConfigException refusal(String key, String message) {
    Entry entry = entries.get(key);
    return new ConfigException(entry == null ? place : entry.place(), key + ": " + message);
  }
}
