// Queries as Microsoft's own Kusto parser reads them, on tables that a test names.
import { readFileSync } from 'node:fs';
import { runInThisContext } from 'node:vm';

/** A column's type, as KQL calls it. */
export type Column = 'string' | 'int' | 'real' | 'bool' | 'datetime' | 'dynamic';
export type Tables = Record<string, Record<string, Column>>;

export interface Reading {
  /** Of syntax, and of names that no table has. */
  faults: string[];
  /** Columns of the result. */
  columns: string[];
  /** Tables that it reads. */
  tables: string[];
  /** `Properties.NAME`: the names. */
  properties: string[];
  /** Each comparison with a text: what is compared, how, and the text. */
  comparisons: { left: string; operator: string; text: string }[];
  /** Does a row of the table pass every `where`? */
  passes: (row: Record<string, unknown>) => boolean;
  /** Each `NAME = countif(CONDITION)`. */
  countifs: { name: string; condition: string }[];
}

interface Node {
  Kind: unknown;
  LiteralValue?: unknown;
  ReferencedSymbol?: { Name: string; Kind: unknown } | null;
  Left?: Node;
  Right?: Node;
  Operator?: { Text: string };
  Expression?: Node;
  Selector?: Node;
  Condition?: Node;
  toString(kind?: unknown): string;
}
interface Enumerable<T> {
  _items?: T[];
  Count?: number;
  getItem?(i: number): T;
}
interface KustoLanguage {
  Symbols: {
    TableSymbol: { From(schema: string): { WithName(name: string): object } };
    DatabaseSymbol: { $ctor1: new (name: string, members: object[]) => object };
    SymbolKind: { Table: unknown };
  };
  Syntax: {
    SyntaxElement: { WalkNodes(root: object, each: (node: Node) => void): void };
    SyntaxKind: Record<string, unknown>;
  };
  GlobalState: { Default: { WithDatabase(database: object): object } };
  KustoCode: {
    ParseAndAnalyze(
      text: string,
      globals: object,
    ): {
      Syntax: object;
      ResultType: { Columns: Enumerable<{ Name: string }> } | null;
      GetDiagnostics(): Enumerable<{ Message: string }>;
    };
  };
}

function load(): { kusto: KustoLanguage; listOf: <T>(items: Enumerable<T>) => T[] } {
  // It is a translation of .NET that puts itself into the global object of the process, not into that of the test file, and that can't be loaded twice.
  // Jest runs several files in one process.
  if (runInThisContext('typeof Kusto') === 'undefined') {
    for (const file of ['bridge.min.js', 'Kusto.Language.Bridge.min.js']) {
      runInThisContext(readFileSync(require.resolve(`@kusto/language-service-next/${file}`), 'utf8'), {
        filename: file,
      });
    }
  }
  const { Kusto, Bridge } = runInThisContext('({ Kusto, Bridge })') as {
    Kusto: { Language: KustoLanguage };
    Bridge: { toArray<T>(items: Enumerable<T>): T[] };
  };
  return { kusto: Kusto.Language, listOf: (items) => Bridge.toArray(items) };
}

let loaded: ReturnType<typeof load> | undefined;

export function readQuery(query: string, tables: Tables): Reading {
  loaded ??= load();
  const { kusto, listOf } = loaded;
  const { Symbols, Syntax, GlobalState, KustoCode } = kusto;
  const symbols = Object.entries(tables).map(([name, columns]) =>
    Symbols.TableSymbol.From(
      `(${Object.entries(columns)
        .map(([column, type]) => `${column}: ${type}`)
        .join(', ')})`,
    ).WithName(name),
  );
  const code = KustoCode.ParseAndAnalyze(
    query,
    GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor1('workspace', symbols)),
  );
  const conditions: Node[] = [];
  const reading: Reading = {
    faults: listOf(code.GetDiagnostics()).map(({ Message }) => Message),
    columns: code.ResultType === null ? [] : listOf(code.ResultType.Columns).map(({ Name }) => Name),
    tables: [],
    properties: [],
    comparisons: [],
    passes: (row) => conditions.every((condition) => valueOf(condition, row) === true),
    countifs: [],
  };
  const isText = (node: Node | undefined) => node?.Kind === Syntax.SyntaxKind['StringLiteralExpression'];
  Syntax.SyntaxElement.WalkNodes(code.Syntax, (node) => {
    const { ReferencedSymbol: symbol } = node;
    if (symbol && symbol.Kind === Symbols.SymbolKind.Table) reading.tables.push(symbol.Name);
    if (node.Kind === Syntax.SyntaxKind['PathExpression'] && String(node.Expression).trim() === 'Properties') {
      reading.properties.push(String(node.Selector).trim());
    }
    if (node.Condition && node.Kind === Syntax.SyntaxKind['FilterOperator']) conditions.push(node.Condition);
    const [, name, condition] = /^(\w+) = countif\((.*)\)$/.exec(String(node).trim()) ?? [];
    if (name !== undefined && condition !== undefined && node.Kind === Syntax.SyntaxKind['SimpleNamedExpression']) {
      reading.countifs.push({ name, condition });
    }
    if (isText(node.Right)) {
      const { Left, Right, Operator } = node;
      reading.comparisons.push({
        left: String(Left).trim(),
        operator: Operator?.Text ?? '',
        text: String(Right?.LiteralValue),
      });
    }
  });
  return reading;
}

/**
 * The value of an expression in a row. Knows only what the queries use in conditions: columns, `tostring(Properties.NAME)`, literals, `and`,
 * `==`, `!=`, `>`, `in` with a list of texts, and `startswith`, which ignores case. @throws Error for anything else
 */
function valueOf(node: Node, row: Record<string, unknown>): unknown {
  const { Left, Right, Operator, LiteralValue } = node;
  const text = String(node).trim();
  if (Left && Right && Operator?.Text === 'in') {
    const list = [...String(Right).matchAll(/'([^']*)'/g)].map(([, item]) => item);
    return list.includes(String(valueOf(Left, row)));
  }
  if (Left && Right && Operator) {
    const [left, right] = [valueOf(Left, row), valueOf(Right, row)];
    if (Operator.Text === 'and') return left === true && right === true;
    if (Operator.Text === '==') return left === right;
    if (Operator.Text === '!=') return left !== right;
    if (Operator.Text === '>') return Number(left) > Number(right);
    if (Operator.Text === 'startswith') return String(left).toLowerCase().startsWith(String(right).toLowerCase());
  }
  if (typeof LiteralValue === 'string') return LiteralValue;
  // a number or a boolean, which the parser has as objects
  if (LiteralValue !== undefined && LiteralValue !== null) return JSON.parse(text);
  const [, property, column] = /^(?:tostring\(Properties\.(\w+)\)|(\w+))$/.exec(text) ?? [];
  if (property !== undefined) return (row['Properties'] as Record<string, unknown> | undefined)?.[property] ?? '';
  if (column !== undefined) return row[column];
  throw new Error(`This test can't evaluate: ${text}`);
}
