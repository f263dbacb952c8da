// The explorer: one place (learning rate, seed, checkpoint, region, structure) is
// chosen, and matrix, block matrix and scores show it together. Words go to the page
// as text only.
"use strict";

(() => {
  const SCORES = [
    ["diagonal_score", "diagonal score D"],
    ["modularity", "signed modularity Q"],
    ["structure_strength", "structure strength S"],
  ];
  const MOST_PIXELS = 1500; // of a matrix on a side: of more neurons, means are drawn
  const MOST_FOUND = 8; // neurons that a search lists
  const UNDEFINED = -32768;

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
  // The numbers of a matrix: of one place, and of every place that is not zero.
  const matrixAt = memo((index) => {
    const code = facts.matrices[index];
    const numbers = numbersOf(code.data, code.bits);
    if (code.places === undefined) {
      const each = (see) => numbers.forEach((value, at) => value && see(at, value));
      return { code, get: (at) => numbers[at], each };
    }
    const places = new Uint32Array(bytesOf(code.places).buffer); // in order
    const get = (at) => {
      let low = 0;
      let high = places.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (places[middle] < at) low = middle + 1;
        else high = middle;
      }
      return places[low] === at ? numbers[low] : 0;
    };
    return { code, get, each: (see) => places.forEach((at, i) => see(at, numbers[i])) };
  });
  const labelsOf = memo((key) => numbersOf(facts.partitions[key].labels, 16));

  // ---- what is shown ----

  const place = { rate: 0, seed: 0, checkpoint: last, region: 0, structure: 0 };
  const look = { order: "module", scale: "rank" };
  const cursor = { matrix: null, blocks: null };
  let pin = null; // {pair: [row, column]}, {neuron: i} or {modules: [from, to]}

  const runKey = () => `${place.rate},${place.seed}`;
  const stateKey = (rate, seed, checkpoint) =>
    `${rate},${seed},${checkpoint},${place.region},${place.structure}`;
  const partitionKey = () => `${runKey()},${place.region},${place.structure}`;
  const stateNow = () =>
    facts.states[stateKey(place.rate, place.seed, place.checkpoint)];
  const regionNow = () => facts.regions[place.region];
  const nameOf = (i) => {
    const neuron = regionNow().neurons[i];
    return facts.names === null ? String(neuron) : facts.names[neuron];
  };
  const groupOf = (i) => (facts.groups === null ? 0 : facts.groups.of[regionNow().neurons[i]]);

  // Weights of the region as sorted, with the error of each: a value is a sum or a
  // difference of what two matrices have. `each` sees all that are not zero.
  const weightsNow = () => {
    const region = regionNow();
    const { is_change: isChange, neurons, matrix } = region;
    if (matrix !== undefined) {
      // a matrix of its own, of its neurons or of the tiles that pool them
      const n = region.tile_labels?.length ?? neurons.length;
      const { code, get, each } = matrixAt(matrix);
      return {
        n,
        value: (pre, post) => decode(get(pre * n + post), code),
        error: (pre, post) => errorOf(get(pre * n + post), code),
        mayExist: (pre, post) => region.tile_labels !== undefined || mayExist(pre, post),
        each: (see) =>
          each((at, value) => see(Math.floor(at / n), at % n, decode(value, code))),
      };
    }
    const index = facts.weights[`${runKey()},${place.checkpoint}`];
    if (index === undefined) return null;
    const start = isChange ? facts.weights[`${runKey()},0`] : undefined;
    if (isChange && start === undefined) return null;
    const n = facts.n_neurons;
    const parts = [[1, index], ...(isChange ? [[-1, start]] : [])].map(([sign, i]) => ({
      sign,
      ...matrixAt(i),
    }));
    const local = new Int32Array(n).fill(-1);
    neurons.forEach((neuron, i) => {
      local[neuron] = i;
    });
    return {
      n: neurons.length,
      value: (pre, post) => {
        const at = neurons[pre] * n + neurons[post];
        return parts.reduce((sum, p) => sum + p.sign * decode(p.get(at), p.code), 0);
      },
      error: (pre, post) => {
        const at = neurons[pre] * n + neurons[post];
        return parts.reduce((sum, p) => sum + errorOf(p.get(at), p.code), 0);
      },
      mayExist: (pre, post) => mayExist(neurons[pre], neurons[post]),
      each: (see) => {
        for (const { sign, code, each } of parts) {
          each((at, value) => {
            const [pre, post] = [local[Math.floor(at / n)], local[at % n]];
            if (pre >= 0 && post >= 0) see(pre, post, sign * decode(value, code));
          });
        }
      },
    };
  };

  const orderNow = (labels) => {
    const first = {
      module: (i) => [labels[i], groupOf(i)],
      group: (i) => [groupOf(i), labels[i]],
      original: () => [0, 0],
    }[look.order];
    return Array.from(regionNow().neurons, (_, i) => [...first(i), i])
      .sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2])
      .map((keys) => keys[2]);
  };

  // What stands on each row and column of the matrix that is drawn: one neuron, or as
  // many neighbours as there is room for. Large networks come pooled in tiles, in the
  // order of their first modules.
  const rowsNow = () => {
    const { neurons, tile_labels: tiles, tile_of: tileOf } = regionNow();
    const labels = labelsOf(partitionKey());
    if (tiles !== undefined) {
      const rowOf = numbersOf(tileOf, 16);
      const members = tiles.map(() => []);
      rowOf.forEach((row, i) => members[row].push(i));
      const order = tiles.map((_, i) => i);
      return { n: tiles.length, wide: 1, order, labels: tiles, members, rowOf, place: order, isPooled: true };
    }
    const order = orderNow(labels);
    const wide = Math.ceil(neurons.length / MOST_PIXELS);
    const n = Math.ceil(neurons.length / wide);
    const members = Array.from({ length: n }, (_, row) => order.slice(row * wide, (row + 1) * wide));
    const rowOf = new Int32Array(neurons.length);
    members.forEach((some, row) => some.forEach((i) => { rowOf[i] = row; }));
    return { n, wide, order, labels: members.map((some) => labels[some[0]]), members, rowOf, place: rowOf, isPooled: wide > 1 };
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

  // Values of the matrix that is drawn: weights, or their means over what is pooled.
  const valuesOf = (rows, weights) => {
    const { n, wide, members, place } = rows;
    const values = new Float64Array(n * n);
    weights.each((pre, post, value) => {
      values[place[pre] * n + place[post]] += value;
    });
    if (wide === 1) return values;
    return values.map((sum, at) => {
      const pairs = members[Math.floor(at / n)].length * members[at % n].length;
      return sum / pairs;
    });
  };

  const drawMatrix = (state) => {
    const canvas = byId("matrix");
    const weights = state ? weightsNow() : null;
    const rows = weights === null ? null : rowsNow();
    const n = rows?.n ?? 1;
    const size = Math.max(680, n + Math.ceil(n / 20));
    const context = sharpen(canvas, size);
    drawn.matrix = null;
    if (weights === null) {
      say(context, size, sayWhyNot(state));
      return;
    }
    const partition = facts.partitions[partitionKey()];
    const edge = Math.round(size / 22);
    const strip = Math.round(edge * 0.8);
    const cell = (size - edge) / n;
    const values = valuesOf(rows, weights);
    const isSigned = values.some((value) => value < 0);
    const pooledLimit = () => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const limit = look.scale !== "rank" && rows.isPooled ? pooledLimit() : limitNow(state);
    const shown = look.scale === "rank" ? values.map(ranksOf(values)) : values;
    const isOne = !rows.isPooled;
    putImage(context, n, edge, size, (pixels, row, column) => {
      const at = row * n + column;
      if (isOne && !weights.mayExist(rows.order[row], rows.order[column])) paintNothing(pixels, at);
      else paint(pixels, at, shown[at], limit, isSigned);
    });
    rows.labels.forEach((module, i) => {
      context.fillStyle = colorOf(partition, module);
      const [from, to] = [i, i + 1].map((border) => Math.round(edge + border * cell));
      context.fillRect(0, from, strip, to - from);
      context.fillRect(from, 0, to - from, strip);
    });
    if (look.order === "module" || rows.isPooled) {
      context.strokeStyle = "rgb(90 90 90 / 55%)";
      context.lineWidth = Math.max(1, Math.round(size / 680)); // of what is seen
      for (let i = 1; i < n; i += 1) {
        if (rows.labels[i] !== rows.labels[i - 1]) {
          const at = Math.round(edge + i * cell) + 0.5;
          context.strokeRect(edge, at, size - edge, 0);
          context.strokeRect(at, edge, 0, size - edge);
        }
      }
    }
    drawn.matrix = { n, edge, size, rows, weights, values };
    drawKey("matrix", isSigned, look.scale === "rank" ? "largest" : number(limit));
    const pooled = !rows.isPooled ? "" : ` Each pixel is the mean over the pairs of up to ${Math.max(...rows.members.map((some) => some.length))} ${facts.nodes} on a side.`;
    write("pooled-hint", pooled);
  };

  // All but what is pinned is faded.
  const fade = (which) => {
    const it = drawn[which];
    if (it === null || pin === null || pin.pair) return;
    const { n, edge, size } = it;
    let keeps;
    if (pin.neuron !== undefined) {
      const at = which === "matrix" ? it.rows.rowOf[pin.neuron] : labelsOf(partitionKey())[pin.neuron];
      keeps = (row, column) => row === at || column === at;
    } else {
      const [from, to] = pin.modules;
      const module = which === "matrix" ? (i) => it.rows.labels[i] : (i) => i;
      keeps = (row, column) =>
        to === null
          ? module(row) === from || module(column) === from
          : module(row) === from && module(column) === to;
    }
    const context = contextOf(byId(which));
    putImage(context, n, edge, size, (pixels, row, column) => {
      if (!keeps(row, column)) pixels.set([255, 255, 255, 175], 4 * (row * n + column));
    });
  };

  const sayWhyNot = (state) => {
    const run = facts.runs[runKey()];
    if (isSweep && run === undefined) return ["this run has not ended"];
    if (run?.diverged) return ["this run diverged", `at step ${run.diverged_at}`];
    if (!state) return isSweep ? ["scores of this step", "are not on this page"] : ["these modules are of another network"];
    return ["weights of this step are not on this page;", "blocks and scores are"];
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

  const groupWords = (i) =>
    facts.groups === null ? "" : `, ${facts.groups.names[groupOf(i)]}`;
  const neuronWords = (i) =>
    `${nameOf(i)} (module ${labelsOf(partitionKey())[i]}${groupWords(i)})`;
  const rowWords = (it, row) => {
    const some = it.rows.members[row];
    if (some.length === 1) return neuronWords(some[0]);
    return `${some.length} ${facts.nodes} from ${nameOf(some[0])} to ${nameOf(some.at(-1))} (module ${it.rows.labels[row]})`;
  };
  const between = (a, b) =>
    facts.is_directed ? `From ${a} to ${b}` : `Between ${a} and ${b}`;

  const pairWords = (it, row, column) => {
    const unit = regionNow().unit;
    if (it.rows.isPooled) {
      const mean = number(it.values[row * it.n + column]);
      return `${between(rowWords(it, row), rowWords(it, column))}: mean ${unit} ${mean}`;
    }
    const [pre, post] = [it.rows.order[row], it.rows.order[column]];
    const error = it.weights.error(pre, post);
    const about = error > 0 ? ` \u00b1 ${number(error, 1)}` : "";
    const weight = it.weights.mayExist(pre, post)
      ? `${unit} ${number(it.weights.value(pre, post))}${about}`
      : "no connection may exist";
    return `${between(neuronWords(pre), neuronWords(post))}: ${weight}`;
  };

  const moduleWords = (partition, module) =>
    partition.names ? `${module} ${partition.names[module]}` : `module ${module}`;

  const blockWords = (it, from, to) => {
    const value = it.numbers[from * it.n + to];
    const mean = value === UNDEFINED ? "no connection may exist" : number(decode(value, it.code));
    const partition = facts.partitions[partitionKey()];
    const ends = between(moduleWords(partition, from), moduleWords(partition, to));
    return `${ends}: ${regionNow().mean} ${mean}`;
  };

  // A neuron, and those with which it has the largest weights.
  const partnerWords = (i) => {
    const it = drawn.matrix;
    const start = `${neuronWords(i)}, row ${it.rows.rowOf[i] + 1} of the matrix.`;
    if (regionNow().tile_of !== undefined) return start;
    const [sent, received] = [[], []];
    it.weights.each((pre, post, value) => {
      if (pre === post || value === 0) return;
      if (pre === i) sent.push([value, post]);
      if (post === i) received.push([value, pre]);
    });
    const listed = (ends) =>
      ends
        .sort((a, b) => Math.abs(b[0]) - Math.abs(a[0]) || a[1] - b[1])
        .slice(0, 5)
        .map(([value, other]) => `${nameOf(other)} (${number(value)})`)
        .join(", ") || "none";
    if (!facts.is_directed) return `${start} Connected with ${sent.length}, the most with ${listed(sent)}.`;
    return `${start} Sends to ${sent.length}, the most to ${listed(sent)}. Receives from ${received.length}, the most from ${listed(received)}.`;
  };

  const pinWords = () => {
    if (pin.pair) return drawn.matrix === null ? "" : pairWords(drawn.matrix, ...pin.pair);
    if (pin.neuron !== undefined) return drawn.matrix === null ? neuronWords(pin.neuron) : partnerWords(pin.neuron);
    if (drawn.blocks === null) return "";
    const [from, to] = pin.modules;
    if (to !== null) return blockWords(drawn.blocks, from, to);
    const labels = labelsOf(partitionKey());
    const members = Array.from(labels.keys()).filter((i) => labels[i] === from);
    const some = members.slice(0, 12).map(nameOf).join(", ");
    const more = members.length > 12 ? ` and ${members.length - 12} more` : "";
    return `Module ${from}, ${members.length} ${facts.nodes}: ${some}${more}.`;
  };

  const readOut = (which) => {
    if (pin !== null) {
      write("readout", `Pinned. ${pinWords()}`);
      return;
    }
    const at = cursor[which];
    const it = drawn[which];
    if (at === null || it === null) {
      write("readout", "");
      return;
    }
    const words = which === "blocks" ? blockWords : pairWords;
    write("readout", words(it, at.row, at.column));
  };

  const writeScores = (state) => {
    const lines = SCORES.flatMap(([name, title]) => {
      const score = state?.scores[name];
      const nulls = score?.nulls?.length ? score.nulls : [{ name: "\u2013", band: null, tested: "\u2013" }];
      return nulls.map((of, i) => {
        const line = document.createElement("tr");
        line.append(
          tableCell("th", title),
          tableCell("td", i > 0 ? "" : score ? signed(score.value) : "\u2013", true),
          tableCell("td", of.name),
          tableCell("td", of.band ? of.band.map(signed).join(" to ") : "\u2013", true),
          tableCell("td", of.tested),
        );
        if (i === 0) {
          line.cells[1].id = name;
          line.cells[3].id = `${name}-band`;
          line.cells[4].id = `${name}-tested`;
        }
        return line;
      });
    });
    byId("scores-body").replaceChildren(...lines);
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

  // ---- the modules as a table ----

  const writeModules = (state) => {
    const body = byId("modules-body");
    const it = drawn.blocks;
    if (!state || it === null) {
      body.replaceChildren();
      return;
    }
    const labels = labelsOf(partitionKey());
    const sizes = new Array(it.n).fill(0);
    labels.forEach((module) => {
      if (module < it.n) sizes[module] += 1;
    });
    const partition = facts.partitions[partitionKey()];
    const value = (from, to) => {
      const code = it.numbers[from * it.n + to];
      return code === UNDEFINED ? null : decode(code, it.code);
    };
    // over all pairs with others: block means, weighted by their numbers of pairs
    const withOthers = (module, isSent) => {
      let [sum, pairs] = [0, 0];
      for (let other = 0; other < it.n; other += 1) {
        const mean = isSent ? value(module, other) : value(other, module);
        if (other === module || mean === null) continue;
        sum += mean * sizes[other];
        pairs += sizes[other];
      }
      return pairs ? sum / pairs : null;
    };
    const lines = sizes.map((size, module) => {
      const line = document.createElement("tr");
      const head = tableCell("th", "");
      const chosen = document.createElement("button");
      chosen.type = "button";
      const swatch = document.createElement("span");
      swatch.className = "swatch";
      swatch.style.background = colorOf(partition, module);
      chosen.append(swatch, moduleWords(partition, module));
      const isPinned = pin?.modules?.[0] === module && pin.modules[1] === null;
      chosen.setAttribute("aria-pressed", String(isPinned));
      chosen.addEventListener("click", () => {
        pinned(isPinned ? null : { modules: [module, null] });
        byId("modules-body").rows[module].querySelector("button").focus();
      });
      head.append(chosen);
      const means = [value(module, module), withOthers(module, true)];
      if (facts.is_directed) means.push(withOthers(module, false));
      line.append(head, tableCell("td", String(size), true));
      line.append(...means.map((mean) => tableCell("td", mean === null ? "\u2013" : number(mean), true)));
      return line;
    });
    body.replaceChildren(...lines);
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
    const all = scoresAt.flat().flatMap(([, s]) => [s.value, ...(s.nulls?.[0]?.band ?? [])]).concat(0);
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const room = (high - low || 1) * 0.1;
    const x = (rate) => 60 + (440 * (rate + 0.5)) / facts.rates.length;
    const y = (value) => 10 + (130 * (high + room - value)) / (high - low + 2 * room || 1);
    const parts = [];
    scoresAt.forEach((scores, rate) => {
      const bands = scores.flatMap(([, s]) => s.nulls?.[0]?.band ?? []);
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

  // ---- pointing and pinning ----

  const mark = (which, context) => {
    const it = drawn[which];
    const pair = which === "matrix" ? pin?.pair : null;
    const at = pair ? { row: pair[0], column: pair[1] } : cursor[which];
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
    draw[which](stateNow());
    fade(which);
    const context = contextOf(canvas);
    images[which] = context.getImageData(0, 0, canvas.width, canvas.height);
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

  const pinned = (next) => {
    pin = next;
    byId("unpin").hidden = pin === null;
    redraw("matrix");
    redraw("blocks");
    writeModules(stateNow());
    readOut("matrix");
    keepPlace();
  };

  const pinHere = (which) => {
    const at = cursor[which];
    if (at === null || drawn[which] === null) return;
    if (which === "matrix") pinned({ pair: [at.row, at.column] });
    else pinned({ modules: [at.row, at.column] });
  };

  for (const which of ["matrix", "blocks"]) {
    const canvas = byId(which);
    const follow = (event) => {
      const it = drawn[which];
      if (it === null) return;
      const box = canvas.getBoundingClientRect();
      const at = (offset, length) =>
        Math.floor((((offset / length) * it.size - it.edge) / (it.size - it.edge)) * it.n);
      point(which, at(event.clientY - box.top, box.height), at(event.clientX - box.left, box.width));
    };
    canvas.addEventListener("pointermove", follow);
    canvas.addEventListener("click", (event) => {
      follow(event);
      pinHere(which);
    });
    canvas.addEventListener("focus", () => {
      if (cursor[which] === null) point(which, 0, 0);
    });
    canvas.addEventListener("keydown", (event) => {
      const it = drawn[which];
      if (it === null) return;
      if (event.key === "Enter") pinHere(which);
      if (event.key === "Escape") pinned(null);
      const step = event.shiftKey ? 10 : 1;
      const moves = {
        ArrowUp: [-step, 0],
        ArrowDown: [step, 0],
        ArrowLeft: [0, -step],
        ArrowRight: [0, step],
        Home: [-Infinity, -Infinity],
        End: [Infinity, Infinity],
      };
      if (!(event.key in moves)) return;
      event.preventDefault();
      const at = cursor[which] ?? { row: 0, column: 0 };
      const [down, right] = moves[event.key];
      point(which, at.row + down, at.column + right);
    });
  }
  byId("unpin").addEventListener("click", () => {
    pinned(null);
    byId("find").focus();
  });

  // ---- finding a neuron by its name ----

  const find = () => {
    const wanted = byId("find").value.trim().toLowerCase();
    const { neurons } = regionNow();
    const found = [];
    if (wanted) {
      const starts = [];
      for (let i = 0; i < neurons.length; i += 1) {
        const at = nameOf(i).toLowerCase().indexOf(wanted);
        if (at === 0) starts.push(i);
        else if (at > 0) found.push(i);
      }
      found.unshift(...starts);
    }
    const lines = found.slice(0, MOST_FOUND).map((i) => {
      const line = document.createElement("li");
      const chosen = document.createElement("button");
      chosen.type = "button";
      const name = document.createElement("bdi");
      name.textContent = nameOf(i);
      chosen.append(name);
      chosen.addEventListener("click", () => pinned({ neuron: i }));
      line.append(chosen);
      return line;
    });
    byId("found").replaceChildren(...lines);
    const more = found.length - lines.length;
    write("found-words", !wanted ? "" : found.length ? (more > 0 ? `and ${more} more` : "") : `no ${facts.node} of this name`);
    return found;
  };
  byId("find").addEventListener("input", find);
  byId("find").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const [first] = find();
    if (first !== undefined) pinned({ neuron: first });
  });

  // ---- choosing, and the address of what is shown ----

  const keepPlace = () => {
    const words = new URLSearchParams();
    for (const [name, value] of Object.entries(place)) if (byId(name)) words.set(name, value);
    for (const [name, value] of Object.entries(look)) words.set(name, value);
    if (pin?.pair) words.set("pair", pin.pair.join("."));
    if (pin?.neuron !== undefined) words.set("neuron", nameOf(pin.neuron));
    if (pin?.modules) words.set("modules", pin.modules.filter((module) => module !== null).join("."));
    byId("permalink").href = `#explorer?${words}`;
  };

  const readPlace = () => {
    const [, words] = location.hash.split("#explorer?");
    if (words === undefined) return false;
    const given = new URLSearchParams(words);
    for (const name of Object.keys(place)) {
      const control = byId(name);
      if (!control || !given.has(name)) continue;
      control.value = given.get(name); // what there is not, it does not take
      if (control.value === given.get(name)) place[name] = Number(control.value);
      else control.value = place[name];
    }
    for (const name of Object.keys(look)) {
      const control = byId(name);
      if (!given.has(name)) continue;
      control.value = given.get(name);
      if (control.value) look[name] = control.value;
      else control.value = look[name];
    }
    const numbersIn = (name) => (given.get(name) ?? "").split(".").map(Number);
    pin = null;
    if (given.has("pair")) {
      const pair = numbersIn("pair");
      if (pair.length === 2 && pair.every((at) => at >= 0)) pin = { pair };
    } else if (given.has("modules")) {
      const [from, to] = numbersIn("modules");
      const k = facts.partitions[partitionKey()]?.n_modules ?? 0;
      if (from < k && !(to >= k)) pin = { modules: [from, to ?? null] };
    } else if (given.has("neuron")) {
      const at = regionNow().neurons.findIndex((_, i) => nameOf(i) === given.get("neuron"));
      if (at >= 0) pin = { neuron: at };
    }
    return true;
  };

  const showAll = () => {
    const region = regionNow();
    write("rate-value", number(facts.rates[place.rate] ?? 0));
    write("checkpoint-value", String(facts.checkpoints[place.checkpoint]));
    byId("rate")?.setAttribute("aria-valuetext", `learning rate ${facts.rates[place.rate]}`);
    byId("checkpoint")?.setAttribute("aria-valuetext", `step ${facts.checkpoints[place.checkpoint]}`);
    const isTiled = region.tile_labels !== undefined;
    const by = { module: "module", group: facts.group_name, original: "original order" };
    const order = isTiled ? "module" : by[look.order];
    write("matrix-title", `${region.is_change ? "Weight changes" : "Weights"}, ${region.title}, by ${order}`.replace("by original", "in original"));
    write("blocks-title", `${region.mean[0].toUpperCase()}${region.mean.slice(1)} of blocks, ${facts.structures[place.structure]}`);
    byId("unpin").hidden = pin === null;
    redraw("matrix");
    redraw("blocks");
    writeScores(stateNow());
    writeModules(stateNow());
    drawChart();
    readOut("matrix");
    keepPlace();
  };

  for (const name of Object.keys(place)) {
    byId(name)?.addEventListener("input", (event) => {
      place[name] = Number(event.target.value);
      if (name === "region" || name === "structure") pin = null; // of other modules
      showAll();
    });
  }
  for (const name of Object.keys(look)) {
    byId(name)?.addEventListener("input", (event) => {
      look[name] = event.target.value;
      if (pin?.pair) pin = null; // its rows are others now
      showAll();
    });
  }
  addEventListener("hashchange", () => {
    if (readPlace()) showAll();
  });

  byId("explorer-body").hidden = false;
  readPlace();
  showAll();
})();
