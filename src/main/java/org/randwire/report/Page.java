// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

/** A self-contained HTML page: style, charts and data inside, light and dark, fit for print. */
final class Page {

  private static final String STYLE =
      """
      :root { color-scheme: light dark; --text: #1f2730; --soft: #566270; --back: #ffffff; --card: #f6f8fa; --line: #d9dfe6; --accent: #0b68a8; --good: #0a7a5c; --warn: #9a5b00; %s }
      @media (prefers-color-scheme: dark) { @media not print { :root { --text: #dde4eb; --soft: #9aa7b4; --back: #14191f; --card: #1c232b; --line: #323c47; --accent: #6cbcf5; --good: #4fd0a5; --warn: #f0b254; %s } } }
      * { box-sizing: border-box }
      html { -webkit-text-size-adjust: 100%% }
      body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.55 system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif }
      main { max-width: 1240px; margin: 0 auto; padding: 32px 24px 64px }
      h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere }
      h2 { font-size: 1.25rem; margin: 44px 0 12px; padding-top: 12px; border-top: 1px solid var(--line) }
      p, li { max-width: 84ch }
      .soft { color: var(--soft) }
      .findings { background: var(--card); border-left: 4px solid var(--accent); border-radius: 4px; padding: 14px 20px; margin: 22px 0 }
      .findings p { margin: 6px 0 }
      .scroll { overflow-x: auto }
      table { border-collapse: collapse; font-size: 0.86rem; font-variant-numeric: tabular-nums; min-width: 40%% }
      caption { text-align: left; color: var(--soft); padding: 0 0 8px; max-width: 84ch }
      th, td { padding: 5px 8px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line) }
      th { font-weight: 600; color: var(--soft); border-bottom: 2px solid var(--line); vertical-align: bottom; white-space: normal; max-width: 7em }
      th.text, td.text { text-align: left }
      tbody tr:hover { background: var(--card) }
      .yes { color: var(--good); font-weight: 600 }
      .swatch { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 8px }
      .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(540px, 100%%), 1fr)); gap: 28px 26px }
      figure { margin: 0; min-width: 0 }
      figure svg { display: block; width: 100%%; min-width: 480px; height: auto; max-width: 760px }
      figcaption { color: var(--soft); font-size: 0.88rem; margin-top: 4px; max-width: 72ch }
      figcaption .data { white-space: nowrap }
      a { color: var(--accent) }
      code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 0.9em; overflow-wrap: anywhere }
      pre { background: var(--card); padding: 12px 16px; overflow-x: auto; border-radius: 4px; white-space: pre-wrap }
      @media print { body { font-size: 9.5pt } main { padding: 0; max-width: none } .scroll { overflow: visible } table { font-size: 7pt } th, td { padding: 2px 4px } .swatch { margin-right: 3px } .charts { display: block } figure { display: inline-block; width: 48%%; margin: 0 1%% 12px 0; vertical-align: top } figure svg { min-width: 0 } figure, tr, .findings { break-inside: avoid } h2 { break-after: avoid; margin-top: 22px } figcaption .data { display: none } tbody tr:hover { background: none } }
      """
          .formatted(ChartStyle.light(), ChartStyle.dark());

  /** What a page adds to the style of wirings. */
  private static final String WIRINGS =
      """
      .wirings figure { margin: 18px 0 26px }
      .wirings figure svg.wiring { width: auto; min-width: 0; max-width: max(100%, 640px); height: auto }
      .wirings figcaption { max-width: none }
      @media print { .wirings figure { display: block; width: auto } .wirings figcaption { font-size: 8pt } .wirings figure svg.wiring { max-width: 100% } }
      """;

  private final StringBuilder body = new StringBuilder();
  private final String title;
  private String style = "";
  private String refresh = "";

  Page(String title, String subtitle) {
    this.title = title;
    body.append("<h1>").append(escape(title)).append("</h1>\n");
    body.append("<p class=\"soft\">").append(escape(subtitle)).append("</p>\n");
  }

  /** Has the browser load the page again every so many seconds. */
  Page refreshing(int seconds) {
    refresh = "<meta http-equiv=\"refresh\" content=\"" + seconds + "\">\n";
    return this;
  }

  static String escape(String text) {
    return SvgChart.escape(text);
  }

  Page heading(String text) {
    body.append("<h2>").append(escape(text)).append("</h2>\n");
    return this;
  }

