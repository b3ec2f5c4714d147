// settings.js: kibana.yml as this line of Kibana reads it; an unknown key is fatal, as in the real one.
'use strict';
const fs = require('fs');

const KEYS = ['server.port', 'server.host', 'server.name', 'server.basePath', 'kibana.index', 'elasticsearch.username', 'elasticsearch.password',
  'elasticsearch.requestTimeout', 'logging.dest', 'logging.quiet', 'logging.silent', 'pid.file', 'path.data'];
const LINES = {
  '6': ['elasticsearch.url', 'elasticsearch.hosts'],
  '7': ['elasticsearch.hosts', 'server.publicBaseUrl', 'server.rewriteBasePath', 'telemetry.enabled', 'telemetry.optIn'],
};

function fatal(message) {
  console.error(`FATAL  Error: ${message}`);
  process.exit(64);
}

// Only what the lab's templates render: `key: value` with flat dotted keys, and inline lists.
function parse(text) {
  const settings = {};
  text.split('\n').map(line => line.replace(/(^|\s)#.*$/, '').trim()).filter(line => line && line !== '---').forEach(line => {
    const found = /^([A-Za-z.]+):\s*(.*)$/.exec(line);
    if (!found) fatal(`kibana.yml: cannot read '${line}'`);
    settings[found[1]] = value(found[2]);
  });
  return settings;
}

function value(text) {
  if (text.startsWith('[')) return text.slice(1, -1).split(',').map(item => value(item.trim()));
  return text.replace(/^(['"])(.*)\1$/, '$2');
}

function read(file, version) {
  const major = version.split('.')[0];
  const settings = parse(fs.readFileSync(file, 'utf8'));
  if (major === '7' && 'elasticsearch.url' in settings) fatal('[config validation of [elasticsearch].url]: definition for this key is missing');
  const unknown = Object.keys(settings).filter(key => KEYS.concat(LINES[major]).indexOf(key) < 0);
  if (unknown.length) fatal(`Unknown configuration key(s): ${unknown.map(key => `"${key}"`).join(', ')}. Check for spelling errors and ensure that expected plugins are installed.`);
  const hosts = settings['elasticsearch.hosts'] || settings['elasticsearch.url'] || 'http://localhost:9200';
  return {
    port: Number(settings['server.port'] || 5601),
    host: settings['server.host'] || 'localhost',
    name: settings['server.name'] || require('os').hostname(),
    index: settings['kibana.index'] || '.kibana',
    elasticsearch: [].concat(hosts)[0].replace(/\/+$/, ''),
    user: settings['elasticsearch.username'],
    password: settings['elasticsearch.password'],
  };
}

module.exports = { read };
