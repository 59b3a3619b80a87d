/** A `.wasm` file as the Worker's bundler gives it: compiled. */
declare module '*.wasm' {
  const module: WebAssembly.Module;
  export default module;
}
