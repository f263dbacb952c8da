// Every page: light and dark, and what is saved or copied of figures, tables, commands.
// Without JavaScript none of its buttons is there. Words go to the page as text only.
"use strict";

(() => {
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

  // ---- saving and copying ----

  const button = (words, name, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = words;
    made.setAttribute("aria-label", `${words}: ${name}`);
    made.addEventListener("click", () => act(made));
    return made;
  };
  const answer = (pressed, words) => {
    const before = pressed.dataset.words ?? pressed.textContent;
    pressed.dataset.words = before;
    pressed.textContent = words;
    setTimeout(() => {
      pressed.textContent = before;
    }, 2000);
  };
  const copyBySelection = (text) => {
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    const isDone = document.execCommand("copy");
    field.remove();
    return isDone;
  };
  const copy = async (pressed, text) => {
    let isDone = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      isDone = copyBySelection(text);
      pressed.focus();
    }
    answer(pressed, isDone ? "Copied" : "Cannot copy here");
  };
  const save = (blob, file) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  const drawingText = (drawing) => {
    const copied = drawing.cloneNode(true);
    copied.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copied.setAttribute("xmlns:xlink", "http://www.w3.org/1999/xlink");
    const [, , width, height] = copied.getAttribute("viewBox").split(/\s+/);
    copied.setAttribute("width", `${width}pt`);
    copied.setAttribute("height", `${height}pt`);
    return new XMLSerializer().serializeToString(copied);
  };
  const picture = async (drawing) => {
    const { width, height } = drawing.viewBox.baseVal;
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawingText(drawing))}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height].map((side) => Math.round(side * 4));
    const context = canvas.getContext("2d");
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((made) => canvas.toBlob(made, "image/png"));
  };
  const open = (figure, drawing) => {
    const sheet = document.createElement("dialog");
    sheet.className = "sheet";
    sheet.setAttribute("aria-label", figure.querySelector(".drawing").ariaLabel);
    const close = button("Close", "figure at full size", () => sheet.close());
    const room = document.createElement("div");
    room.tabIndex = 0;
    room.setAttribute("role", "group");
    room.setAttribute("aria-label", "Figure, to be scrolled");
    const large = new Image();
    large.alt = figure.querySelector(".drawing").ariaLabel;
    large.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawingText(drawing))}`;
    room.append(large);
    sheet.append(close, room);
    sheet.addEventListener("close", () => sheet.remove());
    document.body.append(sheet);
    sheet.showModal();
  };

  for (const figure of document.querySelectorAll("figure")) {
    const drawing = figure.querySelector(".drawing svg");
    const name = figure.querySelector("figcaption strong").textContent.replace(/\.$/, "");
    const file = figure.id;
    const row = figure.querySelector(".downloads");
    row.hidden = false;
    if (!row.querySelector("a")) {
      row.append(
        button("Save as SVG", name, () =>
          save(new Blob([drawingText(drawing)], { type: "image/svg+xml" }), `${file}.svg`),
        ),
      );
    }
    row.append(
      button("Save as PNG", name, async () => save(await picture(drawing), `${file}.png`)),
      button("Copy caption", name, (pressed) =>
        copy(pressed, figure.querySelector("figcaption").textContent.trim()),
      ),
      button("Open full size", name, () => open(figure, drawing)),
    );
  }
  for (const table of document.querySelectorAll("main .scroll[id] > table")) {
    const place = table.parentElement;
    const name = place.querySelector("caption strong").textContent.replace(/\.$/, "");
    // programs read hyphens as minus signs
    const wordsOf = (cell) => cell.textContent.trim().replace(/^\u2212(?=[\d.])/, "-");
    const lines = () =>
      [...table.rows].map((row) => [...row.cells].map(wordsOf).join("\t"));
    place.nextElementSibling.append(
      button("Copy table", name, (pressed) => copy(pressed, lines().join("\n"))),
    );
  }
  for (const command of document.querySelectorAll("pre")) {
    const row = document.createElement("p");
    row.className = "downloads";
    row.append(
      button("Copy command", "to repeat this", (pressed) => copy(pressed, command.textContent)),
    );
    command.after(row);
  }
  const methods = [...document.querySelectorAll("main h2")].find(
    (heading) => heading.lastChild.textContent.trim() === "Methods",
  );
  if (methods) {
    const words = () => {
      const parts = [];
      for (let at = methods.nextElementSibling; at && at.tagName !== "H2"; at = at.nextElementSibling) {
        const formula = at.dataset.latex;
        if (at.tagName === "P" || at.tagName === "H3") parts.push(at.textContent.trim());
        else if (formula) parts.push(`\\[ ${formula} \\]`);
      }
      return parts.join("\n\n");
    };
    const row = document.createElement("p");
    row.className = "downloads";
    row.append(button("Copy methods", "as text", (pressed) => copy(pressed, words())));
    methods.after(row);
  }
})();
