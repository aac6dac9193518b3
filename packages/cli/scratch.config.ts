export default { test: { include: ["packages/cli/test/*.test.ts"], testTimeout: 60000, hookTimeout: 120000 } };
