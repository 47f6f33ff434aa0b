// SPDX-License-Identifier: Apache-2.0
package org.randwire;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.cli.Main;

/** Who may depend on whom, and what is used in one place only. */
class ArchitectureTest {

  private static final String BASE = "org.randwire.";
  private static final String ALL = "*";

  /**
   * A package with those below it, and what of ours it may use besides itself. A package with rules
   * of its own inside another is left out of the outer one's.
   */
  private static final Map<String, List<String>> MAY_USE = mayUse();

  private static JavaClasses classes;

  private static Map<String, List<String>> mayUse() {
    Map<String, List<String>> rules = new LinkedHashMap<>();
    rules.put("tensor", List.of());
    rules.put("graph", List.of());
    rules.put("statistics", List.of("random"));
    rules.put("random", List.of());
    rules.put("op", List.of("tensor"));
    rules.put("backend", List.of("op", "tensor"));
    rules.put("backend.reference", List.of("backend", "op", "random", "tensor"));
    rules.put("backend.cpu", List.of("backend.cpu.binding", "backend", "op", "tensor"));
    rules.put("backend.cpu.binding", List.of());
    rules.put("backend.cuda", List.of("backend", "op", "random", "tensor"));
    rules.put("compile", List.of("backend", "op", "tensor"));
    rules.put("network", List.of("graph", "op", "tensor"));
    rules.put("space", List.of("network", "graph", "op", "tensor", "random"));
    rules.put("data", List.of("tensor", "random"));
    rules.put("data.image", List.of("data", "backend.cpu.binding"));
    rules.put("data.imagefolder", List.of("data", "data.image", "random"));
    rules.put(
        "training", List.of("compile", "backend", "op", "data", "network", "random", "tensor"));
    rules.put(
        "population",
        List.of(
            "training",
            "space",
            "data",
            "network",
            "compile",
            "backend",
            "op",
            "random",
            "tensor"));
    rules.put("population.spark", List.of("population"));
    rules.put("export", List.of("network", "op", "tensor"));
    rules.put("report", List.of("population", "statistics", "graph"));
    rules.put("cli", List.of(ALL));
    return rules;
  }

  @BeforeAll
  static void importClasses() throws URISyntaxException {
    var location = Main.class.getProtectionDomain().getCodeSource().getLocation();
    classes = new ClassFileImporter().importPath(Path.of(location.toURI()));
    assertTrue(classes.size() > 100, "only " + classes.size() + " classes were found");
  }

  /** The rule a class falls under: the longest that is its package or around it. */
  private static String room(JavaClass of) {
    String name = of.getPackageName().substring(BASE.length());
    return MAY_USE.keySet().stream()
        .filter(rule -> name.equals(rule) || name.startsWith(rule + "."))
        .reduce((a, b) -> a.length() > b.length() ? a : b)
        .orElse("");
  }

  private static boolean isOurs(JavaClass one) {
    return one.getPackageName().startsWith(BASE);
  }

  @Test
  void everyPackageHasARule() {
    TreeSet<String> strangers = new TreeSet<>();
    for (JavaClass one : classes) {
      if (!isOurs(one) || room(one).isEmpty()) {
        strangers.add(one.getPackageName());
      }
    }
    assertTrue(strangers.isEmpty(), "packages nobody has ordered: " + strangers);
  }

  static Stream<String> rooms() {
    return MAY_USE.keySet().stream();
  }

  @ParameterizedTest
  @MethodSource("rooms")
  void dependsDownwardOnly(String room) {
    List<String> allowed = MAY_USE.get(room);
    List<String> wrong = new ArrayList<>();
    for (JavaClass one : classes) {
      if (!room(one).equals(room) || allowed.contains(ALL)) {
        continue;
      }
      one.getDirectDependenciesFromSelf().stream()
          .filter(use -> isOurs(use.getTargetClass().getBaseComponentType()))
          .filter(
              use -> {
                String target = room(use.getTargetClass().getBaseComponentType());
                return !target.equals(room) && !allowed.contains(target);
              })
          .forEach(use -> wrong.add(use.getDescription()));
    }
    assertTrue(
        wrong.isEmpty(), room + " may use " + allowed + " only:\n" + String.join("\n", wrong));
  }

  @Test
  void packagesFormNoCycle() {
    slices().matching("org.randwire.(**)").should().beFreeOfCycles().check(classes);
  }

  static Stream<ArchRule> reservations() {
    return Stream.of(
        noClasses()
            .that()
            .doNotBelongToAnyOf(Main.class)
            .should()
            .callMethod(System.class, "exit", int.class)
            .orShould()
            .callMethod(Runtime.class, "exit", int.class)
            .orShould()
            .callMethod(Runtime.class, "halt", int.class)
            .because("a library never ends the process of its user"),
        noClasses()
            .that()
            .resideOutsideOfPackage("org.randwire.cli..")
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .orShould()
            .callMethod(Throwable.class, "printStackTrace")
            .because("a library never prints"),
        noClasses()
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(java.io.ObjectInputStream.class, java.io.ObjectOutputStream.class)
            .because("reading serialized Java objects runs code of whoever wrote them"),
        noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.apache.commons.math3.stat.inference..")
            .because("its Kolmogorov-Smirnov test is wrong for samples with ties"),
        noClasses()
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(
                java.util.Random.class,
                java.util.SplittableRandom.class,
                java.util.concurrent.ThreadLocalRandom.class)
            .orShould()
            .callMethod(Math.class, "random")
            .because("every random number comes from a stream of the master seed"),
        noClasses()
            .that()
            .resideOutsideOfPackage("org.randwire.cli..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("picocli..", "ch.qos.logback..")
            .because("who embeds the library brings a logger and a command line"),
        noClasses()
            .that()
            .resideOutsideOfPackages(
                "org.randwire.backend.cpu..", "org.randwire.backend.cuda.binding..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.bytedeco..")
            .because("native memory and native calls stay behind the backend's contract"),
        noClasses()
            .that()
            .resideOutsideOfPackage("org.randwire.backend.cuda.binding..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.bytedeco.cuda..")
            .because("a machine without CUDA must never load its classes"),
        noClasses()
            .that()
            .resideOutsideOfPackage("org.randwire.population.spark..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.apache.spark..")
            .because("who has no Spark cluster need not fetch Spark"));
  }

  @ParameterizedTest
  @MethodSource("reservations")
  void keepsToItsPlace(ArchRule rule) {
    rule.check(classes);
  }
}
