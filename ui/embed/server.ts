/** The origin of this Mooring: the server writes it into the script. */
export const SERVER: string = '__MOORING_SERVER__';
