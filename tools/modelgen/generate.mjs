// Generates the C++ of one service from AWS's schemas:
//   <out>/model/<service>.h      structs of optional members
//   <out>/model/<service>.cpp    their descriptors, the service's operations and errors
//   <out>/handlers/<service>.h   one handler declaration per implemented operation
//   <out>/handlers/<service>.cpp the dispatch table; a missing handler is a link error
// Usage: generate.mjs SERVICE SERVICES_JSON OPERATIONS_TXT MODELS_DIR OUT_DIR
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Schema } from './schema.mjs';

const keywords = new Set(['and', 'auto', 'bool', 'case', 'char', 'class', 'const', 'continue', 'default', 'delete',
  'do', 'double', 'else', 'enum', 'export', 'extern', 'false', 'float', 'for', 'if', 'int', 'long', 'namespace',
  'new', 'not', 'operator', 'or', 'private', 'protected', 'public', 'register', 'return', 'short', 'signed',
  'static', 'struct', 'switch', 'template', 'this', 'true', 'typename', 'union', 'unsigned', 'using', 'virtual',
  'void', 'volatile', 'while', 'linux', 'unix']);

const scalar_types = {
  string: 'std::string', integer: 'std::int64_t', number: 'double', boolean: 'bool', timestamp: 'Time',
  blob: 'std::string', document: 'json::value',
};

export function snake_case(name) {
  const snake = name.replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2').replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
  return keywords.has(snake) ? `${snake}_` : snake;
}

const quoted = (text) => JSON.stringify(text);
const upper_first = (text) => text[0].toUpperCase() + text.slice(1);

class Generator {
  constructor(service_name, service, operations, models_dir) {
    this.name = service_name;
    this.service = service;
    this.is_rest = service.protocols.includes('restxml');
    this.schema = new Schema(models_dir, service);
    this.operations = operations.map((name) => this.schema.operation(name));
    this.structures = [];  // in order of declaration
    this.boxed = new Set();  // "Structure.member" and list or map names whose target is still incomplete there
    const visiting = new Set();
    const done = new Set();
    for (const operation of this.operations) {
      this.#order(operation.input, visiting, done);
      this.#order(operation.output, visiting, done);
    }
  }

