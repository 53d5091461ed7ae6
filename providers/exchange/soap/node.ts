/** An element of an answer, by its local name. */
export class XmlNode {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlNode[] = [];
  text = '';

  constructor(name: string, attributes: Readonly<Record<string, string>> = {}) {
    this.name = name;
    this.attributes = attributes;
  }

  /** The first element at a path of names: `RootFolder/Items`. */
  at(path: string): XmlNode | undefined {
    const names = path.split('/');
    return names.reduce<XmlNode | undefined>((found, name) => found?.children.find((one) => one.name === name), this);
  }

  textAt(path: string): string | null {
    return this.at(path)?.text.trim() ?? null;
  }

  /** An attribute of the element at a path; null where there is none. */
  idAt(path: string): string | null {
    return this.at(path)?.attributes['Id'] ?? null;
  }
}
