import { html, render } from "./preact.js";

const page = document.getElementById("page");
if (page) render(html`<main />`, page);
