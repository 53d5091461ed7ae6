/** Places at which one provider signs people in; each has words in every language. */
const LOGIN_PLACES = {
  production: 'Production, or a developer’s own organization',
  sandbox: 'Sandbox',
  domain: 'An organization’s own domain',
} as const;
export type LoginPlace = keyof typeof LOGIN_PLACES;
export const LOGIN_PLACE_KINDS = Object.keys(LOGIN_PLACES) as [LoginPlace, ...LoginPlace[]];

/** A place as the API calls it, in English. */
export const loginPlaceLabel = (kind: LoginPlace): string => LOGIN_PLACES[kind];
