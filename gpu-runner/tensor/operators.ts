/** Every operator of the builder, from one place. */
export * from './operators/control.ts';
export * from './operators/elementwise.ts';
export * from './operators/gather.ts';
export * from './operators/order.ts';
export * from './operators/product.ts';
export * from './operators/reduce.ts';
export * from './operators/shape.ts';
export { asValue, emitOne, first, known, type Operand, typeText } from './operators/emit.ts';
