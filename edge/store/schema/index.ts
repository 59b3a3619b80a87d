/** Every table of the store; drizzle-kit reads this file to generate migrations. */
export * from './access.ts';
export * from './artifacts.ts';
export * from './experiments.ts';
export * from './observations.ts';
export * from './preferences.ts';
export * from './principles.ts';
export * from './prompt-sets.ts';
export * from './runners.ts';
export * from './tasks.ts';
