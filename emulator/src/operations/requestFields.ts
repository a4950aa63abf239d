import { malformedJson, wrongType } from '../serviceErrors';

const INT32_LIMIT = 2 ** 31;

/**
 * The fields of a JSON body, bound as ASP.NET binds a model: names without case, null is the same as absent, unknown fields are left alone,
 * and a value of another type is refused when its field is read.
 */
export class RequestFields {
  static readonly NONE = new RequestFields({});
  private readonly values = new Map<string, unknown>();

  private constructor(object: object) {
    for (const [name, value] of Object.entries(object)) this.values.set(name.toLowerCase(), value);
  }

  /**
   * @returns undefined when there is no body to speak of: nothing, blanks, or `null`
   * @throws ServiceError 400 for what is not a JSON object
   */
  static parse(body: Buffer): RequestFields | undefined {
    const text = body.toString('utf8').replace(/^\uFEFF/, '');
    if (text.trim() === '') return undefined;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw malformedJson();
    }
    if (value === null) return undefined;
    if (typeof value !== 'object' || Array.isArray(value)) throw wrongType('$');
    return new RequestFields(value);
  }

  text(name: string): string | undefined {
    const value = this.value(name);
    if (value !== undefined && typeof value !== 'string') throw wrongType(`$.${name}`);
    return value;
  }

  /** An item that is null is kept, as an empty text. */
  textList(name: string): string[] | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw wrongType(`$.${name}`);
    return value.map((item: unknown, i) => {
      if (item !== null && typeof item !== 'string') throw wrongType(`$.${name}[${i}]`);
      return item ?? '';
    });
  }

  /** A 32-bit integer; a number in quotes is not accepted (assumed). */
  integer(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < -INT32_LIMIT || value >= INT32_LIMIT) {
      throw wrongType(`$.${name}`);
    }
    return value;
  }

  private value(name: string): unknown {
    return this.values.get(name.toLowerCase()) ?? undefined;
  }
}
