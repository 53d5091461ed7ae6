import sanitizeHtml from 'sanitize-html';

/** Longer HTML is shown up to here: a reader needs no more, and the cleaning takes seconds for ten times as much. */
const MOST_HTML_CHARS = 2 * 1024 * 1024;
/** Of all pictures within a message together, as text. */
const MOST_IMAGE_CHARS = 4 * 1024 * 1024;

/** What a message may be shown by: words, tables and their looks. Nothing that loads, runs, sends or navigates. */
const TAGS = (
  'a abbr b big blockquote br caption center code col colgroup dd del div dl dt em font h1 h2 h3 h4 h5 h6 hr i img ins li ' +
  'ol p pre q s small span strike strong sub sup table tbody td tfoot th thead tr tt u ul'
).split(' ');
const STYLES = (
  'color background-color font-family font-size font-style font-weight line-height text-align text-decoration ' +
  'vertical-align white-space width max-width padding padding-top padding-right padding-bottom padding-left border ' +
  'border-collapse'
).split(' ');
/** No address and no expression. */
const PLAIN_VALUE = /^([\w\s#%.,'"-]{1,200}|rgba?\([\d\s.,%]{1,50}\))$/;
const PICTURES = /^image\/(png|jpeg|gif|webp)$/i;

export interface InlinePicture {
  mediaType: string;
  base64: string;
}

export interface SafeHtml {
  html: string;
  /** Pictures that the message has others load; none of them is. */
  remoteImages: number;
  isCut: boolean;
}

/** Where a link leads is read, not followed. */
const link = (_tag: string, { href = '' }: sanitizeHtml.Attributes): sanitizeHtml.Tag => ({
  tagName: 'span',
  attribs: { class: 'link', title: /^(https?|mailto):/i.test(href) ? href.slice(0, 500) : '' },
});

/** The HTML of a message without all that acts. Links show where they lead and lead nowhere. */
export function makeSafe(html: string, pictures: ReadonlyMap<string, InlinePicture>): SafeHtml {
  let remoteImages = 0;
  let imageChars = 0;
  const image = (_tag: string, { src = '', alt = '' }: sanitizeHtml.Attributes): sanitizeHtml.Tag => {
    const picture = /^cid:/i.test(src) ? pictures.get(decoded(src.slice(4))) : undefined;
    if (/^(https?:)?\/\//i.test(src.trim())) remoteImages += 1;
    imageChars += picture?.base64.length ?? 0;
    const isShown = picture && PICTURES.test(picture.mediaType) && imageChars <= MOST_IMAGE_CHARS;
    if (!isShown) return { tagName: 'span', attribs: {}, text: alt && `[${alt}]` };
    return { tagName: 'img', attribs: { alt, src: `data:${picture.mediaType};base64,${picture.base64}` } };
  };
  const safe = sanitizeHtml(html.slice(0, MOST_HTML_CHARS), {
    allowedTags: TAGS,
    nonTextTags: ['style', 'script', 'textarea', 'option', 'noscript', 'title', 'template'],
    allowedAttributes: {
      '*': ['style', 'align', 'valign', 'bgcolor', 'color', 'width', 'height', 'dir', 'lang', 'title'],
      span: ['class', 'style', 'title', 'dir', 'lang'],
      font: ['color', 'face', 'size'],
      table: ['border', 'cellpadding', 'cellspacing', 'align', 'bgcolor', 'width', 'style'],
      td: ['colspan', 'rowspan', 'align', 'valign', 'bgcolor', 'width', 'height', 'style'],
      th: ['colspan', 'rowspan', 'align', 'valign', 'bgcolor', 'width', 'height', 'style'],
      img: ['src', 'alt', 'width', 'height'],
    },
    allowedClasses: { span: ['link'] },
    allowedStyles: { '*': Object.fromEntries(STYLES.map((name) => [name, [PLAIN_VALUE]])) },
    allowedSchemes: [],
    allowedSchemesByTag: { img: ['data'] },
    allowProtocolRelative: false,
    transformTags: { img: image, a: link },
    nestingLimit: 100,
  });
  return { html: safe, remoteImages, isCut: html.length > MOST_HTML_CHARS };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
