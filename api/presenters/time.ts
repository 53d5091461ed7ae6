export const isoOrNull = (time: Date | null): string | null => time?.toISOString() ?? null;
