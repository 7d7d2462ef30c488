// A plain text editor with line numbers and marks on the lines that are wrong.
import { fill, h } from "./dom.js";

const most = 3000; // lines that get an element each; the OpenAPI document of a real API has many more

// editor returns {element, text, onchange, mark(issues), goto(line, column)}.
export function editor(text, label) {
  const area = h("textarea", {
    value: text, spellcheck: "false", wrap: "off", autocapitalize: "off", autocomplete: "off", "aria-label": `Text of ${label}`,
  });
  const gutter = h("div", { class: "gutter", "aria-hidden": "true" });
  const self = {
    element: h("div", { class: "editor" }, gutter, area),
    onchange: () => {},
    get text() { return area.value; },
    set text(value) {
      area.value = value;
      number();
    },
    mark(issues) {
      wrong = new Map(issues.filter((i) => i.line).map((i) => [i.line, i.message]));
      number();
    },
    goto(line, column) {
      const lines = area.value.split("\n");
      const before = lines.slice(0, line - 1).reduce((sum, l) => sum + l.length + 1, 0);
      // Columns count characters, a textarea counts UTF-16 units.
      const at = before + [...(lines[line - 1] ?? "")].slice(0, Math.max(0, column - 1)).join("").length;
      area.focus();
      area.setSelectionRange(at, at + 1);
      area.scrollTop = Math.max(0, (line - 5) * lineHeight());
      gutter.scrollTop = area.scrollTop;
    },
  };
  let wrong = new Map();
  let numbered = 0;
  const lines = () => area.value.split("\n").length;
  const lineHeight = () => parseFloat(getComputedStyle(area).lineHeight) || 20;
  const number = () => {
    const count = lines();
    const numbers = Array.from({ length: count }, (_, i) => i + 1);
    if (count > most) fill(gutter, h("span", { class: "plain" }, numbers.join("\n")));
    else fill(gutter, numbers.map((n) => h("span", wrong.has(n) ? { class: "wrong", title: wrong.get(n) } : {}, n)));
    numbered = count;
    gutter.scrollTop = area.scrollTop;
  };
  area.addEventListener("scroll", () => { gutter.scrollTop = area.scrollTop; });
  area.addEventListener("input", () => {
    if (numbered !== lines()) number();
    self.onchange();
  });
  number();
  return self;
}
