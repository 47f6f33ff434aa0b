// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.graph.BarabasiAlbert;
import org.randwire.graph.Dag;
import org.randwire.graph.Edge;
import org.randwire.graph.ErdosRenyi;
import org.randwire.graph.WattsStrogatz;
import org.randwire.report.WiringPlot.Stage;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class WiringPlotTest {

  private static Document parse(String svg) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(svg)));
  }

  private static List<Element> elements(Document document, String name) {
    NodeList found = document.getElementsByTagName(name);
    List<Element> elements = new ArrayList<>();
    for (int i = 0; i < found.getLength(); i++) {
      elements.add((Element) found.item(i));
    }
    return elements;
  }

  private static double number(Element element, String attribute) {
    return Double.parseDouble(element.getAttribute(attribute));
  }

  static Stream<Dag> graphs() {
    return Stream.of(
        new WattsStrogatz(32, 4, 0.75).generateDag(1),
        new WattsStrogatz(32, 4, 0).generateDag(1),
        new ErdosRenyi(32, 0.2).generateDag(2),
        new BarabasiAlbert(32, 5).generateDag(3),
        Dag.of(5, List.of(new Edge(1, 3))), // with isolated nodes
        Dag.of(1, List.of()));
  }

  @ParameterizedTest
  @MethodSource("graphs")
  void everyEdgeIsDrawnOnceAndFromTheRightNodeToTheRightNode(Dag dag) throws Exception {
    Document document = parse(WiringPlot.svg(List.of(new Stage("a", dag))));

    List<String> expected = new ArrayList<>();
    dag.edges().forEach(edge -> expected.add(edge.from() + " to " + edge.to()));
    for (int source : dag.sources()) {
      expected.add("input to " + source);
    }
    for (int sink : dag.sinks()) {
      expected.add(sink + " to output");
    }
    List<Element> circles = elements(document, "circle");
    List<String> drawn = new ArrayList<>();
    for (Element path : elements(document, "path")) {
      String title = path.getTextContent();
      drawn.add(title);
      String[] ends = title.split(" to ");
      String[] numbers = path.getAttribute("d").substring(1).split("[C ]");
      if (!ends[0].equals("input")) {
        Element from = circles.get(Integer.parseInt(ends[0]));
        assertEquals(from.getAttribute("cx"), numbers[0], title);
        assertEquals(from.getAttribute("cy"), numbers[1], title);
      }
      if (!ends[1].equals("output")) {
        Element to = circles.get(Integer.parseInt(ends[1]));
        assertEquals(to.getAttribute("cx"), numbers[numbers.length - 2], title);
        assertEquals(to.getAttribute("cy"), numbers[numbers.length - 1], title);
      }
    }
    assertEquals(expected.stream().sorted().toList(), drawn.stream().sorted().toList());
  }

  @ParameterizedTest
  @MethodSource("graphs")
  void nodesStandByLevelInsideThePictureAndApart(Dag dag) throws Exception {
    Document document = parse(WiringPlot.svg(List.of(new Stage("a", dag))));
    Element svg = document.getDocumentElement();
    List<Element> circles = elements(document, "circle");
    assertEquals(dag.nodes(), circles.size());
    int[] levels = dag.levels();
    for (int i = 0; i < circles.size(); i++) {
      Element a = circles.get(i);
      double radius = number(a, "r");
      assertTrue(number(a, "cx") > radius && number(a, "cx") < number(svg, "width") - radius);
      assertTrue(number(a, "cy") > radius && number(a, "cy") < number(svg, "height") - radius);
      for (int j = 0; j < i; j++) {
        Element b = circles.get(j);
        assertEquals(
            Integer.signum(levels[i] - levels[j]),
            (int) Math.signum(number(a, "cx") - number(b, "cx")),
            i + " and " + j);
        double distance =
            Math.hypot(number(a, "cx") - number(b, "cx"), number(a, "cy") - number(b, "cy"));
        assertTrue(distance > 2 * radius, i + " and " + j + " are " + distance + " apart");
      }
    }
  }

  @Test
  void inputAndOutputAreSquaresOnBothSides() throws Exception {
    Dag dag = new WattsStrogatz(16, 4, 0.75).generateDag(1);
    Document document = parse(WiringPlot.svg(List.of(new Stage("a", dag), new Stage("b", dag))));
    assertEquals(4, elements(document, "rect").size());
  }

  @Test
  void aChainIsDrawnStraight() throws Exception {
    Dag chain = Dag.of(4, List.of(new Edge(0, 1), new Edge(1, 2), new Edge(2, 3)));
    Document document = parse(WiringPlot.svg(List.of(new Stage("chain", chain))));
    List<String> heights =
        elements(document, "circle").stream().map(c -> c.getAttribute("cy")).distinct().toList();
    assertEquals(1, heights.size(), heights.toString());
  }

  @Test
  void sameGraphsGiveTheSameText() {
    Stage first = new Stage("a", new ErdosRenyi(32, 0.2).generateDag(5));
    Stage second = new Stage("a", new ErdosRenyi(32, 0.2).generateDag(5));
    assertEquals(WiringPlot.svg(List.of(first)), WiringPlot.svg(List.of(second)));
  }

  @Test
  void labelsAreText() throws Exception {
    Document document =
        parse(WiringPlot.svg(List.of(new Stage("<b> & \"c\"", Dag.of(1, List.of())))));
    assertEquals("<b> & \"c\"", elements(document, "tspan").get(0).getTextContent());
  }

  @Test
  void whatCannotBeDrawnIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> WiringPlot.svg(List.of()));
    Stage huge = new Stage("huge", new ErdosRenyi(400, 0.5).generateDag(1));
    assertThrows(IllegalArgumentException.class, () -> WiringPlot.svg(List.of(huge)));
  }
}
