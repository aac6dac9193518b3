#!/usr/bin/env node
// Committed rather than built: package managers link a bin when they install, which is before the first build.
import "../dist/main.js";
