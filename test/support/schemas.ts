/** The JSON schemas of docs/schemas/, by the verbs that their titles name. */
import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { projectFiles, projectText } from './project.ts';

type Schema = { readonly title: string };

const SCHEMAS: readonly Schema[] = projectFiles('docs/schemas/*.json').map((path) =>
  JSON.parse(projectText(path)),
);

function titlesOf({ title }: Schema): readonly string[] {
  return title.split(' and ');
}

export function schemaTitles(): readonly string[] {
  return SCHEMAS.flatMap(titlesOf);
}

/** The schema of a verb's `--json`; `words` is like `repo ls`. */
export function schemaOfVerb(words: string): Schema | undefined {
  return SCHEMAS.find((schema) => titlesOf(schema).includes(`treeport ${words} --json`));
}

/** Asserts that the output of a verb is one JSON document, and valid. */
export function assertValidOutput(words: string, output: string): void {
  const schema = schemaOfVerb(words);
  assert.ok(schema, words);
  const ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: false });
  assert.ok(ajv.validate(schema, JSON.parse(output)), `${words}: ${ajv.errorsText()}\n${output}`);
}
