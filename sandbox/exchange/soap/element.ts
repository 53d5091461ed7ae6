import sax from 'sax';

/** An element of a request, by its local name: clients choose prefixes as they like. */
export class XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[] = [];
  text = '';

  constructor(name: string, attributes: Readonly<Record<string, string>>) {
    this.name = name;
    this.attributes = attributes;
  }

  /** The first element at a path of names, `Body/GetItem/ItemIds`. */
  at(path: string): XmlElement | undefined {
    const names = path.split('/');
    return names.reduce<XmlElement | undefined>(
      (found, name) => found?.children.find((one) => one.name === name),
      this,
    );
  }

  textAt(path: string): string | undefined {
    return this.at(path)?.text.trim();
  }
}

/** Undefined for what is not well-formed. */
export function parseXml(text: string): XmlElement | undefined {
  const root = new XmlElement('', {});
  const open = [root];
  let isBroken = false;
  const take = (piece: string): void => {
    const element = open.at(-1);
    if (element) element.text += piece;
  };
  const reader = Object.assign(sax.parser(true, { xmlns: true, position: false }), {
    onerror: () => (isBroken = true),
    onopentag: (tag: sax.Tag | sax.QualifiedTag) => begin(tag, open),
    onclosetag: () => void open.pop(),
    ontext: take,
    oncdata: take,
  });
  try {
    reader.write(text).close();
  } catch {
    return undefined;
  }
  return isBroken ? undefined : root;
}

function begin(tag: sax.Tag | sax.QualifiedTag, open: XmlElement[]): void {
  const values = Object.entries(tag.attributes).map(([name, attribute]) => [
    name.slice(name.indexOf(':') + 1),
    typeof attribute === 'string' ? attribute : attribute.value,
  ]);
  const name = 'local' in tag ? tag.local : tag.name;
  const element = new XmlElement(name, Object.fromEntries(values) as Record<string, string>);
  open.at(-1)?.children.push(element);
  open.push(element);
}
