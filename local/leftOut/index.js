// Azurite keeps its data in files here. Its drivers for SQL and its telemetry would be a fifth of all that is installed.
module.exports = {};
