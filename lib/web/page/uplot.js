// Names the package for the type checker: the server serves the package itself as `uplot.js`.
export { default } from "npm:uplot@1.6.32";
