/** Why `npm start` cannot go on, in words for the person who typed it; shown without a stack. */
export class StartError extends Error {
  override name = 'StartError';
}
