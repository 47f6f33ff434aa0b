// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.randwire.cli.config.ConfigException;
import org.randwire.cli.config.ConfigLoader;
import org.randwire.cli.config.LoadedConfig;
import org.randwire.cli.config.RunConfig.RandomWiring;
import org.randwire.graph.Dag;
import org.randwire.population.Population;
import org.randwire.population.RunRecord;
import org.randwire.report.Wiring;

/** Wirings of the models of JSON lines that {@code sample} wrote, errors added since. */
final class SampledWirings implements Wiring.Source {

  /** The column that a line's {@code config.network.name} becomes. */
  private static final String NETWORK = "config.network.name";

  private static final String FAMILY = "randwire";

  @Override
  public boolean has(Population population, RunRecord run) {
    if (!population.columns().contains(NETWORK)) {
      return false;
    }
    String file = population.source().toLowerCase(Locale.ROOT);
    String network = run.cells().get(NETWORK).orElse("");
    return (file.endsWith(".jsonl") || file.endsWith(".ndjson"))
        && (network.equals(FAMILY) || network.startsWith(FAMILY + "-"));
  }

  /**
   * Draws the graphs of a row, as training it would.
   *
   * @throws CliException if its configuration is refused; the message is one line that starts with
   *     file and line
   */
  @Override
  public Wiring of(Population population, RunRecord run) {
    try {
      LoadedConfig loaded = ConfigLoader.loadSample(Path.of(population.source()), run.row());
      List<Dag> graphs = new RunAssembly(loaded).stageGraphs();
      return new Wiring(origin(loaded.config().network().graph()), graphs);
    } catch (ConfigException e) {
      int more = e.problems().size() - 1;
      String first = e.problems().get(0);
      throw refusal(population.place(run), more == 0 ? first : first + "; and " + more + " more");
    } catch (CliException e) {
      throw refusal(population.place(run), String.valueOf(e.getMessage()));
    }
  }

  private static CliException refusal(String place, String reason) {
    String message = reason.startsWith(place + ":") ? reason : place + ": " + reason;
    return new CliException(ExitStatus.DATA, message.replaceAll("\\p{Cntrl}+", "?"));
  }

  private static String origin(RandomWiring graph) {
    if (!graph.files().isEmpty()) {
      return "graphs from files";
    }
    String generator =
        switch (graph.generator()) {
          case WS -> "WS(" + graph.k() + ", " + graph.p() + ")";
          case ER -> "ER(" + graph.p() + ")";
          case BA -> "BA(" + graph.m() + ")";
        };
    return generator + (graph.networkxSeed() ? ", networkx seed " : ", seed ") + graph.seed();
  }
}
