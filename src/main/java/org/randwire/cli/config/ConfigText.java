// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ReaderException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/** From bytes to YAML nodes that know their place; no object is ever built from a tag. */
final class ConfigText {

  private static final int DEEPEST_NESTING = 32;

  private ConfigText() {}

  /** Decodes strict UTF-8; a byte order mark at the start is skipped. */
  static String decode(byte[] bytes, Place source) {
    refuseUtf16(bytes, source);
    CharBuffer text = CharBuffer.allocate(bytes.length);
    ByteBuffer input = ByteBuffer.wrap(bytes);
    CoderResult result =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT)
            .decode(input, text, true);
    String decoded = text.flip().toString();
    if (result.isError()) {
      throw new ConfigException(
          placeAfter(decoded, source),
          "not UTF-8 text (byte 0x%02X); save the file as UTF-8"
              .formatted(bytes[input.position()] & 0xFF));
    }
    return decoded.startsWith("\uFEFF") ? decoded.substring(1) : decoded;
  }

  private static void refuseUtf16(byte[] bytes, Place source) {
    if (bytes.length >= 2) {
      int mark = (bytes[0] & 0xFF) << 8 | bytes[1] & 0xFF;
      if (mark == 0xFEFF || mark == 0xFFFE) {
        throw new ConfigException(source.at(1, 1), "UTF-16 text; save the file as UTF-8");
      }
    }
  }

  /**
   * Parses one YAML document (core schema of YAML 1.2); an empty text gives a null scalar.
   *
   * @throws ConfigException naming line and column if the text is not YAML
   */
  static Node parse(String text, Place source) {
    LoadSettings settings =
        LoadSettings.builder().setSchema(new CoreSchema()).setAllowNonScalarKeys(true).build();
    try {
      refuseDeepNesting(text, settings, source);
      return new Compose(settings)
          .composeString(text)
          .orElseGet(() -> new ScalarNode(Tag.NULL, "", ScalarStyle.PLAIN));
    } catch (ReaderException e) {
      throw new ConfigException(
          placeAfter(text.substring(0, text.indexOf(Character.toString(e.getCodePoint()))), source),
          "character U+%04X is not allowed in YAML".formatted(e.getCodePoint()));
    } catch (MarkedYamlEngineException e) {
      throw syntaxError(e, text, source);
    } catch (YamlEngineException e) {
      throw new ConfigException(source, "not valid YAML: " + oneLine(e.getMessage()));
    }
  }

  /** The parser works with a stack of its own, but nodes are composed by recursion. */
  private static void refuseDeepNesting(String text, LoadSettings settings, Place source) {
    int depth = 0;
    for (Event event : new Parse(settings).parseString(text)) {
      depth += depthChange(event);
      if (depth > DEEPEST_NESTING) {
        Place place = event.getStartMark().map(mark -> place(mark, source)).orElse(source);
        throw new ConfigException(place, "nested more than " + DEEPEST_NESTING + " levels deep");
      }
    }
  }

  private static int depthChange(Event event) {
    return switch (event.getEventId()) {
      case MappingStart, SequenceStart -> 1;
      case MappingEnd, SequenceEnd -> -1;
      default -> 0;
    };
  }

  private static ConfigException syntaxError(
      MarkedYamlEngineException error, String text, Place source) {
    Optional<Mark> mark = error.getProblemMark().or(error::getContextMark);
    Place place = mark.map(m -> place(m, source)).orElse(source);
    boolean tab = mark.isPresent() && isTabIndented(text, mark.get().getLine());
    String problem =
        tab
            ? "a tab in the indentation; use spaces"
            : "not valid YAML: " + oneLine(error.getProblem());
    return new ConfigException(place, problem);
  }

  private static boolean isTabIndented(String text, int line) {
    return text.lines().skip(line).findFirst().filter(l -> l.matches(" *\t.*")).isPresent();
  }

  private static String oneLine(String problem) {
    return problem.strip().replaceAll("\\s*\\R\\s*", " ");
  }

  /** The place of a node inside its source. */
  static Place place(Node node, Place source) {
    return node.getStartMark().map(mark -> place(mark, source)).orElse(source);
  }

  private static Place place(Mark mark, Place source) {
    return source.at(mark.getLine() + 1, mark.getColumn() + 1);
  }

  private static Place placeAfter(String text, Place source) {
    int line = 1 + (int) text.chars().filter(c -> c == '\n').count();
    int lineStart = text.lastIndexOf('\n') + 1;
    return source.at(line, 1 + text.codePointCount(lineStart, text.length()));
  }
}
