import { z } from 'zod';

/** A page of a list. */
export const listOf = <S extends z.ZodType>(row: S) => z.object({ data: z.array(row), next: z.string().nullable() });
export type Page<Row> = z.infer<ReturnType<typeof listOf<z.ZodType<Row>>>>;
