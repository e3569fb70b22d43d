// Reads the schemas that ship in AWS's npm packages (@aws-sdk/client-*) into plain objects:
//   {kind: 'structure', name, members: [{name, target, required, traits, enum}]}, {kind: 'list', name, element}, ...
// Numbers carry no width there; services.json names the members that are not integers.
import { createRequire } from 'node:module';
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const scalar_kinds = new Map([[0, 'string'], [1, 'integer'], [2, 'boolean'], [4, 'timestamp'], [5, 'timestamp'],
  [6, 'timestamp'], [7, 'timestamp'], [15, 'document'], [17, 'integer'], [19, 'number'], [21, 'blob'], [42, 'blob']]);
const list_flag = 64;
const map_flag = 128;

// {InterfaceName: {memberName: EnumName}} from the type declarations, which the schemas do not carry.
function read_enum_uses(types_dir, enums) {
  const uses = {};
  for (const file of readdirSync(types_dir).filter((name) => /^models_\d+\.d\.ts$/.test(name))) {
    let current = null;
    for (const line of readFileSync(join(types_dir, file), 'utf8').split('\n')) {
      const opened = line.match(/^export interface (\w+)/);
      if (opened) current = uses[opened[1]] = {};
      const member = current && line.match(/^    (\w+)\??: (\w+)(\[\])?( \| undefined)?;/);
      if (member && enums[member[2]]) current[member[1]] = member[2];
    }
  }
  return uses;
}

export class Schema {
  constructor(models_dir, service) {
    const require = createRequire(resolve(models_dir, 'package.json'));
    const name = `@aws-sdk/${service.package}`;
    const root = join(models_dir, 'node_modules', name);
    this.exports = require(name);
    const enums = {};
    for (const [key, value] of Object.entries(this.exports)) {
      if (/^[A-Z]\w*$/.test(key) && value && Object.getPrototypeOf(value) === Object.prototype) {
        enums[key] = Object.values(value).filter((item) => typeof item === 'string');
      }
    }
    // AWS's messages list some values in an order of their own.
    this.enums = { ...enums, ...service.enums };
    this.enum_uses = read_enum_uses(join(root, 'dist-types/models'), enums);
    this.doubles = new Set(service.doubles ?? []);
    this.shapes = new Map();
    this.settings = readFileSync(join(root, 'dist-es/runtimeConfig.shared.js'), 'utf8');
  }

  setting(name) {
    return this.settings.match(new RegExp(`${name}: "([^"]*)"`))?.[1] ?? '';
  }

  all_operations() {
    return Object.values(this.exports).filter((entry) => Array.isArray(entry) && entry[0] === 9)
      .map((entry) => entry[2]).sort();
  }

  errors() {
    return Object.values(this.exports).filter((entry) => Array.isArray(entry) && entry[0] === -3)
      .map(([, , name, traits]) => ({
        name,
        query_code: traits?.awsQueryError?.[0] ?? name,
        status: traits?.httpError ?? traits?.awsQueryError?.[1] ?? (traits?.error === 'server' ? 500 : 400),
      }));
  }

  operation(name) {
    const entry = this.exports[`${name}$`];
    if (!Array.isArray(entry) || entry[0] !== 9) throw new Error(`no operation ${name}`);
    const target = (make, suffix) => {
      const schema = make();
      if (!Array.isArray(schema)) return this.add({ kind: 'structure', name: `${name}${suffix}`, members: [] });
      return this.shape(schema);
    };
    const status = entry[3]?.http?.[2] ?? 200;
    return { name, status, input: target(entry[4], 'Input'), output: target(entry[5], 'Output') };
  }

