// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.randwire.data.mnist.Mnist;

/** Against a server on the loopback interface; no test leaves this machine. */
@Timeout(60)
class DataCommandTest {

  @TempDir Path folder;
  private HttpServer server;
  private String address;

  @BeforeEach
  void serveTheBundledFiles() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/mnist/",
        exchange -> {
          Path name = Path.of(exchange.getRequestURI().getPath()).getFileName();
          byte[] bytes = Files.readAllBytes(Path.of("src/main/data/mnist").resolve(name));
          exchange.sendResponseHeaders(200, bytes.length);
          try (var body = exchange.getResponseBody()) {
            body.write(bytes);
          }
        });
    server.start();
    address = "http://" + server.getAddress().getHostString() + ":" + server.getAddress().getPort();
  }

  @AfterEach
  void stopServer() {
    server.stop(0);
  }

  @Test
  void fetchesADataSetThatLoads() {
    Path to = folder.resolve("new/mnist");
    CommandRun run =
        CommandRun.of("data", "mnist", "--to", to.toString(), "--from", address + "/mnist");
    assertEquals(0, run.status(), run.err());
    assertTrue(run.out().endsWith("data.name=mnist data.path=" + to + "\n"), run.out());
    assertEquals(10_000, Mnist.load(to).test().size());
  }

  @Test
  void anUnknownNameGetsTheNearest() {
    Path to = folder.resolve("x");
    assertEquals(
        "unknown data set 'cifar'; did you mean 'cifar10'?",
        CommandRun.of("data", "cifar", "--to", to.toString()).refusal(ExitStatus.USAGE));
    assertEquals(
        "unknown data set 'imagenet-22k'; there are cifar10, mnist",
        CommandRun.of("data", "imagenet-22k", "--to", to.toString()).refusal(ExitStatus.USAGE));
    assertFalse(Files.exists(to));
  }

  @Test
  void withoutANetworkOneLineSaysSo() {
    server.stop(0);
    Path to = folder.resolve("x");
    String line =
        CommandRun.of("data", "mnist", "--to", to.toString(), "--from", address + "/mnist/")
            .refusal(ExitStatus.DATA);
    assertTrue(line.contains("is there a network?"), line);
    assertFalse(Files.exists(to));
  }

  @Test
  void anAddressThatIsNotOfTheWebIsRefused() {
    String line =
        CommandRun.of("data", "mnist", "--to", "x", "--from", "/some/folder")
            .refusal(ExitStatus.USAGE);
    assertEquals("--from: expected http://.. or https://.., found /some/folder", line);
  }
}