  Page paragraph(String text) {
    body.append("<p>").append(escape(text)).append("</p>\n");
    return this;
  }

  Page findings(List<String> sentences) {
    body.append("<div class=\"findings\">\n");
    sentences.forEach(s -> body.append("<p>").append(escape(s)).append("</p>\n"));
    body.append("</div>\n");
    return this;
  }

  Page list(List<String> items) {
    body.append("<ul>\n");
    items.forEach(item -> body.append("<li>").append(escape(item)).append("</li>\n"));
    body.append("</ul>\n");
    return this;
  }

  Page code(String text) {
    body.append("<pre><code>").append(escape(text)).append("</code></pre>\n");
    return this;
  }

  /**
   * A cell of a table.
   *
   * @param text shown
   * @param style a class of the style sheet, or empty
   * @param colour index of a swatch in front, or -1
   */
  record Cell(String text, String style, int colour) {
    static Cell number(String text) {
      return new Cell(text, "", -1);
    }

    static Cell text(String text) {
      return new Cell(text, "text", -1);
    }

    static Cell named(String text, int colour) {
      return new Cell(text, "text", colour);
    }
  }

  Page table(String caption, List<Cell> header, List<List<Cell>> rows) {
    body.append("<div class=\"scroll\"><table>\n<caption>").append(escape(caption));
    body.append("</caption>\n<thead>");
    row("th", header);
    body.append("</thead>\n<tbody>\n");
    rows.forEach(cells -> row("td", cells));
    body.append("</tbody>\n</table></div>\n");
    return this;
  }

  private void row(String tag, List<Cell> cells) {
    body.append("<tr>");
    for (Cell cell : cells) {
      body.append('<').append(tag);
      if (!cell.style().isEmpty()) {
        body.append(" class=\"").append(cell.style()).append('"');
      }
      body.append('>');
      if (cell.colour() >= 0) {
        swatch(cell.colour());
      }
      body.append(escape(cell.text())).append("</").append(tag).append('>');
    }
    body.append("</tr>\n");
  }

  private void swatch(int colour) {
    body.append(
        "<span class=\"swatch\" style=\"background: var(--s%d)\"></span>"
            .formatted(colour % ChartStyle.colours()));
  }

  /** Charts beside each other, each with its data to save. */
  Page charts(List<Chart> charts) {
    body.append("<div class=\"charts\">\n");
    for (Chart chart : charts) {
      body.append("<figure id=\"").append(chart.id()).append("\">\n<div class=\"scroll\">");
      body.append(SvgChart.element(chart)).append("</div>\n<figcaption>");
      body.append(escape(chart.caption())).append(" <span class=\"data\">");
      download(chart.id() + ".csv", "text/csv", ChartData.csv(chart), "CSV");
      body.append(" · ");
      download(chart.id() + ".vl.json", "application/json", ChartData.vegaLite(chart), "Vega-Lite");
      body.append("</span></figcaption>\n</figure>\n");
    }
    body.append("</div>\n");
    return this;
  }

  /** Wirings below each other, each no wider than it is drawn. */
  Page wirings(List<Figure> figures) {
    style = WiringPlot.css() + WIRINGS;
    body.append("<div class=\"wirings\">\n");
    for (Figure figure : figures) {
      body.append("<figure>\n<div class=\"scroll\">").append(figure.svg()).append("</div>\n");
      body.append("<figcaption>");
      swatch(figure.colour());
      body.append(escape(figure.caption())).append("</figcaption>\n</figure>\n");
    }
    body.append("</div>\n");
    return this;
  }

  /**
   * A picture of a wiring.
   *
   * @param svg element; empty if there is a caption alone
   * @param caption below it
   * @param colour index of a swatch in front of the caption
   */
  record Figure(String svg, String caption, int colour) {}

  private void download(String file, String type, String content, String name) {
    String data = Base64.getEncoder().encodeToString(content.getBytes(StandardCharsets.UTF_8));
    body.append(
        "<a download=\"%s\" href=\"data:%s;base64,%s\">%s</a>".formatted(file, type, data, name));
  }

  String html() {
    return """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        %s<title>%s</title>
        <style>
        %s%s</style>
        </head>
        <body>
        <main>
        """
            .formatted(refresh, escape(title), STYLE, ChartStyle.css() + style)
        + body
        + "</main>\n</body>\n</html>\n";
  }
}
