import { z } from 'zod';

/** A page of a list. */
export const listOf = <S extends z.ZodType>(row: S) =>
  z.object({
    data: z.array(row).describe('The rows of this page'),
    next: z.string().nullable().describe('`after` of the next page; null: this is the last one'),
  });
export type Page<Row> = z.infer<ReturnType<typeof listOf<z.ZodType<Row>>>>;
