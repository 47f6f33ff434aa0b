// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/** What a key accepts; values are taken as written, never coerced from another type. */
sealed interface ValueType {

  /**
   * Reads a YAML node: Long, Double, Boolean, String or a List of them.
   *
   * @throws Refusal if the node is of another type or out of range
   */
  Object read(Node node) throws Refusal;

  /** The accepted values in a few words, such as {@code an integer from 0 to 1024}. */
  String expected();

  /** A value that is not accepted, with the node at fault. */
  final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;
    final transient Node node;

    Refusal(Node node, String message) {
      super(message, null, false, false);
      this.node = node;
    }
  }

  /** A whole number, both bounds included. */
  record IntegerType(long min, long max) implements ValueType {

    @Override
    public Object read(Node node) throws Refusal {
      if (!isScalar(node, Tag.INT)) {
        throw mismatch(node, expected());
      }
      BigInteger value = integer(((ScalarNode) node).getValue());
      if (value.compareTo(BigInteger.valueOf(max)) > 0) {
        throw new Refusal(
            node, "expected an integer of at most " + max + ", found " + clipped(value.toString()));
      }
      if (value.compareTo(BigInteger.valueOf(min)) < 0) {
        throw new Refusal(node, "expected " + expected() + ", found " + clipped(value.toString()));
      }
      return value.longValueExact();
    }

    @Override
    public String expected() {
      if (min == Long.MIN_VALUE) {
        return "a 64-bit integer";
      }
      return max >= Integer.MAX_VALUE
          ? "an integer of at least " + min
          : "an integer from " + min + " to " + max;
    }

    /** YAML 1.2 core schema: decimal with optional sign, 0x or 0o. */
    private static BigInteger integer(String text) {
      if (text.startsWith("0x")) {
        return new BigInteger(text.substring(2), 16);
      }
      return text.startsWith("0o") ? new BigInteger(text.substring(2), 8) : new BigInteger(text);
    }
  }

  /** A finite number; integers are numbers too. */
  record NumberType(double min, double max, boolean maxIncluded) implements ValueType {

    @Override
    public Object read(Node node) throws Refusal {
      if (!isScalar(node, Tag.FLOAT) && !isScalar(node, Tag.INT)) {
        throw mismatch(node, expected());
      }
      String text = ((ScalarNode) node).getValue();
      double value = number(node, text);
      if (!accepts(value)) {
        throw new Refusal(node, "expected " + expected() + ", found " + clipped(text));
      }
      // -0.0 and 0.0 are one setting; keep one of them so that equal configs are equal records
      return value == 0 ? 0.0 : value;
    }

    /** Whether a value lies in the range; false for NaN. */
    boolean accepts(double value) {
      return value >= min && (maxIncluded ? value <= max : value < max) && Double.isFinite(value);
    }

    private static double number(Node node, String text) throws Refusal {
      if (text.startsWith("0x") || text.startsWith("0o")) {
        return IntegerType.integer(text).doubleValue();
      }
      if (text.toLowerCase(Locale.ROOT).endsWith(".nan")
          || text.toLowerCase(Locale.ROOT).endsWith(".inf")) {
        throw new Refusal(node, "expected a finite number, found " + text);
      }
      return Double.parseDouble(text);
    }

    @Override
    public String expected() {
      if (max < Double.MAX_VALUE) {
        return "a number in ["
            + ConfigWriter.number(min)
            + ", "
            + ConfigWriter.number(max)
            + (maxIncluded ? "]" : ")");
      }
      return min > -Double.MAX_VALUE
          ? "a finite number of at least " + ConfigWriter.number(min)
          : "a finite number";
    }
  }

  /** {@code true} or {@code false}, and nothing else. */
  record BooleanType() implements ValueType {

    @Override
    public Object read(Node node) throws Refusal {
      if (!isScalar(node, Tag.BOOL)) {
        throw mismatch(node, expected());
      }
      return Boolean.parseBoolean(((ScalarNode) node).getValue().toLowerCase(Locale.ROOT));
    }

    @Override
    public String expected() {
      return "true or false";
    }
  }

  /** Any text, such as a path. */
  record TextType() implements ValueType {

    @Override
    public Object read(Node node) throws Refusal {
      if (!isScalar(node, Tag.STR)) {
        throw mismatch(node, expected());
      }
      return ((ScalarNode) node).getValue();
    }

    @Override
    public String expected() {
      return "text";
    }
  }

  /** One of a few names. */
  record ChoiceType(List<String> names) implements ValueType {

    /** The lower-case names of an enum's constants. */
    static ChoiceType of(Class<? extends Enum<?>> type) {
      return new ChoiceType(Arrays.stream(type.getEnumConstants()).map(ChoiceType::name).toList());
    }

    /** How a constant is written in a config. */
    static String name(Enum<?> constant) {
      return constant.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public Object read(Node node) throws Refusal {
      if (!isScalar(node, Tag.STR)) {
        throw mismatch(node, expected());
      }
      String name = ((ScalarNode) node).getValue();
      if (names.contains(name)) {
        return name;
      }
      String nearest =
          NearestName.of(name, names).map(n -> "; did you mean '" + n + "'?").orElse("");
      throw new Refusal(
          node, "expected " + expected() + ", found '" + clipped(name) + "'" + nearest);
    }

    @Override
    public String expected() {
      return "one of " + String.join(", ", names);
    }
  }

  /** A list whose elements are all of one type. */
  record ListType(ValueType element) implements ValueType {

    @Override
    public Object read(Node node) throws Refusal {
      if (!(node instanceof SequenceNode sequence)) {
        throw mismatch(node, expected());
      }
      List<Object> values = new ArrayList<>();
      for (Node value : sequence.getValue()) {
        values.add(element.read(value));
      }
      return List.copyOf(values);
    }

    @Override
    public String expected() {
      return "a list [..], each element " + element.expected();
    }
  }

  private static boolean isScalar(Node node, Tag tag) {
    return node instanceof ScalarNode && node.getTag().equals(tag);
  }

  private static Refusal mismatch(Node node, String expected) {
    return new Refusal(
        node, "expected " + expected + ", found " + found(node) + hint(node, expected));
  }

  /** A node in words, for a message. */
  static String found(Node node) {
    if (!(node instanceof ScalarNode scalar)) {
      return node instanceof SequenceNode ? "a list" : "a mapping";
    }
    String text = clipped(scalar.getValue());
    Tag tag = node.getTag();
    if (tag.equals(Tag.NULL)) {
      return "nothing";
    }
    if (tag.equals(Tag.STR)) {
      return "text '" + text + "'";
    }
    if (tag.equals(Tag.INT) || tag.equals(Tag.FLOAT)) {
      return "number " + text;
    }
    return tag.equals(Tag.BOOL) ? text : "'" + text + "' with the tag " + tag.getValue();
  }

  private static String hint(Node node, String expected) {
    if (!(node instanceof ScalarNode scalar) || node.getTag().equals(Tag.NULL)) {
      return "";
    }
    String text = scalar.getValue().toLowerCase(Locale.ROOT);
    if (expected.equals("text")) {
      return "; put it in quotes";
    }
    if (expected.equals("true or false")) {
      return switch (text) {
        case "yes", "on", "y", "1", "true" -> "; write true";
        case "no", "off", "n", "0", "false" -> "; write false";
        default -> "";
      };
    }
    boolean quotedNumber = !scalar.isPlain() && text.matches("[-+]?[0-9.]+(e[-+]?[0-9]+)?");
    return quotedNumber ? "; remove the quotes" : "";
  }

  /** Text short enough for one line of a message, with control characters made visible. */
  static String clipped(String text) {
    String visible =
        text.codePoints()
            .limit(60)
            .mapToObj(
                c -> Character.isISOControl(c) ? "\\u%04x".formatted(c) : Character.toString(c))
            .collect(Collectors.joining());
    return text.codePointCount(0, text.length()) > 60 ? visible + "..." : visible;
  }
}
