// saved-objects.js: the saved-objects API and the advanced settings, stored in Elasticsearch's .kibana as Kibana 6 and 7 do.
'use strict';

function store(ask, settings, version) {
  const major = Number(version.split('.')[0]);
  const type = major === 6 ? 'doc' : '_doc';
  const document = id => `/${settings.index}/${type}/${encodeURIComponent(id)}`;

  function prepare() {
    const properties = { type: { type: 'keyword' }, updated_at: { type: 'date' }, config: { dynamic: 'true', properties: { buildNum: { type: 'keyword' } } } };
    const mappings = major === 6 ? { doc: { properties } } : { properties };
    const body = { settings: { number_of_shards: 1, auto_expand_replicas: '0-1' }, mappings };
    return ask('HEAD', `/${settings.index}`).then(found => (found.status === 404 ? ask('PUT', `/${settings.index}`, body) : found));
  }

  function shape(kind, id, answer, source) {
    const object = { id, type: kind, updated_at: source.updated_at, attributes: source[kind] };
    return major === 6
      ? Object.assign(object, { version: answer._version })
      : Object.assign(object, { version: String(answer._version), references: [], namespaces: ['default'] });
  }

  const problem = (status, error, message) => ({ status, body: { statusCode: status, error, message } });
  const absent = (kind, id) => problem(404, 'Not Found', `Saved object [${kind}/${id}] not found`);
  const source = (kind, attributes) => ({ type: kind, [kind]: attributes, updated_at: new Date().toISOString() });

  function get(kind, id) {
    return ask('GET', document(`${kind}:${id}`)).then(answer =>
      (answer.body.found ? { status: 200, body: shape(kind, id, answer.body, answer.body._source) } : absent(kind, id)));
  }

  function create(kind, id, attributes, overwrite) {
    const name = id || require('crypto').randomBytes(16).toString('hex');
    const body = source(kind, attributes);
    return ask('PUT', `${document(`${kind}:${name}`)}?refresh=true${overwrite ? '' : '&op_type=create'}`, body).then(answer => {
      if (answer.status === 409) return problem(409, 'Conflict', `Saved object [${kind}/${name}] conflict`);
      if (answer.status >= 400) return problem(answer.status, 'Error', JSON.stringify(answer.body.error));
      return { status: 200, body: shape(kind, name, answer.body, body) };
    });
  }

  function update(kind, id, attributes) {
    return get(kind, id).then(found => (found.status === 200 ? create(kind, id, Object.assign(found.body.attributes, attributes), true) : found));
  }

  function remove(kind, id) {
    return ask('DELETE', `${document(`${kind}:${id}`)}?refresh=true`).then(answer => (answer.status === 404 ? absent(kind, id) : { status: 200, body: {} }));
  }

  function find(kind, search) {
    const wanted = (search || '').replace(/[*"]/g, '').toLowerCase();
    return ask('POST', `/${settings.index}/_search?size=1000`, { query: { term: { type: kind } } }).then(answer => {
      const all = answer.body.hits.hits.map(hit => shape(kind, hit._id.slice(kind.length + 1), { _version: 1 }, hit._source))
        .filter(object => String(object.attributes.title || '').toLowerCase().indexOf(wanted) >= 0);
      return { status: 200, body: { page: 1, per_page: 1000, total: all.length, saved_objects: all } };
    });
  }

  // The advanced settings are one object named after the version; the answer gives each value as the user's.
  function advanced(changes) {
    const done = Object.keys(changes).length
      ? get('config', version).then(found => create('config', version, Object.assign({}, found.status === 200 ? found.body.attributes : {}, changes), true))
      : get('config', version);
    return done.then(object => {
      const values = (object.body && object.body.attributes) || {};
      const answer = {};
      Object.keys(values).forEach(key => { answer[key] = { userValue: values[key] }; });
      return { status: 200, body: { settings: answer } };
    });
  }

  return { prepare, get, create, update, remove, find, advanced };
}

module.exports = { store };
