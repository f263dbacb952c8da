// Tables that are wider than the page scroll; the keyboard must reach them to do so.
function letTheKeyboardScrollTables() {
  for (const table of document.querySelectorAll("main table")) {
    if (table.scrollWidth > table.clientWidth) table.tabIndex = 0;
    else table.removeAttribute("tabindex");
  }
}
addEventListener("load", letTheKeyboardScrollTables);
addEventListener("resize", letTheKeyboardScrollTables);
