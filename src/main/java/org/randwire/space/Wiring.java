// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.randwire.graph.BarabasiAlbert;
import org.randwire.graph.ErdosRenyi;
import org.randwire.graph.GraphGenerator;
import org.randwire.graph.WattsStrogatz;

/**
 * A random graph model with its parameters but for the number of nodes, written as in the RandWire
 * paper: {@code ws(4, 0.75)}, {@code er(0.2)}, {@code ba(5)}.
 *
 * @param integer k of ws, m of ba, 0 for er
 * @param probability p of ws and er, 0 for ba
 */
public record Wiring(Model model, int integer, double probability) {

  /** Watts-Strogatz, Erdos-Renyi, Barabasi-Albert. */
  public enum Model {
    WS,
    ER,
    BA
  }

  private static final String NUMBER = "([0-9]{1,4})";
  private static final String PROBABILITY = "([01](?:\\.[0-9]+)?|\\.[0-9]+)";
  private static final Pattern WS = pattern("ws", NUMBER + "\\s*,\\s*" + PROBABILITY);
  private static final Pattern ER = pattern("er", PROBABILITY);
  private static final Pattern BA = pattern("ba", NUMBER);

  private static Pattern pattern(String model, String parameters) {
    return Pattern.compile("(?i)" + model + "\\(\\s*" + parameters + "\\s*\\)");
  }

  /**
   * Reads a model as it is written in the paper.
   *
   * @throws IllegalArgumentException if it is none
   */
  public static Wiring of(String text) {
    Matcher ws = WS.matcher(text.strip());
    if (ws.matches()) {
      return new Wiring(Model.WS, Integer.parseInt(ws.group(1)), Double.parseDouble(ws.group(2)));
    }
    Matcher er = ER.matcher(text.strip());
    if (er.matches()) {
      return new Wiring(Model.ER, 0, Double.parseDouble(er.group(1)));
    }
    Matcher ba = BA.matcher(text.strip());
    if (ba.matches()) {
      return new Wiring(Model.BA, Integer.parseInt(ba.group(1)), 0);
    }
    throw new IllegalArgumentException(
        "a generator is written as ws(4, 0.75), er(0.2) or ba(5), got '" + text + "'");
  }

  /**
   * The generator for a number of nodes.
   *
   * @throws IllegalArgumentException if the parameters do not allow so few
   */
  GraphGenerator generator(int nodes) {
    return switch (model) {
      case WS -> new WattsStrogatz(nodes, integer, probability);
      case ER -> new ErdosRenyi(nodes, probability);
      case BA -> new BarabasiAlbert(nodes, integer);
    };
  }

  /** The generator as it stands under {@code network.graph} in a configuration. */
  Map<String, Object> settings() {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("generator", model.name().toLowerCase(Locale.ROOT));
    switch (model) {
      case WS -> {
        settings.put("k", integer);
        settings.put("p", probability);
      }
      case ER -> settings.put("p", probability);
      case BA -> settings.put("m", integer);
    }
    return settings;
  }

  @Override
  public String toString() {
    return switch (model) {
      case WS -> "ws(" + integer + ", " + probability + ")";
      case ER -> "er(" + probability + ")";
      case BA -> "ba(" + integer + ")";
    };
  }
}
