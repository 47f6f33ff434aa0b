// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.randwire.cli.config.ConfigLoader;
import org.randwire.data.DataSplit;
import org.randwire.data.PixelDataset;
import org.randwire.data.imagefolder.Pictures;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Whole commands on small pictures that the test makes. */
class ImageFolderRunTest {

  @TempDir Path folder;
  private Path pictures;

  @BeforeEach
  void writePictures() throws IOException {
    pictures = folder.resolve("pictures");
    Pictures.write(pictures, List.of("cat", "dog", "emu"), 8, 3);
  }

  private String[] arguments(List<String> first, String... settings) {
    List<String> all = new ArrayList<>(first);
    all.addAll(
        List.of(
            "network.graph.nodes=6",
            "network.channels=4",
            "data.name=imagefolder",
            "data.path=" + pictures,
            "data.size=16",
            "data.classes=3",
            "data.batch=6",
            "data.evaluationBatch=4",
            "device=cpu",
            "threads=2",
            "training.epochs=2"));
    for (String setting : settings) {
      String key = setting.substring(0, setting.indexOf('=') + 1);
      all.removeIf(other -> other.startsWith(key));
      all.add(setting);
    }
    return all.toArray(String[]::new);
  }

  private JsonNode train(Path run, String... settings) {
    List<String> train = List.of("train", "--json", "--output", run.toString());
    return CommandRun.of(arguments(train, settings)).json();
  }

  @Test
  void theNumberOfDataThreadsChangesNoBit() throws IOException {
    Path one = folder.resolve("one");
    Path four = folder.resolve("four");
    String[] colours = {
      "training.colours.brightness=0.4", "training.colours.lighting=0.1", "training.cutout=4"
    };
    List<String> settings = new ArrayList<>(List.of(colours));
    settings.add("data.threads=1");
    JsonNode first = train(one, settings.toArray(String[]::new));
    settings.set(3, "data.threads=4");
    JsonNode second = train(four, settings.toArray(String[]::new));

    assertEquals(
        Files.readString(one.resolve("metrics.jsonl")),
        Files.readString(four.resolve("metrics.jsonl")));
    assertEquals(first.get("weightsHash"), second.get("weightsHash"));
    assertNotEquals(first.get("weightsHash"), train(folder.resolve("x")).get("weightsHash"));
    double waiting = first.get("waitingShare").doubleValue();
    assertTrue(waiting >= 0 && waiting <= 1, "waiting share " + waiting);
  }

  @Test
  void badFilesAreReplacedCountedAndSaid() throws IOException {
    Files.writeString(pictures.resolve("train/dog/image_03.jpg"), "not a picture");
    Files.writeString(pictures.resolve("val/cat/image_01.jpg"), "not a picture");
    Path run = folder.resolve("run");
    JsonNode result = train(run, "data.badShare=0.2");
    assertEquals(2, result.get("unreadable").intValue());
    List<String> epochs =
        Files.readAllLines(run.resolve("metrics.jsonl")).stream()
            .filter(line -> line.contains("epochsDone"))
            .toList();
    assertEquals(2, epochs.size());
    assertTrue(epochs.get(0).contains("\"unreadable\":1"), epochs.get(0));
    assertTrue(epochs.get(1).contains("\"testUnreadable\":1"), epochs.get(1));

    JsonNode test = CommandRun.of("evaluate", "--json", run.toString()).json();
    assertEquals(8, test.get("examples").intValue());
    assertEquals(1, test.get("unreadable").intValue());
    assertEquals(result.get("lastTestError"), test.get("testError"));
  }

  @Test
  void tooManyBadFilesEndTheRunWithALineThatNamesTheFirst() throws IOException {
    Path bad = pictures.resolve("train/dog/image_03.jpg");
    Files.writeString(bad, "not a picture");
    List<String> train = List.of("train", "--output", folder.resolve("run").toString());
    CommandRun run = CommandRun.of(arguments(train)); // the usual share is 0.01 of 24
    assertEquals(ExitStatus.DATA.code(), run.status(), run.err());
    String last = run.err().lines().reduce((a, b) -> b).orElse("");
    assertTrue(last.contains(bad + ": "), last);
    assertFalse(run.err().contains("\tat "), run.err());
  }

