// elasticsearch.js: JSON requests to Elasticsearch, and whether this Kibana may work with what it finds there.
'use strict';
const http = require('http');
const url = require('url');

function client(settings) {
  return (method, path, body) => new Promise((resolve, reject) => {
    const options = url.parse(settings.elasticsearch + path);
    options.method = method;
    options.headers = { 'content-type': 'application/json' };
    if (settings.user) options.auth = `${settings.user}:${settings.password}`;
    const request = http.request(options, response => {
      let text = '';
      response.on('data', part => { text += part; });
      response.on('end', () => resolve({ status: response.statusCode, body: text ? JSON.parse(text) : {} }));
    });
    request.setTimeout(30000, () => request.abort());
    request.on('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

// Same major version, and no node older in its minor than this Kibana.
function compatible(kibana, node) {
  const k = kibana.split('.').map(Number);
  const n = node.split('.').map(Number);
  return k[0] === n[0] && n[1] >= k[1];
}

// check(ask, settings, version): null when all is well, else what /api/status says.
function check(ask, settings, version) {
  return ask('GET', '/_nodes?filter_path=nodes.*.version,nodes.*.ip,nodes.*.http.publish_address').then(answer => {
    const nodes = Object.keys(answer.body.nodes || {}).map(id => answer.body.nodes[id]);
    const wrong = nodes.filter(node => !compatible(version, node.version));
    if (!wrong.length) return null;
    const found = wrong.map(node => `v${node.version} @ ${(node.http || {}).publish_address} (${node.ip})`).join(', ');
    return `This version of Kibana requires Elasticsearch v${version} on all nodes. I found the following incompatible nodes in your cluster: ${found}`;
  }, () => `Unable to connect to Elasticsearch at ${settings.elasticsearch}.`);
}

module.exports = { client, check };
