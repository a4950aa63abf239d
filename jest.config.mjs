/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  // made at run time; a package in there has the name of this one
  modulePathIgnorePatterns: ['<rootDir>/.local/'],
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '^.+\\.tsx?$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  globalSetup: '<rootDir>/test/globalSetup.mjs',
  testTimeout: 30_000,
  // One file after the other: several tests free a port and count on its staying free, or on its neighbour's.
  maxWorkers: 1,
};
