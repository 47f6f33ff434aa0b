// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.randwire.data.DatasetDownload.Progress;
import org.randwire.data.DatasetDownload.RemoteFile;
import org.randwire.data.mnist.Mnist;

/** Against a server on the loopback interface; no test leaves this machine. */
@Timeout(60)
class DatasetDownloadTest {
  private static final Progress SILENT = (file, done) -> {};

  /** The text "hello" and its SHA-256. */
  private static final RemoteFile HELLO =
      new RemoteFile(
          "hello.txt", 5, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");

  @TempDir Path temporary;
  private final AtomicInteger requests = new AtomicInteger();
  private HttpServer server;
  private Path folder;

  @BeforeEach
  void startServer() throws IOException {
    folder = temporary.resolve("new/data");
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.start();
  }

  @AfterEach
  void stopServer() {
    server.stop(0);
  }

  @Test
  void fetchesMnistThatLoadsAfterwards() {
    serve(
        "/mnist/",
        exchange -> {
          String path = exchange.getRequestURI().getPath();
          String name = path.substring(path.lastIndexOf('/') + 1);
          answer(exchange, 200, Files.readAllBytes(Path.of("src/main/data/mnist", name)));
        });
    Map<String, Long> done = new HashMap<>();
    DatasetDownload mnist = DatasetDownload.of("mnist").from(address("/mnist/"));

    mnist.to(folder, (file, bytes) -> done.put(file.name(), bytes));

    assertEquals(60_000, Mnist.load(folder).train().size());
    assertEquals(4, done.size());
    mnist.files().forEach(file -> assertEquals(file.sizeBytes(), done.get(file.name())));
  }

  @Test
  void keepsACompleteFileAndReplacesADamagedOne() throws IOException {
    serve("/", exchange -> answer(exchange, 200, bytes("hello")));
    Files.createDirectories(folder);
    Path file = folder.resolve("hello.txt");

    Files.writeString(file, "jello");
    hello(address("/")).to(folder, SILENT);
    assertEquals("hello", Files.readString(file));
    assertEquals(1, requests.get());

    hello(address("/")).to(folder, SILENT);
    assertEquals(1, requests.get());
  }

  @Test
  void takesTheNextSourceWhereOneFails() throws IOException {
    serve("/gone/", exchange -> answer(exchange, 404, bytes("not here")));
    serve("/wrong/", exchange -> answer(exchange, 200, bytes("<html>")));
    serve("/right/", exchange -> answer(exchange, 200, bytes("hello")));

    hello(address("/gone/"), address("/wrong/"), address("/right/")).to(folder, SILENT);

    assertEquals("hello", Files.readString(folder.resolve("hello.txt")));
    assertEquals(1, Files.list(folder).count());
  }

  @Test
  void followsARedirect() throws IOException {
    serve(
        "/old/",
        exchange -> {
          exchange.getResponseHeaders().add("Location", address("/right/hello.txt").toString());
          answer(exchange, 302, new byte[0]);
        });
    serve("/right/", exchange -> answer(exchange, 200, bytes("hello")));

    hello(address("/old/")).to(folder, SILENT);

    assertEquals("hello", Files.readString(folder.resolve("hello.txt")));
  }

  @Test
  void refusesContentWithAnotherChecksum() {
    serve("/", exchange -> answer(exchange, 200, bytes("jello")));

    assertFailsCleanly(hello(address("/")), "expected SHA-256 2cf24dba");
  }

  @Test
  void refusesContentOfAnotherSize() {
    serve("/long/", exchange -> answer(exchange, 200, bytes("hello world")));
    serve("/short/", exchange -> answer(exchange, 200, bytes("hell")));

    assertFailsCleanly(hello(address("/long/")), "expected 5 bytes, found more");
    assertFailsCleanly(hello(address("/short/")), "expected 5 bytes, found 4");
  }

  @Test
  void namesTheStatusOfTheServer() {
    serve("/", exchange -> answer(exchange, 503, bytes("later")));

    assertFailsCleanly(hello(address("/")), "expected HTTP status 200, found 503");
  }

  @Test
  void saysSoWhenTheConnectionBreaks() {
    serve(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(200, 5);
          exchange.getResponseBody().write('h');
          exchange.getResponseBody().flush();
          // Fewer bytes than announced: the server drops the connection.
          exchange.close();
        });

    assertFailsCleanly(hello(address("/")), "connection lost");
  }

  @Test
  void saysSoWhenThereIsNoConnection() throws IOException {
    int unused;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      unused = socket.getLocalPort();
    }

    assertFailsCleanly(
        hello(URI.create("http://127.0.0.1:" + unused + "/")),
        "no connection to 127.0.0.1; is there a network?");
  }

  @Test
  void namesTheKnownDataSets() {
    DataException e = assertThrows(DataException.class, () -> DatasetDownload.of("cifar11"));

    assertEquals("no data set cifar11 to fetch; there are [cifar10, mnist]", e.getMessage());
    assertEquals(
        URI.create("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"),
        DatasetDownload.of("cifar10").sources().get(0).resolve("cifar-10-binary.tar.gz"));
  }

  private void assertFailsCleanly(DatasetDownload download, String part) {
    DataException e = assertThrows(DataException.class, () -> download.to(folder, SILENT));

    assertTrue(e.getMessage().contains(part), e.getMessage());
    assertTrue(e.getMessage().contains(download.sources().get(0) + "hello.txt"), e.getMessage());
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
    assertEquals(0, temporary.toFile().list().length, "nothing is left behind");
  }

  private static DatasetDownload hello(URI... sources) {
    return new DatasetDownload("hello", List.of(sources), List.of(HELLO));
  }

  private URI address(String path) {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + path);
  }

  private interface Answer {
    void to(HttpExchange exchange) throws IOException;
  }

  private void serve(String path, Answer answer) {
    server.createContext(
        path,
        exchange -> {
          requests.incrementAndGet();
          answer.to(exchange);
        });
  }

  private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
