// What the scripts of a page share: elements by their id, numbers and cells in words.
"use strict";

const byId = (id) => document.getElementById(id);
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
const tableCell = (kind, words, isNumber) => {
  const made = document.createElement(kind);
  made.textContent = words;
  if (isNumber) made.className = "r";
  if (kind === "th") made.scope = "row";
  return made;
};
