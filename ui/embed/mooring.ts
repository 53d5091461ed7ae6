import { MooringBanner } from './banner-element.ts';
import { open } from './open.ts';

declare global {
  interface Window {
    mooring: { open: typeof open };
  }
}

// Of a script that is included twice, the first copy stays.
if (!('mooring' in window)) Object.assign(window, { mooring: { open } });
if (!customElements.get('mooring-banner')) customElements.define('mooring-banner', MooringBanner);
