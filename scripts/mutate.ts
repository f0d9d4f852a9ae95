/**
 * Mutation testing of one module: mutate.ts FILE [--tests PATTERN]... [--most N]. Changes one place of the
 * file at a time in a copy of the project, runs the tests, and lists the changes that no test detects.
 * Limits: `--most` changes (default 60), spread over the file, and a minute for each.
 *
 * Uses the syntax tree of TypeScript 7, whose API is still marked unstable.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast';
import * as is from 'typescript/unstable/ast/is';
import { API } from 'typescript/unstable/sync';

const ROOT = join(import.meta.dirname, '..');
const MOST = 60;
const MUTANT_TIMEOUT = 60_000;
const USAGE = 'usage: npm run mutate -- FILE [--tests PATTERN]... [--most N]';

type Mutant = { readonly start: number; readonly end: number; readonly text: string };

const OPERATORS: Readonly<Record<string, string>> = {
  '===': '!==',
  '!==': '===',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '&&': '||',
  '||': '&&',
  '??': '&&',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '+=': '-=',
  '-=': '+=',
  '&': '|',
  '|': '&',
};

/** All mutations of one node. */
function mutantsOf(node: Node, source: SourceFile): readonly Mutant[] {
  const at = (part: Node, text: string): Mutant => ({ start: part.getStart(source), end: part.end, text });
  if (is.isBinaryExpression(node)) {
    const other = OPERATORS[node.operatorToken.getText(source)];
    return other === undefined ? [] : [at(node.operatorToken, other)];
  }
  if (is.isIfStatement(node)) return ['true', 'false'].map((text) => at(node.expression, text));
  if (is.isConditionalExpression(node)) return ['true', 'false'].map((text) => at(node.condition, text));
  if (is.isExpressionStatement(node) || is.isThrowStatement(node)) return [at(node, ';')];
  if (is.isPrefixUnaryExpression(node) && node.operator === SyntaxKind.ExclamationToken) {
    return [at(node, node.operand.getText(source))];
  }
  if (is.isNumericLiteral(node)) return [at(node, `(${node.getText(source)} + 1)`)];
  if (node.kind === SyntaxKind.TrueKeyword) return [at(node, 'false')];
  if (node.kind === SyntaxKind.FalseKeyword) return [at(node, 'true')];
  return [];
}

/** All mutations of the file in source order, except in types and imports. */
function allMutants(path: string): readonly Mutant[] {
  const api = new API({ cwd: ROOT });
  try {
    const snapshot = api.updateSnapshot({ openProjects: [join(ROOT, 'tsconfig.json')] });
    const source = snapshot.getDefaultProjectForFile(path)?.program.getSourceFile(path);
    if (source === undefined) throw new Error(`${path} is not a file of the project`);
    const found: Mutant[] = [];
    const visit = (node: Node): void => {
      if (is.isImportDeclaration(node) || is.isTypeNode(node) || is.isTypeAliasDeclaration(node)) return;
      found.push(...mutantsOf(node, source));
      node.forEachChild(visit);
    };
    visit(source);
    return found.toSorted((a, b) => a.start - b.start);
  } finally {
    api.close();
  }
}

/** At most `most` of them, evenly spread. */
function spread(mutants: readonly Mutant[], most: number): readonly Mutant[] {
  const step = Math.max(1, mutants.length / most);
  return mutants.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}

/** A copy of the project's tracked files, removed when this process exits. */
function copyOfProject(): string {
  const copy = mkdtempSync(join(tmpdir(), 'treeport-mutate-'));
  process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const words = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = spawnSync('git', words, { cwd: ROOT, encoding: 'utf8' }).stdout.split('\0');
  for (const file of files.filter((name) => name !== '')) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(ROOT, file), join(copy, file));
  }
  for (const folder of ['node_modules', 'tools/node_modules', 'test/node26/node_modules', 'dist']) {
    symlinkSync(join(ROOT, folder), join(copy, folder));
  }
  return copy;
}

function passes(copy: string, tests: readonly string[]): boolean {
  const words = ['--test', '--test-reporter=dot', ...tests];
  const options = { cwd: copy, timeout: MUTANT_TIMEOUT, killSignal: 'SIGKILL', stdio: 'ignore' } as const;
  return spawnSync(process.execPath, words, options).status === 0;
}

function run(): void {
  const options = { tests: { type: 'string', multiple: true }, most: { type: 'string' } } as const;
  const { positionals, values } = parseArgs({ options, allowPositionals: true });
  if (positionals.length !== 1) throw new Error(USAGE);
  const file = relative(ROOT, resolve(positionals[0] as string));
  const patterns = values.tests ?? [file.replace(/^src\//, 'test/').replace(/\.ts$/, '.test.ts')];
  const tests = globSync('test/**/*.test.ts', { cwd: ROOT }).filter((test) =>
    patterns.some((pattern) => test.includes(pattern)),
  );
  if (tests.length === 0) throw new Error(`no test matches ${patterns.join(' ')}; name some with --tests`);
  const copy = copyOfProject();
  if (!passes(copy, tests)) throw new Error(`${tests.join(' ')} fails on the unchanged module`);

  const text = readFileSync(join(ROOT, file), 'utf8');
  const all = allMutants(join(ROOT, file));
  const chosen = spread(all, Number(values.most ?? MOST));
  console.log(`${file}: ${chosen.length} of ${all.length} changes, against ${tests.join(' ')}`);
  const survivors = chosen.filter(({ start, end, text: change }) => {
    writeFileSync(join(copy, file), text.slice(0, start) + change + text.slice(end));
    if (!passes(copy, tests)) return false;
    const line = text.slice(0, start).split('\n').length;
    console.log(`survives  ${file}:${line}  ${JSON.stringify(text.slice(start, end))} -> ${change}`);
    return true;
  });
  console.log(`${chosen.length - survivors.length} detected, ${survivors.length} survive`);
}

run();
