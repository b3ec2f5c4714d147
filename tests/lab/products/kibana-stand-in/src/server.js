// server.js: a stand-in for Kibana 6 and 7, which no registry carries: status, saved objects and settings answered over the real
// Elasticsearch. It has no user interface, and says lab-stand-in wherever a version is given.
'use strict';
const http = require('http');
const url = require('url');
const elasticsearch = require('./elasticsearch');
const savedObjects = require('./saved-objects');
const version = require('./version.json').version;

const file = (process.argv.slice(2).join(' ').match(/-c\s*(\S+)/) || [])[1] || '/etc/kibana/kibana.yml';
const settings = require('./settings').read(file, version);
const ask = elasticsearch.client(settings);
const objects = savedObjects.store(ask, settings, version);
const health = { trouble: 'Waiting for Elasticsearch', since: new Date().toISOString(), ready: false };

function log(tags, message) {
  console.log(JSON.stringify({ type: 'log', '@timestamp': new Date().toISOString(), tags, pid: process.pid, message }));
}

function watch() {
  elasticsearch.check(ask, settings, version)
    .then(trouble => (trouble || health.ready ? trouble : objects.prepare().then(() => { health.ready = true; return null; })))
    .catch(error => String(error))
    .then(trouble => {
      if (trouble !== health.trouble) {
        health.trouble = trouble;
        health.since = new Date().toISOString();
        log(['status', `plugin:elasticsearch@${version}`, trouble ? 'error' : 'info'], `Status changed to ${trouble ? 'red' : 'green'} - ${trouble || 'Ready'}`);
      }
      setTimeout(watch, 2500);
    });
}

function status() {
  const state = health.trouble ? { state: 'red', title: 'Red', nickname: 'Danger Will Robinson! Danger!', icon: 'danger' }
    : { state: 'green', title: 'Green', nickname: 'Looking good', icon: 'success' };
  const plugin = { id: `plugin:elasticsearch@${version}`, state: state.state, icon: state.icon, message: health.trouble || 'Ready', since: health.since };
  return { status: 200, body: {
    name: settings.name,
    uuid: '00000000-0000-4000-8000-000000000000',
    version: { number: version, build_hash: 'lab-stand-in', build_number: 1, build_snapshot: false },
    status: { overall: Object.assign(state, { since: health.since }), statuses: [plugin] },
  } };
}

function route(method, path, query, body) {
  const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  if (path === '/') return { status: 302, location: '/app/kibana' };
  if (parts[0] === 'app') return { status: 200, html: `<title>Kibana ${version}</title><h1>lab-stand-in</h1><p>This is not Kibana: it answers its API for tests.</p>` };
  if (path === '/api/status') return status();
  if (health.trouble) return { status: 503, text: 'Kibana server is not ready yet' };
  if (path === '/api/kibana/settings') return objects.advanced(method === 'POST' ? body.changes || {} : {});
  if (path.startsWith('/api/kibana/settings/') && method === 'POST') return objects.advanced({ [parts[3]]: body.value });
  if (parts[0] === 'api' && parts[1] === 'saved_objects' && parts[2]) return saved(method, parts[2], parts[3], query, body);
  return undefined;
}

function saved(method, kind, id, query, body) {
  if (method === 'GET' && kind === '_find') return objects.find(query.type, query.search);
  if (method === 'POST') return objects.create(kind, id, body.attributes, 'overwrite' in query && query.overwrite !== 'false');
  if (method === 'GET' && id) return objects.get(kind, id);
  if (method === 'PUT' && id) return objects.update(kind, id, body.attributes);
  if (method === 'DELETE' && id) return objects.remove(kind, id);
  return undefined;
}

const absent = { status: 404, body: { statusCode: 404, error: 'Not Found', message: 'Not Found' } };
const bad = message => ({ status: 400, body: { statusCode: 400, error: 'Bad Request', message } });

function answer(request, text) {
  const target = url.parse(request.url, true);
  if (request.method !== 'GET' && !request.headers['kbn-xsrf'] && !request.headers['kbn-version']) return bad('Request must contain a kbn-xsrf header.');
  let body = {};
  try {
    if (text) body = JSON.parse(text);
  } catch (error) {
    return bad('Invalid request payload JSON format');
  }
  return route(request.method, target.pathname, target.query, body) || absent;
}

function send(response, result) {
  const headers = { 'kbn-name': 'kibana', 'kbn-version': version };
  if (result.location) headers.location = result.location;
  headers['content-type'] = result.html ? 'text/html; charset=utf-8' : result.text ? 'text/plain' : 'application/json; charset=utf-8';
  response.writeHead(result.status, headers);
  response.end(result.html || result.text || (result.body ? JSON.stringify(result.body) : ''));
}

http.createServer((request, response) => {
  let text = '';
  request.on('data', part => { text += part; });
  request.on('end', () => Promise.resolve(answer(request, text)).catch(error => ({ status: 502, body: { statusCode: 502, error: 'Bad Gateway', message: String(error) } }))
    .then(result => send(response, result)));
}).listen(settings.port, settings.host, () => {
  log(['listening', 'info'], `Server running at http://${settings.host}:${settings.port} (lab-stand-in)`);
  watch();
});
