// The explorer: one place (learning rate, seed, checkpoint, region, structure) is
// chosen, and matrix, block matrix and scores show it together. Words go to the page
// as text only.
"use strict";

(() => {
  const byId = (id) => document.getElementById(id);
  const SCORES = ["diagonal_score", "modularity", "structure_strength"];
  const UNDEFINED = -32768;

  // ---- light and dark ----

  const darkOutside = matchMedia("(prefers-color-scheme: dark)");
  const theme = byId("theme");
  const isDark = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : darkOutside.matches;
  };
  const nameTheme = () => {
    theme.textContent = isDark() ? "Light colours" : "Dark colours";
  };
  theme.hidden = false;
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    nameTheme();
  });
  darkOutside.addEventListener("change", nameTheme);
  nameTheme();

  const source = byId("explorer-data");
  if (!source) return;

  // ---- reading the data ----

  const facts = JSON.parse(source.textContent);
  const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const numbersOf = (text, bits) => {
    const bytes = bytesOf(text);
    return bits === 8 ? new Int8Array(bytes.buffer) : new Int16Array(bytes.buffer);
  };
  const isSweep = facts.kind === "sweep";
  const last = Math.max(facts.checkpoints.length - 1, 0);
  const possible = facts.possible === null ? null : bytesOf(facts.possible);
  const mayExist = (pre, post) => {
    if (possible === null) return true;
    const bit = pre * facts.names.length + post;
    return Boolean((possible[bit >> 3] >> (7 - (bit & 7))) & 1);
  };
  const colorMaps = Object.fromEntries(
    Object.entries(facts.maps).map(([name, text]) => [name, bytesOf(text)]),
  );

  // What a number stands for, and how far the weight can be from it.
  const decode = (number, code) =>
    (Math.sign(number) * code.max * Math.abs(number) ** code.power) /
    code.levels ** code.power;
  const errorOf = (number, code) =>
    code.exact
      ? 0
      : decode(Math.abs(number) + 0.5, code) - decode(Math.abs(number), code);

  const memo = (make) => {
    const made = new Map();
    return (key) => {
      if (!made.has(key)) made.set(key, make(key));
      return made.get(key);
    };
  };
  const numbersOfMatrix = memo((index) => {
    const code = facts.matrices[index];
    const numbers = numbersOf(code.data, code.bits);
    if (code.places === undefined) return numbers;
    const all = new numbers.constructor(code.size);
    new Uint32Array(bytesOf(code.places).buffer).forEach((at, i) => {
      all[at] = numbers[i];
    });
    return all;
  });
  const labelsOf = memo((key) => numbersOf(facts.partitions[key].labels, 16));

  // ---- what is shown ----

  const place = { rate: 0, seed: 0, checkpoint: last, region: 0, structure: 0 };
  const look = { order: "module", scale: "own" };
  const cursor = { matrix: null, blocks: null };

  const runKey = () => `${place.rate},${place.seed}`;
  const stateKey = (rate, seed, checkpoint) =>
    `${rate},${seed},${checkpoint},${place.region},${place.structure}`;
  const partitionKey = () => `${runKey()},${place.region},${place.structure}`;
  const stateNow = () =>
    facts.states[stateKey(place.rate, place.seed, place.checkpoint)];
  const regionNow = () => facts.regions[place.region];

  // Weights of the region as sorted, with the error of each: a value is a sum or a
  // difference of what two matrices have.
  const weightsNow = () => {
    const index = facts.weights[`${runKey()},${place.checkpoint}`];
    if (index === undefined) return null;
    const { is_change: isChange, neurons } = regionNow();
    const start = isChange ? facts.weights[`${runKey()},0`] : undefined;
    if (isChange && start === undefined) return null;
    const n = facts.names.length;
    const parts = [[1, index], ...(isChange ? [[-1, start]] : [])].map(([sign, i]) => ({
      sign,
      code: facts.matrices[i],
      numbers: numbersOfMatrix(i),
    }));
    return {
      value: (pre, post) => {
        const at = neurons[pre] * n + neurons[post];
        return parts.reduce((sum, p) => sum + p.sign * decode(p.numbers[at], p.code), 0);
      },
      error: (pre, post) => {
        const at = neurons[pre] * n + neurons[post];
        return parts.reduce((sum, p) => sum + errorOf(p.numbers[at], p.code), 0);
      },
      mayExist: (pre, post) => mayExist(neurons[pre], neurons[post]),
    };
  };

  const orderNow = (labels) => {
    const { neurons } = regionNow();
    const group = (i) => (facts.groups === null ? 0 : facts.groups.of[neurons[i]]);
    const first = {
      module: (i) => [labels[i], group(i)],
      group: (i) => [group(i), labels[i]],
      original: () => [0, 0],
    }[look.order];
    return neurons
      .map((_, i) => [...first(i), i])
      .sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2])
      .map((keys) => keys[2]);
  };

  // ---- drawing ----

  const paint = (pixels, at, value, limit, isSigned) => {
    const share = Math.max(-1, Math.min(1, limit > 0 ? value / limit : 0));
    const map = colorMaps[isSigned ? "RdBu_r" : "magma_r"];
    const step = Math.round(255 * (isSigned ? (share + 1) / 2 : Math.max(share, 0)));
    pixels.set([map[3 * step], map[3 * step + 1], map[3 * step + 2], 255], 4 * at);
  };
  const paintNothing = (pixels, at) => pixels.set([230, 230, 230, 255], 4 * at);

  const drawn = { matrix: null, blocks: null }; // what is under the pointer

  const contextOf = (canvas) => canvas.getContext("2d", { willReadFrequently: true });
  const sharpen = (canvas, size) => {
    if (canvas.width !== size) canvas.width = canvas.height = size;
    const context = contextOf(canvas);
    context.imageSmoothingEnabled = false;
    context.clearRect(0, 0, size, size);
    return context;
  };

  const putImage = (context, n, edge, size, fill) => {
    const image = new ImageData(n, n);
    for (let row = 0; row < n; row += 1) {
      for (let column = 0; column < n; column += 1) fill(image.data, row, column);
    }
    const small = document.createElement("canvas");
    small.width = small.height = n;
    small.getContext("2d").putImageData(image, 0, 0);
    context.drawImage(small, edge, edge, size - edge, size - edge);
  };

  const say = (context, size, words) => {
    context.fillStyle = "#444444";
    context.font = `${size / 24}px sans-serif`;
    context.textAlign = "center";
    words.forEach((line, i) =>
      context.fillText(line, size / 2, size / 2 + (i * size) / 18),
    );
  };

  const ranksOf = (values) => {
    const sizes = Float64Array.from(values.filter((v) => v !== 0), Math.abs).sort();
    const rank = (size) => {
      let low = 0;
      let high = sizes.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (sizes[middle] <= size) low = middle + 1;
        else high = middle;
      }
      return low / sizes.length;
    };
    return (value) => (value === 0 ? 0 : Math.sign(value) * rank(Math.abs(value)));
  };

  const limitNow = (state) => {
    if (look.scale === "rank") return 1;
    if (look.scale === "own") return state.limit;
    const kind = `,${place.region},${place.structure}`;
    return Math.max(
      ...Object.entries(facts.states)
        .filter(([key]) => key.endsWith(kind))
        .map(([, other]) => other.limit),
    );
  };

  const colorOf = (partition, module) =>
    facts.palette[partition.ids[module] % facts.palette.length];

  const isLight = (color) => {
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
    return 0.299 * r + 0.587 * g + 0.114 * b > 115;
  };

  const drawMatrix = (state) => {
    const canvas = byId("matrix");
    const { neurons } = regionNow();
    const n = neurons.length;
    const size = Math.max(680, n + Math.ceil(n / 20));
    const context = sharpen(canvas, size);
    drawn.matrix = null;
    const weights = state ? weightsNow() : null;
    if (weights === null) {
      say(context, size, sayWhyNot(state));
      return;
    }
    const partition = facts.partitions[partitionKey()];
    const labels = labelsOf(partitionKey());
    const order = orderNow(labels);
    const edge = Math.round(size / 22);
    const strip = Math.round(edge * 0.8);
    const cell = (size - edge) / n;
    const values = new Float64Array(n * n);
    let isSigned = false;
    order.forEach((pre, row) =>
      order.forEach((post, column) => {
        const value = weights.value(pre, post);
        values[row * n + column] = value;
        isSigned ||= value < 0;
      }),
    );
    const limit = limitNow(state);
    const shown = look.scale === "rank" ? values.map(ranksOf(values)) : values;
    putImage(context, n, edge, size, (pixels, row, column) => {
      const at = row * n + column;
      if (weights.mayExist(order[row], order[column])) {
        paint(pixels, at, shown[at], limit, isSigned);
      } else paintNothing(pixels, at);
    });
    order.forEach((neuron, i) => {
      context.fillStyle = colorOf(partition, labels[neuron]);
      const [from, to] = [i, i + 1].map((border) => Math.round(edge + border * cell));
      context.fillRect(0, from, strip, to - from);
      context.fillRect(from, 0, to - from, strip);
    });
    if (look.order === "module") {
      context.strokeStyle = "#000000";
      context.lineWidth = Math.max(1, Math.round(size / 680)); // of what is seen
      for (let i = 1; i < n; i += 1) {
        if (labels[order[i]] !== labels[order[i - 1]]) {
          const at = Math.round(edge + i * cell) + 0.5;
          context.strokeRect(edge, at, size - edge, 0);
          context.strokeRect(at, edge, 0, size - edge);
        }
      }
    }
    drawn.matrix = { n, edge, size, order, labels, weights };
    mark("matrix", context);
    drawKey("matrix", isSigned, look.scale === "rank" ? "largest" : number(limit));
  };

  const sayWhyNot = (state) => {
    const run = facts.runs[runKey()];
    if (isSweep && run === undefined) return ["this run has not ended"];
    if (run?.diverged) return ["this run diverged", `at step ${run.diverged_at}`];
    if (!state) return ["scores of this step", "are not on this page"];
    return ["too large to be on this page;", "blocks and scores are here"];
  };

  const drawBlocks = (state) => {
    const canvas = byId("blocks");
    const size = 400;
    const context = sharpen(canvas, size);
    drawn.blocks = null;
    if (!state) return;
    const partition = facts.partitions[partitionKey()];
    const k = partition.n_modules;
    const code = state.blocks;
    const numbers = numbersOf(code.data, code.bits);
    const isSigned = numbers.some((number) => number < 0 && number !== UNDEFINED);
    const means = Array.from(numbers.filter((number) => number !== UNDEFINED), (number) =>
      Math.abs(decode(number, code)),
    );
    const limit = Math.max(0, ...means) || 1;
    const edge = Math.round(size / 14);
    putImage(context, k, edge, size, (pixels, row, column) => {
      const at = row * k + column;
      if (numbers[at] === UNDEFINED) paintNothing(pixels, at);
      else paint(pixels, at, decode(numbers[at], code), limit, isSigned);
    });
    const cell = (size - edge) / k;
    context.font = `bold ${edge * 0.55}px sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    const strip = edge * 0.8;
    for (let module = 0; module < k; module += 1) {
      const at = edge + module * cell;
      const color = colorOf(partition, module);
      context.fillStyle = color;
      context.fillRect(0, at, strip, cell);
      context.fillRect(at, 0, cell, strip);
      if (cell >= edge * 0.6) {
        context.fillStyle = isLight(color) ? "#000000" : "#ffffff";
        context.fillText(module, strip / 2, at + cell / 2);
        context.fillText(module, at + cell / 2, strip / 2);
      }
    }
    drawn.blocks = { n: k, edge, size, numbers, code };
    mark("blocks", context);
    drawKey("blocks", isSigned, number(limit));
  };

  const drawKey = (which, isSigned, high) => {
    const context = byId(`${which}-key`).getContext("2d");
    const image = new ImageData(256, 1);
    for (let i = 0; i < 256; i += 1) {
      paint(image.data, i, isSigned ? (2 * i) / 255 - 1 : i / 255, 1, isSigned);
    }
    context.putImageData(image, 0, 0);
    write(`${which}-low`, isSigned ? `\u2212${high}` : "0");
    write(`${which}-high`, high);
  };

  // ---- words ----

  const number = (value, digits = 3) => {
    if (value === null || !Number.isFinite(value)) return "undefined";
    return String(Number(value.toPrecision(digits))).replace("-", "\u2212");
  };
  const signed = (value) => {
    if (value === null) return "undefined";
    const rounded = Math.abs(value) < 1e-9 ? 0 : value; // the rest is rounding
    return (rounded > 0 ? "+" : "") + number(rounded);
  };
  const write = (id, words) => {
    const element = byId(id);
    if (element && element.textContent !== words) element.textContent = words;
  };

  const neuronWords = (i) => {
    const neuron = regionNow().neurons[i];
    const labels = drawn.matrix.labels;
    const group =
      facts.groups === null ? "" : `, ${facts.groups.names[facts.groups.of[neuron]]}`;
    return `${facts.names[neuron]} (module ${labels[i]}${group})`;
  };

  const readOut = (which) => {
    const at = cursor[which];
    const it = drawn[which];
    if (at === null || it === null) return;
    if (which === "blocks") {
      const value = it.numbers[at.row * it.n + at.column];
      const mean = value === UNDEFINED ? "no synapse may exist" : number(decode(value, it.code));
      write("readout", `From module ${at.row} to module ${at.column}: mean ${regionNow().unit} ${mean}`);
      return;
    }
    const [pre, post] = [it.order[at.row], it.order[at.column]];
    const error = it.weights.error(pre, post);
    const about = error > 0 ? ` \u00b1 ${number(error, 1)}` : "";
    const weight = it.weights.mayExist(pre, post)
      ? `${regionNow().unit} ${number(it.weights.value(pre, post))}${about}`
      : "no synapse may exist";
    write("readout", `From ${neuronWords(pre)} to ${neuronWords(post)}: ${weight}`);
  };

  const writeScores = (state) => {
    for (const name of SCORES) {
      const score = state?.scores[name];
      write(name, score ? signed(score.value) : "\u2013");
      write(`${name}-band`, score?.band ? score.band.map(signed).join(" to ") : "\u2013");
      write(`${name}-tested`, score?.tested ?? "\u2013");
    }
    const run = facts.runs[runKey()];
    const words = [];
    if (state) {
      const k = facts.partitions[partitionKey()].n_modules;
      words.push(`${k} module${k === 1 ? "" : "s"}`);
      if (isSweep && place.checkpoint !== last) {
        words.push("modules are those found at the end of training; not tested at this step");
      }
    } else words.push(sayWhyNot(state).join(" "));
    if (run && !run.diverged) {
      const [loss, accuracy] = [run.loss[place.checkpoint], run.accuracy[place.checkpoint]];
      if (loss != null) words.push(`held-out loss ${number(loss)}`);
      if (accuracy != null) words.push(`held-out accuracy ${number(100 * accuracy)} %`);
    }
    write("state", `${words.join("; ")}.`);
  };

  // ---- chart of the diagonal score ----

  const shape = (kind, attributes, words) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", kind);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (words !== undefined) element.textContent = words;
    return element;
  };

  const drawChart = () => {
    const chart = byId("chart");
    if (!chart) return;
    const statesAt = facts.rates.map((_, rate) =>
      facts.seeds
        .map((_, seed) => [seed, facts.states[stateKey(rate, seed, last)]])
        .filter(([, state]) => state && state.scores.diagonal_score.value !== null),
    );
    const scoresAt = statesAt.map((states) => states.map(([seed, s]) => [seed, s.scores.diagonal_score]));
    const all = scoresAt.flat().flatMap(([, s]) => [s.value, ...(s.band ?? [])]).concat(0);
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const room = (high - low || 1) * 0.1;
    const x = (rate) => 60 + (440 * (rate + 0.5)) / facts.rates.length;
    const y = (value) => 10 + (130 * (high + room - value)) / (high - low + 2 * room || 1);
    const parts = [];
    scoresAt.forEach((scores, rate) => {
      const bands = scores.flatMap(([, s]) => s.band ?? []);
      if (bands.length) {
        const top = y(Math.max(...bands));
        const height = Math.max(y(Math.min(...bands)) - top, 1);
        parts.push(shape("rect", { class: "band", x: x(rate) - 18, y: top, width: 36, height }));
      }
    });
    parts.push(shape("path", { class: "axis", d: `M60 ${y(0)}H500M60 10V140` }));
    const ticks = [0, low, high].filter((v, i) => i === 0 || Math.abs(y(v) - y(0)) > 14);
    for (const value of ticks) {
      parts.push(shape("text", { x: 54, y: y(value) + 4, "text-anchor": "end" }, signed(Number(value.toFixed(3)))));
    }
    scoresAt.forEach((scores, rate) => {
      parts.push(shape("text", { x: x(rate), y: 160, "text-anchor": "middle" }, number(facts.rates[rate])));
      for (const [seed, score] of scores) {
        const spot = { cx: x(rate), cy: y(score.value) };
        parts.push(shape("circle", { class: "run", r: 3.5, ...spot }));
        if (rate === place.rate && seed === place.seed) {
          parts.push(shape("circle", { class: "here", r: 8, ...spot }));
        }
      }
    });
    chart.replaceChildren(...parts);
  };

  // ---- pointing ----

  const mark = (which, context) => {
    const at = cursor[which];
    const it = drawn[which];
    if (at === null || it === null) return;
    at.row = Math.min(at.row, it.n - 1);
    at.column = Math.min(at.column, it.n - 1);
    const cell = (it.size - it.edge) / it.n;
    const side = Math.max(cell, 6);
    const x = it.edge + (at.column + 0.5) * cell - side / 2;
    const y = it.edge + (at.row + 0.5) * cell - side / 2;
    for (const [color, width] of [["#ffffff", 5], ["#000000", 2]]) {
      context.strokeStyle = color;
      context.lineWidth = width;
      context.strokeRect(x, y, side, side);
    }
  };

  const draw = { matrix: drawMatrix, blocks: drawBlocks };
  const images = { matrix: null, blocks: null }; // without the mark

  const redraw = (which) => {
    const canvas = byId(which);
    const kept = cursor[which];
    cursor[which] = null;
    draw[which](stateNow());
    const context = contextOf(canvas);
    images[which] = context.getImageData(0, 0, canvas.width, canvas.height);
    cursor[which] = kept;
    mark(which, context);
  };

  const point = (which, row, column) => {
    const it = drawn[which];
    if (it === null) return;
    const within = (i) => Math.max(0, Math.min(it.n - 1, i));
    cursor[which] = { row: within(row), column: within(column) };
    const context = contextOf(byId(which));
    context.putImageData(images[which], 0, 0);
    mark(which, context);
    readOut(which);
  };

  for (const which of ["matrix", "blocks"]) {
    const canvas = byId(which);
    canvas.addEventListener("pointermove", (event) => {
      const it = drawn[which];
      if (it === null) return;
      const box = canvas.getBoundingClientRect();
      const at = (offset, length) =>
        Math.floor((((offset / length) * it.size - it.edge) / (it.size - it.edge)) * it.n);
      point(which, at(event.clientY - box.top, box.height), at(event.clientX - box.left, box.width));
    });
    canvas.addEventListener("focus", () => {
      if (cursor[which] === null) point(which, 0, 0);
    });
    canvas.addEventListener("keydown", (event) => {
      const it = drawn[which];
      const step = event.shiftKey ? 10 : 1;
      const moves = {
        ArrowUp: [-step, 0],
        ArrowDown: [step, 0],
        ArrowLeft: [0, -step],
        ArrowRight: [0, step],
        Home: [-Infinity, -Infinity],
        End: [Infinity, Infinity],
      };
      if (it === null || !(event.key in moves)) return;
      event.preventDefault();
      const at = cursor[which] ?? { row: 0, column: 0 };
      const [down, right] = moves[event.key];
      point(which, at.row + down, at.column + right);
    });
  }

  // ---- choosing ----

  const showAll = () => {
    const region = regionNow();
    write("rate-value", number(facts.rates[place.rate] ?? 0));
    write("checkpoint-value", String(facts.checkpoints[place.checkpoint]));
    byId("rate")?.setAttribute("aria-valuetext", `learning rate ${facts.rates[place.rate]}`);
    byId("checkpoint")?.setAttribute("aria-valuetext", `step ${facts.checkpoints[place.checkpoint]}`);
    const by = { module: "module", group: facts.group_name, original: "original order" };
    write("matrix-title", `${region.is_change ? "Weight changes" : "Weights"}, ${region.title}, by ${by[look.order]}`.replace("by original", "in original"));
    write("blocks-title", `Mean ${region.unit} of blocks, ${facts.structures[place.structure]}`);
    redraw("matrix");
    redraw("blocks");
    writeScores(stateNow());
    drawChart();
    readOut("matrix");
  };

  for (const name of Object.keys(place)) {
    byId(name)?.addEventListener("input", (event) => {
      place[name] = Number(event.target.value);
      showAll();
    });
  }
  for (const name of Object.keys(look)) {
    byId(name)?.addEventListener("input", (event) => {
      look[name] = event.target.value;
      showAll();
    });
  }

  byId("explorer-body").hidden = false;
  showAll();
})();
