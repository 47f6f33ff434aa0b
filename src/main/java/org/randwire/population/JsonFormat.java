// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * JSON lines, one object per line, and the lists of jobs of the design spaces paper: an array of
 * objects, or for repeated sweeps an object of such arrays, whose keys become the column {@code
 * group}. Objects are flattened, so that {@code net.ds} is a column; of a series over epochs only
 * the last test error is kept, as {@code last_test_top1}. NaN is read where the files have it, in
 * losses.
 */
final class JsonFormat {

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  /** The test error of every epoch, in percent. */
  private static final String SERIES = "test_ep_top1";

  /** Its last value, as a column. */
  static final String LAST = "last_test_top1";

  /** The column that says which list of a file of several a job is from. */
  static final String GROUP = "group";

  /** Longer lists are series, of no use as a property. */
  private static final int LONGEST_LIST = 64;

  private JsonFormat() {}

  static Table lines(String source, String text) {
    Table.Objects objects = new Table.Objects();
    int number = 0;
    for (String line : (Iterable<String>) text.lines()::iterator) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      objects.add(number, flat(source + ":" + number, line));
    }
    return objects.table(source, false);
  }

  /** The object of one line, flattened. */
  static Map<String, String> flat(String place, String line) {
    try {
      JsonNode node = JSON.readTree(line);
      if (!node.isObject()) {
        throw new PopulationException(place, "expected a JSON object, found " + line.strip());
      }
      return flat(node);
    } catch (JacksonException e) {
      throw new PopulationException(place + ":" + e.getLocation().getColumnNr(), reason(e));
    }
  }

  static Table jobs(String source, InputStream in) {
    Table.Objects objects = new Table.Objects();
    try (JsonParser parser = JSON.createParser(in)) {
      JsonToken first = parser.nextToken();
      if (first == null) {
        throw new PopulationException(source, "the file is empty");
      }
      if (first == JsonToken.START_ARRAY) {
        list(source, parser, "", objects);
      } else if (first == JsonToken.START_OBJECT) {
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
          String group = parser.currentName();
          if (parser.nextToken() != JsonToken.START_ARRAY) {
            throw notAList(source, "'" + group + "'");
          }
          list(source, parser, group, objects);
        }
      } else {
        throw notAList(source, "the file");
      }
    } catch (JacksonException e) {
      throw new PopulationException(
          source + ":" + e.getLocation().getLineNr() + ":" + e.getLocation().getColumnNr(),
          reason(e));
    }
    return objects.table(source, true);
  }

  /** What the parser found, without the places it repeats in brackets. */
  private static String reason(JacksonException e) {
    return "no JSON: " + e.getOriginalMessage().replaceFirst(" \\(start marker.*", "");
  }

  private static PopulationException notAList(String source, String what) {
    return new PopulationException(
        source, what + " must be a list of jobs; JSON lines have the ending .jsonl");
  }

  private static void list(String source, JsonParser parser, String group, Table.Objects objects) {
    int job = 0;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      job++;
      JsonNode node = parser.readValueAsTree();
      if (!node.isObject()) {
        throw new PopulationException(source + ": job " + job, "expected an object");
      }
      Map<String, String> cells = flat(node);
      if (!group.isEmpty()) {
        cells.put(GROUP, group);
      }
      objects.add(job, cells);
    }
  }

  private static Map<String, String> flat(JsonNode object) {
    Map<String, String> cells = new LinkedHashMap<>();
    flatten("", object, cells);
    JsonNode series = object.get(SERIES);
    if (series != null && series.isArray() && !series.isEmpty()) {
      JsonNode last = series.get(series.size() - 1);
      // A run may have ended in NaN after a good epoch.
      cells.put(LAST, Double.isFinite(last.asDouble(Double.NaN)) ? last.asString() : "");
    }
    return cells;
  }

  private static void flatten(String prefix, JsonNode object, Map<String, String> cells) {
    for (Map.Entry<String, JsonNode> property : object.properties()) {
      String key = prefix + property.getKey();
      JsonNode value = property.getValue();
      if (value.isObject()) {
        flatten(key + ".", value, cells);
      } else if (value.isArray()) {
        if (value.size() <= LONGEST_LIST && !key.startsWith("train_") && !key.equals(SERIES)) {
          cells.put(key, value.toString());
        }
      } else if (value.isNull()) {
        cells.put(key, "");
      } else {
        cells.put(key, value.asString());
      }
    }
  }
}