  /** The weights at another size give what a run of that size gives with them. */
  @Test
  void evaluationAtAnotherSizeIsThatOfANetworkOfThatSize() {
    Path run = folder.resolve("run");
    train(run);
    Path weights = folder.resolve("w.safetensors");
    CommandRun.of("export", run.toString(), "--safetensors", weights.toString());
    JsonNode tested = CommandRun.of("evaluate", "--json", run.toString(), "data.size=24").json();
    assertEquals(24, tested.get("size").intValue());
    JsonNode own = CommandRun.of("evaluate", "--json", run.toString()).json();
    assertNotEquals(own.get("testLoss"), tested.get("testLoss"));
    Path back = folder.resolve("back");
    List<String> load = List.of("import", weights.toString(), "--output", back.toString());
    assertEquals(0, CommandRun.of(arguments(load, "data.size=24")).status());
    JsonNode same = CommandRun.of("evaluate", "--json", back.toString()).json();
    assertEquals(same.get("testLoss"), tested.get("testLoss"));
    assertEquals(same.get("testError"), tested.get("testError"));
  }

  @Test
  void anotherSizeOfMadeUpImagesIsRefused() {
    Path run = folder.resolve("run");
    CommandRun.train("cpu", run);
    assertEquals(
        "data.size: only pictures (data.name imagefolder) can be brought to another size",
        CommandRun.of("evaluate", run.toString(), "data.size=16").refusal(ExitStatus.USAGE));
  }

  @Test
  void anotherNumberOfClassesIsRefused() {
    List<String> train = List.of("train", "--output", folder.resolve("run").toString());
    String line = CommandRun.of(arguments(train, "data.classes=4")).refusal(ExitStatus.USAGE);
    assertEquals(
        "command line: data.classes: 4, but "
            + pictures
            + "/train has 3 classes: set data.classes=3",
        line);
  }

  // data verify

  @Test
  void damageOfTheFirstPicturesIsRefusedSinceTheyAreOfOneClass() {
    Path run = folder.resolve("run");
    train(run);
    CommandRun damage = CommandRun.of("study", "damage", "--limit", "4", run.toString());
    assertEquals(ExitStatus.USAGE.code(), damage.status(), damage.err());
    assertEquals(
        "--limit: pictures of folders stand class by class, so the first 4 would be of few classes",
        damage.err().strip().replaceFirst("^randwire: ", ""));
  }

  /** Only images of one size can be kept on a device, and fewer of them are no other kind. */
  @Test
  void fewerImagesOfOneSizeAreStillImagesOfOneSize() {
    List<String> settings = List.of("data.name=synthetic", "data.examples=64", "data.limit=16");
    DataSplit data = new RunAssembly(ConfigLoader.load(settings)).evaluationData(4);
    PixelDataset train = assertInstanceOf(PixelDataset.class, data.train());
    PixelDataset test = assertInstanceOf(PixelDataset.class, data.test());
    assertEquals(List.of(16, 4), List.of(train.size(), test.size()));
  }

  @Test
  void verifyFindsNothingInSoundPictures() {
    CommandRun run = CommandRun.of("data", "verify", pictures.toString());
    assertEquals(0, run.status(), run.err());
    assertTrue(
        run.out().startsWith(pictures + ": 33 pictures of 3 classes, 0 unreadable, 0 damaged; "),
        run.out());
    assertEquals(1, run.out().lines().count());
  }

  @Test
  void verifyListsBadFilesInOrder() throws IOException {
    Path empty = Files.write(pictures.resolve("train/cat/image_02.jpg"), new byte[0]);
    Path text = Files.writeString(pictures.resolve("val/emu/image_00.jpg"), "<html>");
    CommandRun run = CommandRun.of("data", "verify", pictures.toString());
    assertEquals(ExitStatus.DATA.code(), run.status());
    List<String> lines = run.out().lines().toList();
    assertEquals(empty + ": the file is empty", lines.get(0));
    assertTrue(lines.get(1).startsWith(text + ": the file is text"), lines.get(1));
    assertEquals(3, lines.size());

    CommandRun json =
        CommandRun.of("data", "verify", "--json", "--threads", "3", pictures.toString());
    assertEquals(ExitStatus.DATA.code(), json.status());
    JsonNode result = JsonMapper.shared().readTree(json.out());
    assertEquals(2, result.get("unreadable").intValue());
    assertEquals(empty.toString(), result.get("bad").get(0).get("file").stringValue());
  }

  @Test
  void verifyRefusesWhatIsNoDataSet() throws IOException {
    Path absent = folder.resolve("absent");
    assertEquals(
        absent + ": expected a folder with train and val, found no such folder",
        CommandRun.of("data", "verify", absent.toString()).refusal(ExitStatus.DATA));
    Files.move(pictures.resolve("val/cat"), pictures.resolve("val/cot"));
    String line = CommandRun.of("data", "verify", pictures.toString()).refusal(ExitStatus.DATA);
    assertTrue(line.startsWith(pictures + "/val: no class folder 'cat'"), line);
    assertTrue(
        CommandRun.of("data", "verify").refusal(ExitStatus.USAGE).startsWith("Missing required"));
  }
}
