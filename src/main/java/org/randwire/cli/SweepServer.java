// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.randwire.population.Population;
import org.randwire.population.PopulationException;
import org.randwire.population.PopulationFiles;
import org.randwire.population.ReadSettings;
import org.randwire.population.SweepFolder;
import org.randwire.population.SweepMember;
import org.randwire.population.SweepStatus;
import org.randwire.report.SweepPage;

/**
 * Serves the state of a sweep to this machine alone, to be looked at and nothing else: {@code /} is
 * the page, {@code /status.json} the numbers. A request that names another host than this machine
 * is refused, so that no page of the web reads it through a name that points here.
 */
final class SweepServer implements AutoCloseable {

  private static final int REFRESH_SECONDS = 5;
  private static final String ONLY_ITSELF =
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'";

  private final SweepFolder folder;
  private final String name;
  private final List<SweepMember> members;
  private final HttpServer server;
  private final ExecutorService thread;
  private volatile @Nullable SweepStatus status;
  private List<Population> populations = List.of();
  private int populationsOf = -1;

  private SweepServer(
      SweepFolder folder, String name, List<SweepMember> members, HttpServer server) {
    this.folder = folder;
    this.name = name;
    this.members = members;
    this.server = server;
    this.thread =
        Executors.newSingleThreadExecutor(
            task -> {
              Thread daemon = new Thread(task, "sweep-page");
              daemon.setDaemon(true);
              return daemon;
            });
  }

  /**
   * Starts to serve.
   *
   * @param port 0 for any that is free
   */
  static SweepServer start(SweepFolder folder, String name, List<SweepMember> members, int port)
      throws IOException {
    InetSocketAddress address = new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port);
    HttpServer server;
    try {
      server = HttpServer.create(address, 0);
    } catch (BindException e) {
      throw new CliException(
          ExitStatus.USAGE, "--serve: port " + port + " cannot be had: " + e.getMessage(), e);
    }
    SweepServer page = new SweepServer(folder, name, members, server);
    server.createContext("/", page::answer);
    server.setExecutor(page.thread);
    server.start();
    return page;
  }

  String address() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/";
  }

  void show(SweepStatus newest) {
    status = newest;
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      int port = server.getAddress().getPort();
      Set<String> names = Set.of("127.0.0.1:" + port, "localhost:" + port, "[::1]:" + port);
      String host = exchange.getRequestHeaders().getFirst("Host");
      String path = exchange.getRequestURI().getPath();
      SweepStatus now = status;
      if (host == null || !names.contains(host)) {
        send(exchange, 403, "text/plain", "this page is for this machine alone\n");
      } else if (!exchange.getRequestMethod().equals("GET")) {
        exchange.getResponseHeaders().set("Allow", "GET");
        send(exchange, 405, "text/plain", "this page is to be looked at\n");
      } else if (now == null) {
        send(exchange, 503, "text/plain", "starting\n");
      } else if (path.equals("/status.json")) {
        String json = RunFolder.toJson(SweepCommand.json(now, name));
        send(exchange, 200, "application/json", json);
      } else if (path.equals("/")) {
        send(exchange, 200, "text/html", page(now));
      } else {
        send(exchange, 404, "text/plain", "there is / and /status.json\n");
      }
    }
  }

  private static void send(HttpExchange exchange, int code, String type, String text)
      throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type + "; charset=utf-8");
    exchange.getResponseHeaders().set("Cache-Control", "no-store");
    exchange.getResponseHeaders().set("Content-Security-Policy", ONLY_ITSELF);
    exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
    exchange.sendResponseHeaders(code, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  private String page(SweepStatus now) throws IOException {
    return SweepPage.html(
        "Sweep " + name,
        SweepView.head(name, now),
        now,
        member -> members.get(member).name(),
        populations(now),
        REFRESH_SECONDS);
  }

  /** Read again only when there are more; on the one thread that serves. */
  private List<Population> populations(SweepStatus now) throws IOException {
    if (populationsOf != now.finished()) {
      try {
        populations = PopulationFiles.read(folder.path(), ReadSettings.AUTOMATIC).by("label");
      } catch (PopulationException e) {
        populations = List.of(); // nothing has an error yet
      }
      populationsOf = now.finished();
    }
    return populations;
  }

  @Override
  public void close() {
    server.stop(0);
    thread.shutdownNow();
  }
}