  // Depth first, so that a structure stands behind those it holds; what would close a circle is boxed.
  #order(shape, visiting, done) {
    if (shape.kind === 'list' || shape.kind === 'map') return this.#order(shape.element, visiting, done);
    if (shape.kind !== 'structure' || done.has(shape)) return;
    visiting.add(shape);
    for (const member of shape.members) {
      const innermost = this.#innermost(member.target);
      if (visiting.has(innermost)) this.boxed.add(member.target.kind === 'structure' ? `${shape.name}.${member.name}`
        : member.target.name);
      else this.#order(innermost, visiting, done);
    }
    visiting.delete(shape);
    done.add(shape);
    this.structures.push(shape);
  }

  #innermost(shape) {
    return shape.kind === 'list' || shape.kind === 'map' ? this.#innermost(shape.element) : shape;
  }

  type(shape, boxed = false) {
    if (shape.kind === 'structure') return boxed ? `Box<${shape.name}>` : shape.name;
    const element = () => this.type(shape.element, this.boxed.has(shape.name));
    if (shape.kind === 'list') return `std::vector<${element()}>`;
    if (shape.kind === 'map') return `std::map<std::string, ${element()}>`;
    return scalar_types[shape.kind];
  }

  member_type(structure, member) {
    return this.type(member.target, this.boxed.has(`${structure.name}.${member.name}`));
  }

  model_header() {
    const lines = [`// Generated from AWS's schema of ${this.service.title}; do not edit.`, '#pragma once', '',
      '#include "model/shape.h"', '', `namespace berth::${this.name} {`, ''];
    for (const structure of this.structures) lines.push(`struct ${structure.name};`);
    for (const structure of this.structures) {
      lines.push('', `struct ${structure.name} {`);
      for (const member of structure.members) {
        lines.push(`  std::optional<${this.member_type(structure, member)}> ${snake_case(member.name)};`);
      }
      lines.push('};');
    }
    lines.push('', 'const model::Service& service();', '', `}  // namespace berth::${this.name}`, '', 'namespace berth::model {', '');
    for (const structure of this.structures) {
      lines.push(`template <> const Shape& shape_of<${this.name}::${structure.name}>();`);
    }
    lines.push('', '}  // namespace berth::model', '');
    return lines.join('\n');
  }

  shape_reference(shape) {
    if (['list', 'map', 'structure'].includes(shape.kind)) return `shape_${shape.name}`;
    return `model::${shape.kind}_shape`;
  }

  // Every list, map and structure that the operations reach.
  #reachable() {
    const found = new Map();
    const visit = (shape) => {
      if (!['list', 'map', 'structure'].includes(shape.kind) || found.has(shape.name)) return;
      found.set(shape.name, shape);
      if (shape.kind === 'structure') shape.members.forEach((member) => visit(member.target));
      else visit(shape.element);
    };
    this.operations.forEach((operation) => { visit(operation.input); visit(operation.output); });
    return [...found.values()];
  }

  model_source() {
    const shapes = this.#reachable();
    const lines = [`// Generated from AWS's schema of ${this.service.title}; do not edit.`,
      `#include "model/${this.name}.h"`, '', '#pragma GCC diagnostic ignored "-Winvalid-offsetof"', '',
      `namespace berth::${this.name} {`, 'namespace {', ''];
    for (const shape of shapes) lines.push(`extern const model::Shape shape_${shape.name};`);
    const enums = new Set(shapes.flatMap((shape) => (shape.members ?? []).map((member) => member.enum).filter(Boolean)));
    for (const name of enums) {
      lines.push(`constexpr const char* enum_${name}[] = {${this.schema.enums[name].map(quoted).join(', ')}};`);
    }
    for (const shape of shapes) lines.push('', ...this.#shape_definition(shape));
    lines.push('', 'const model::Operation operations[] = {');
    for (const { name, status, input, output } of this.operations) {
      lines.push(`    {${quoted(name)}, &shape_${input.name}, &shape_${output.name}${this.is_rest ? `, ${status}` : ''}},`);
    }
    if (this.operations.length === 0) lines.push('    {nullptr, nullptr, nullptr},');
    lines.push('};', 'const char* const all_operations[] = {');
    for (const name of this.schema.all_operations()) lines.push(`    ${quoted(name)},`);
    lines.push('};', 'const model::ErrorShape errors[] = {', '    {"", "", 0},');
    for (const error of this.schema.errors()) {
      lines.push(`    {${quoted(error.name)}, ${quoted(error.query_code)}, ${error.status}},`);
    }
    if (this.is_rest) lines.push('};', 'const model::RestRoute routes[] = {');
    for (const route of this.is_rest ? this.schema.rest_routes() : []) {
      const texts = [route.query.join(' '), route.headers.join(' ').toLowerCase()].map(quoted).join(', ');
      lines.push(`    {${quoted(route.name)}, ${quoted(route.method)}, ${route.bucket}, ${route.key}, ${texts}},`);
    }
    const signing = this.service.signing.map(quoted).join(', ');
    const protocol = (name) => this.service.protocols.includes(name);
    lines.push('};', `const char* const signing_names[] = {${signing}};`, '', '}  // namespace', '',
      'const model::Service& service() {',
      '  static const model::Service description{',
      `      ${quoted(this.name)}, ${quoted(this.service.title)}, signing_names, ${quoted(this.schema.setting('serviceTarget'))},`,
      `      ${quoted(this.schema.setting('xmlNamespace'))}, ${quoted(this.schema.setting('version'))}, ${quoted(this.service.validation)},`,
      `      {.json_1_0 = ${protocol('json1.0')}, .json_1_1 = ${protocol('json1.1')}, .query = ${protocol('query')}, .ec2 = ${protocol('ec2')}, .cbor = ${protocol('cbor')}${this.is_rest ? ', .rest_xml = true' : ''}},`,
      `      {operations, ${this.operations.length}}, all_operations, errors${this.is_rest ? ', routes' : ''}};`,
      '  return description;', '}', '', `}  // namespace berth::${this.name}`, '', 'namespace berth::model {', '');
    for (const structure of this.structures) {
      lines.push(`template <> const Shape& shape_of<${this.name}::${structure.name}>() { return ${this.name}::shape_${structure.name}; }`);
    }
    lines.push('', '}  // namespace berth::model', '');
    return lines.join('\n');
  }

  #shape_definition(shape) {
    const declaration = `const model::Shape shape_${shape.name}`;
    if (shape.kind === 'list') {
      const element = this.type(shape.element, this.boxed.has(shape.name));
      return [`${declaration} = model::list_shape<${element}>(${quoted(shape.name)}, &${this.shape_reference(shape.element)}, ${quoted(shape.element_xml_name)});`];
    }
    if (shape.kind === 'map') {
      const element = this.type(shape.element, this.boxed.has(shape.name));
      return [`${declaration} = model::map_shape<${element}>(${quoted(shape.name)}, &${this.shape_reference(shape.element)}, ${quoted(shape.key_xml_name)}, ${quoted(shape.element_xml_name)});`];
    }
    const location = ({ location: at }) => (this.is_rest && at ? `, model::Location::${at[0]}, ${quoted(at[0] === 'query' ? at[1] : at[1].toLowerCase())}` : '');
    const members = shape.members.map((member) => {
      const xml_name = member.xml_name ?? member.name;
      const ec2_name = member.ec2_name ?? upper_first(member.xml_name ?? member.name);
      const values = member.enum ? `enum_${member.enum}` : '{}';
      return `    {${quoted(member.name)}, ${quoted(xml_name)}, ${quoted(ec2_name)}, &${this.shape_reference(member.target)}, `
        + `offsetof(${shape.name}, ${snake_case(member.name)}), &model::optional_slot<${this.member_type(shape, member)}>, `
        + `${member.required}, ${member.flattened}, ${values}${location(member)}},`;
    });
    const list = members.length ? [`const model::Member members_${shape.name}[] = {`, ...members, '};'] : [];
    const root = this.is_rest && shape.traits?.xmlName ? `, ${quoted(shape.traits.xmlName)}` : '';
    const span = members.length ? `members_${shape.name}` : '{}';
    return [...list, `${declaration} = model::structure_shape<${shape.name}>(${quoted(shape.name)}, ${span}${root});`];
  }

  handlers_header() {
    const lines = [`// Generated: the handlers of ${this.service.title}; do not edit.`, '#pragma once', '',
      `#include "model/${this.name}.h"`, '#include "services/context.h"', '', `namespace berth::${this.name} {`, ''];
    for (const { name, input, output } of this.operations) {
      lines.push(`Result<${output.name}> ${snake_case(name)}(Context& context, const ${input.name}& input);`);
    }
    lines.push('', 'services::ServiceHandlers handlers();', '', `}  // namespace berth::${this.name}`, '');
    return lines.join('\n');
  }

  handlers_source() {
    const lines = [`// Generated: the handlers of ${this.service.title}; do not edit.`,
      `#include "handlers/${this.name}.h"`, '', `namespace berth::${this.name} {`, '',
      'services::ServiceHandlers handlers() {', '  static constexpr services::Invoke table[] = {'];
    for (const { name, input, output } of this.operations) {
      lines.push(`      &services::invoke<${input.name}, ${output.name}, &${snake_case(name)}>,`);
    }
    if (this.operations.length === 0) lines.push('      nullptr,');
    lines.push('  };', `  return {service(), {table, ${this.operations.length}}};`, '}', '', `}  // namespace berth::${this.name}`, '');
    return lines.join('\n');
  }
}

function write_if_changed(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}

const [service_name, services_json, operations_txt, models_dir, out_dir] = process.argv.slice(2);
if (out_dir) {
  const service = JSON.parse(readFileSync(services_json, 'utf8'))[service_name];
  const operations = readFileSync(operations_txt, 'utf8').split('\n').map((line) => line.replace(/#.*/, '').trim())
    .filter(Boolean);
  const generator = new Generator(service_name, service, operations, models_dir);
  write_if_changed(join(out_dir, `model/${service_name}.h`), generator.model_header());
  write_if_changed(join(out_dir, `model/${service_name}.cpp`), generator.model_source());
  write_if_changed(join(out_dir, `handlers/${service_name}.h`), generator.handlers_header());
  write_if_changed(join(out_dir, `handlers/${service_name}.cpp`), generator.handlers_source());
}
