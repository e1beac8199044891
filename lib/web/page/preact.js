// @ts-self-types="./preact.d.ts"
// Names the package for the type checker: the server serves the package itself as `preact.js`.
export * from "npm:htm@3.1.1/preact/standalone";
