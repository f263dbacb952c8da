// The map of a study: a measure, region and kind of modules is chosen, and the means of
// all settings are shown against the learning rate, one of them with its intervals.
"use strict";

(() => {
  const source = byId("explorer-data");
  if (!source) return;
  const facts = JSON.parse(source.textContent);
  const place = { measure: 0, region: 0, structure: 0, comparison: 0, setting: 0 };
  let cursor = null; // position among the rates of the setting that is chosen

  const curveOf = (setting) =>
    facts.curves[
      [setting, place.region, place.structure, place.measure, place.comparison].join(",")
    ];
  const shape = (kind, attributes, words) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", kind);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (words !== undefined) element.textContent = words;
    return element;
  };

  let spots = []; // of every mean: where it is, and what of

  const draw = () => {
    const chart = byId("map");
    const curves = facts.settings.map((_, setting) => curveOf(setting));
    const some = curves.filter(Boolean);
    spots = [];
    if (!some.length) {
      chart.replaceChildren(shape("text", { x: 310, y: 150, "text-anchor": "middle" }, "not measured"));
      return;
    }
    const chosen = curves[place.setting];
    const rates = some.flatMap((curve) => curve.rates);
    const values = some
      .flatMap((curve) => curve.means)
      .concat((chosen?.intervals ?? []).flat(), 0)
      .filter((value) => value !== null);
    const [first, last] = [Math.log10(Math.min(...rates)), Math.log10(Math.max(...rates))];
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const room = (high - low || 1) * 0.06;
    const x = (rate) => 70 + (520 * (Math.log10(rate) - first)) / (last - first || 1);
    const y = (value) => 10 + (240 * (high + room - value)) / (high - low + 2 * room);
    const parts = [shape("path", { class: "axis", d: `M70 ${y(0)}H600M70 10V250` })];
    const ticks = [0, low, high].filter((v, i) => i === 0 || Math.abs(y(v) - y(0)) > 14);
    for (const value of ticks) {
      parts.push(shape("text", { x: 64, y: y(value) + 4, "text-anchor": "end" }, signed(value)));
    }
    for (let decade = Math.ceil(first); decade <= last; decade += 1) {
      parts.push(shape("text", { x: x(10 ** decade), y: 270, "text-anchor": "middle" }, number(10 ** decade)));
      parts.push(shape("path", { class: "axis", d: `M${x(10 ** decade)} 250v5` }));
    }
    parts.push(shape("text", { x: 330, y: 292, "text-anchor": "middle" }, "learning rate"));
    const order = curves.map((_, setting) => setting).filter((one) => one !== place.setting);
    for (const setting of [...order, place.setting]) {
      const curve = curves[setting];
      if (!curve) continue;
      const isChosen = setting === place.setting;
      const points = curve.rates
        .map((rate, i) => [rate, curve.means[i], i])
        .filter(([, mean]) => mean !== null);
      const line = points.map(([rate, mean]) => `${x(rate)} ${y(mean)}`).join("L");
      parts.push(shape("path", { class: isChosen ? "chosen" : "other", d: `M${line}` }));
      for (const [rate, mean, i] of points) {
        const [from, to] = curve.intervals[i] ?? [null, null];
        if (isChosen && from !== null) {
          parts.push(shape("path", { class: "chosen", d: `M${x(rate)} ${y(from)}V${y(to)}` }));
        }
        parts.push(shape("circle", { class: isChosen ? "run" : "dot", cx: x(rate), cy: y(mean), r: isChosen ? 4 : 2.5 }));
        spots.push({ x: x(rate), y: y(mean), setting, i });
      }
    }
    const here = spots.find((spot) => spot.setting === place.setting && spot.i === cursor);
    if (here) parts.push(shape("circle", { class: "here", cx: here.x, cy: here.y, r: 8 }));
    chart.replaceChildren(...parts);
  };

  const meanWords = (setting, i) => {
    const curve = curveOf(setting);
    const [from, to] = curve.intervals[i] ?? [null, null];
    const interval = from === null ? "" : ` (${signed(from)} to ${signed(to)})`;
    return `${facts.settings[setting]}, learning rate ${number(curve.rates[i])}: ${facts.measure_names[place.measure]} = ${signed(curve.means[i])}${interval}`;
  };

  const writeSlopes = () => {
    const lines = facts.settings.map((name, setting) => {
      const curve = curveOf(setting);
      const line = document.createElement("tr");
      if (setting === place.setting) line.className = "chosen-row";
      const range = curve?.interval[0] == null ? "\u2013" : curve.interval.map(signed).join(" to ");
      line.append(
        tableCell("th", name),
        tableCell("td", curve ? String(curve.seeds) : "\u2013", true),
        tableCell("td", curve?.slope == null ? "\u2013" : signed(curve.slope), true),
        tableCell("td", range, true),
        tableCell("td", curve ? curve.words : "not measured"),
      );
      line.addEventListener("click", () => choose("setting", setting));
      return line;
    });
    byId("slopes-body").replaceChildren(...lines);
  };

  const showAll = () => {
    const curve = curveOf(place.setting);
    if (cursor !== null && (!curve || curve.means[cursor] == null)) cursor = null;
    write("map-title", `${facts.measure_names[place.measure]}, ${facts.region_names[place.region]}, ${facts.structure_names[place.structure]}, at equal ${facts.comparison_names[place.comparison]}`);
    draw();
    writeSlopes();
    write("readout", cursor === null ? "" : meanWords(place.setting, cursor));
    byId("permalink").href = `#explorer?${new URLSearchParams(place)}`;
  };

  const choose = (name, value) => {
    place[name] = value;
    byId(name).value = value;
    showAll();
  };

  for (const name of Object.keys(place)) {
    byId(name).addEventListener("input", (event) => choose(name, Number(event.target.value)));
  }
  byId("map").addEventListener("pointermove", (event) => {
    const box = byId("map").getBoundingClientRect();
    const [x, y] = [
      ((event.clientX - box.left) / box.width) * 620,
      ((event.clientY - box.top) / box.height) * 300,
    ];
    const away = (spot) => (spot.x - x) ** 2 + (spot.y - y) ** 2;
    const nearest = spots.reduce((best, spot) => (best && away(best) <= away(spot) ? best : spot), null);
    if (nearest && away(nearest) < 400) write("readout", meanWords(nearest.setting, nearest.i));
  });
  byId("map").addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const turn = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step && !turn) return;
    event.preventDefault();
    const n = facts.settings.length;
    if (turn) choose("setting", (place.setting + turn + n) % n);
    const known = spots.filter((spot) => spot.setting === place.setting).map((spot) => spot.i);
    if (!known.length) return;
    const at = known.indexOf(cursor);
    cursor = known[Math.max(0, Math.min(known.length - 1, at < 0 ? 0 : at + (step ?? 0)))];
    showAll();
  });

  const readPlace = () => {
    const [, words] = location.hash.split("#explorer?");
    if (words === undefined) return false;
    for (const [name, value] of new URLSearchParams(words)) {
      if (!(name in place)) continue;
      byId(name).value = value;
      if (byId(name).value === value) place[name] = Number(value);
      else byId(name).value = place[name];
    }
    return true;
  };
  addEventListener("hashchange", () => {
    if (readPlace()) showAll();
  });

  byId("explorer-body").hidden = false;
  readPlace();
  showAll();
})();