  // How AWS's REST services tell their operations apart: [{name, method, bucket, key, query, headers}], with what a
  // request must have in its query (`name` or `name=value`) and as headers. Empty for the others.
  rest_routes() {
    return Object.values(this.exports).filter((entry) => Array.isArray(entry) && entry[0] === 9 && entry[3]?.http)
      .map(([, , name, { http: [method, uri] }, input]) => {
        const [path, literals = ''] = uri.split('?');
        const [, , , , members = [], targets = [], required = 0] = input();
        const needed = (trait) => members.slice(0, required).map((_, index) => split_traits(targets[index])[1][trait])
          .filter(Boolean);
        return {
          name, method, key: path.includes('{Key+}'), bucket: members.slice(0, required).includes('Bucket'),
          query: [...literals.split('&').filter((part) => part && !part.startsWith('x-id=')), ...needed('httpQuery')],
          headers: needed('httpHeader'),
        };
      }).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  add(shape) {
    this.shapes.set(shape.name, shape);
    return shape;
  }

  // A schema reference (number, array, or function giving one) -> shape object.
  shape(reference, is_double = false) {
    const schema = typeof reference === 'function' ? reference() : reference;
    if (typeof schema === 'number') return this.#simple(schema, is_double);
    const [kind, , name, traits] = schema;
    if (kind === 0) return this.#simple(schema[4], is_double);
    const key = is_double ? `${name}OfNumber` : name;
    if (this.shapes.has(key)) return this.shapes.get(key);
    if (kind === 1) {
      const [element, element_traits] = split_traits(schema[4]);
      const shape = this.add({ kind: 'list', name: key });
      shape.element = this.shape(element, is_double);
      shape.element_xml_name = element_traits.xmlName ?? 'member';
      return shape;
    }
    if (kind === 2) {
      const [, key_traits] = split_traits(schema[4]);
      const [value, value_traits] = split_traits(schema[5]);
      const shape = this.add({ kind: 'map', name: key });
      shape.element = this.shape(value, is_double);
      shape.key_xml_name = key_traits.xmlName ?? 'key';
      shape.element_xml_name = value_traits.xmlName ?? 'value';
      return shape;
    }
    const is_structure = kind === 3 || kind === -3 || kind === 4;  // 4: a union
    if (!is_structure) throw new Error(`schema kind ${kind} of ${name}`);
    const [, , , , names, targets, required] = schema;
    const shape = this.add({ kind: 'structure', name, traits, members: [] });
    names.forEach((member, index) => {
      const [target, member_traits] = split_traits(targets[index]);
      const double = this.doubles.has(`${name}.${member}`);
      shape.members.push({
        name: member,
        target: this.shape(target, double),
        required: index < (required ?? 0),
        xml_name: member_traits.xmlName,
        ec2_name: member_traits.ec2QueryName,
        flattened: Boolean(member_traits.xmlFlattened),
        enum: this.enums[this.enum_uses[name]?.[member]]?.length ? this.enum_uses[name][member] : undefined,
        location: location_of(member_traits),
      });
    });
    return shape;
  }

  #simple(code, is_double) {
    for (const [flag, kind] of [[list_flag, 'list'], [map_flag, 'map']]) {
      if (code >= flag && code < flag * 2) {
        const element = this.#simple(code & (flag - 1), is_double);
        const name = `${kind === 'list' ? 'ListOf' : 'MapOf'}${element.name}`;
        return this.shapes.get(name) ?? this.add({
          kind, name, element, key_xml_name: 'key',
          element_xml_name: kind === 'list' ? 'member' : 'value',
        });
      }
    }
    const kind = is_double && code === 1 ? 'number' : scalar_kinds.get(code);
    if (!kind) throw new Error(`simple schema ${code}`);
    return { kind, name: kind[0].toUpperCase() + kind.slice(1) };
  }
}

function split_traits(entry) {
  if (Array.isArray(entry) && entry.length === 2 && typeof entry[0] !== 'string') {
    const [target, traits] = entry;
    if (typeof traits === 'object') return [target, traits];
    return [target, { ...(traits & 1 && { httpLabel: 1 }), ...(traits & 16 && { httpPayload: 1 }) }];
  }
  return [entry, {}];
}

// Where a REST request or answer has the member, and under which name; undefined: in the body's XML.
function location_of(traits) {
  if (traits.httpLabel) return ['label', ''];
  if (traits.httpPayload) return ['payload', ''];
  if (traits.httpQuery) return ['query', traits.httpQuery];
  if (traits.httpHeader) return ['header', traits.httpHeader];
  if (traits.httpPrefixHeaders) return ['prefix_headers', traits.httpPrefixHeaders];
  return undefined;
}
